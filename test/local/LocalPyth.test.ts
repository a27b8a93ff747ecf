import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { encodePullUpdate } from "../../scripts/local-chain/pyth.ts";
import type { LocalPyth } from "../../types/index.ts";
import { bring, deployContract, PULL_ID, pullUpdate } from "../helpers/feeds.ts";
import { ethers, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;

async function unsigned() {
  return { pyth: await deployContract<LocalPyth>("local/LocalPyth", [ZeroAddress, 3n]) };
}

async function signed() {
  const [, publisher, forger] = await ethers.getSigners();
  const pyth = await deployContract<LocalPyth>("local/LocalPyth", [publisher!.address, 0n]);
  return { pyth, publisher: publisher!, forger: forger! };
}

describe("LocalPyth", () => {
  it("stores the newest price and passes over older ones", async () => {
    const { pyth } = await loadFixture(unsigned);
    await expect(pyth.getPriceUnsafe(PULL_ID)).to.be.revertedWithCustomError(pyth, "PriceFeedNotFound");
    const update = await pullUpdate(3_000.5, { confidence: 1.5 });
    await bring(pyth, update);
    await bring(pyth, { ...update, price: 1n, publishTime: update.publishTime - 1n });
    const { price, conf, expo, publishTime } = await pyth.getPriceUnsafe(PULL_ID);
    expect([price, conf, expo, publishTime]).to.deep.equal([3_000_50000000n, 1_50000000n, -8n, update.publishTime]);
    expect((await pyth.getEmaPriceUnsafe(PULL_ID)).price).to.equal(price);
    expect(await pyth.priceFeedExists(PULL_ID)).to.equal(true);
  });

  it("says nothing older than it is asked for, and nothing while offline", async () => {
    const { pyth } = await loadFixture(unsigned);
    await bring(pyth, await pullUpdate(3_000));
    await time.increase(10);
    expect((await pyth.getPriceNoOlderThan(PULL_ID, 10n)).price).to.equal(3_000_00000000n);
    await expect(pyth.getPriceNoOlderThan(PULL_ID, 9n)).to.be.revertedWithCustomError(pyth, "StalePrice");
    expect((await pyth.getPrice(PULL_ID)).price).to.equal(3_000_00000000n);
    await time.increase(51);
    await expect(pyth.getPrice(PULL_ID)).to.be.revertedWithCustomError(pyth, "StalePrice");
    await pyth.setOffline(true);
    await expect(pyth.getPriceUnsafe(PULL_ID)).to.be.revertedWithCustomError(pyth, "Offline");
  });

  it("takes its fee for each blob", async () => {
    const { pyth } = await loadFixture(unsigned);
    const blob = await encodePullUpdate(await pullUpdate(3_000));
    expect(await pyth.getUpdateFee([blob, blob])).to.equal(6n);
    await expect(pyth.updatePriceFeeds([blob, blob], { value: 5n })).to.be.revertedWithCustomError(
      pyth,
      "InsufficientFee",
    );
    await pyth.updatePriceFeeds([blob, blob], { value: 6n });
  });

  it("gives the first update of a window, told by its predecessor's time, and stores none of it", async () => {
    const { pyth } = await loadFixture(unsigned);
    const parse = async (
      kind: "parsePriceFeedUpdates" | "parsePriceFeedUpdatesUnique",
      publishTime: bigint,
      prevPublishTime: bigint,
    ) => {
      const blob = await encodePullUpdate(await pullUpdate(3_000, { publishTime, prevPublishTime }));
      return pyth[kind].staticCall([blob], [PULL_ID], 1_000n, 2_000n, { value: 3n });
    };
    for (const [publishTime, previous] of [
      [1_000n, 999n],
      [2_000n, 0n],
    ] as const) {
      const [feed] = await parse("parsePriceFeedUpdatesUnique", publishTime, previous);
      expect([feed!.id, feed!.price.publishTime]).to.deep.equal([PULL_ID, publishTime]);
    }
    for (const [publishTime, previous] of [
      [999n, 998n],
      [2_001n, 999n],
      [1_500n, 1_000n],
      [1_500n, 1_499n],
    ] as const) {
      await expect(parse("parsePriceFeedUpdatesUnique", publishTime, previous)).to.be.revertedWithCustomError(
        pyth,
        "PriceFeedNotFoundWithinRange",
      );
    }
    const [feed] = await parse("parsePriceFeedUpdates", 1_500n, 1_499n);
    expect(feed!.price.publishTime).to.equal(1_500n);
    expect(await pyth.priceFeedExists(PULL_ID)).to.equal(false);
  });

  it("stores what it parses only when told to", async () => {
    const { pyth } = await loadFixture(unsigned);
    const update = await pullUpdate(3_000);
    const blob = await encodePullUpdate(update);
    for (const store of [false, true]) {
      const from = update.publishTime;
      await pyth.parsePriceFeedUpdatesWithConfig([blob], [PULL_ID], from, from, true, false, store, { value: 3n });
      expect(await pyth.priceFeedExists(PULL_ID)).to.equal(store);
    }
  });

  it("with a publisher believes only what he signed", async () => {
    const { pyth, publisher, forger } = await loadFixture(signed);
    const update = await pullUpdate(3_000);
    const good = await encodePullUpdate(update, publisher);
    const bad = [
      await encodePullUpdate(update, forger),
      await encodePullUpdate(update),
      // The signature of one price under another.
      (await encodePullUpdate({ ...update, price: 1n }, forger)).slice(0, -260) + good.slice(-260),
    ];
    for (const blob of bad) {
      await expect(pyth.updatePriceFeeds([blob])).to.be.revertedWithCustomError(pyth, "InvalidUpdateDataSource");
    }
    await pyth.updatePriceFeeds([good]);
    expect((await pyth.getPriceUnsafe(PULL_ID)).price).to.equal(3_000_00000000n);
  });

  it("has no averages over time", async () => {
    const { pyth } = await loadFixture(unsigned);
    await expect(pyth.parseTwapPriceFeedUpdates([], [])).to.be.revertedWithCustomError(pyth, "Unsupported");
    await expect(pyth.getTwapUpdateFee([])).to.be.revertedWithCustomError(pyth, "Unsupported");
  });
});
