import { expect } from "chai";
import { Wallet } from "ethers";
import { connectContracts } from "../../keeper/contracts.ts";
import { bringUpdates, encodePullUpdate, PULL_EXPONENT, toPullScale } from "../../scripts/local-chain/pyth.ts";
import { createSteward, nextTimestamp } from "../../scripts/local-chain/steward.ts";
import { buildWorld } from "../../scripts/local-chain/world.ts";
import type { LocalPyth } from "../../types/index.ts";
import { at, DAY, eth, ethers, HOUR, networkHelpers, usdc } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const { provider } = ethers;

async function world() {
  const deployment = await buildWorld({ provider, rpcUrl: "http://127.0.0.1:8545", chainId: 31_337 });
  const contracts = connectContracts(deployment, provider);
  const signer = (actor: string) => new Wallet(deployment.local!.accounts[actor]!.privateKey, provider);
  return { deployment, contracts, signer, steward: createSteward({ deployment, provider }) };
}

/** The names of what the steward did. */
const tend = async ({ steward }: Awaited<ReturnType<typeof world>>) =>
  (await steward.tend()).map(({ method }) => method);

describe("the local world", () => {
  it("is ready to trade: a board with a smile, V_cap, realised volatility and funding", async () => {
    const { contracts } = await loadFixture(world);
    const { market, surface, realisedVolatility, fundingOracle, riskEngine } = contracts;
    const [expiry] = await market.liveExpiries();
    const date = new Date(Number(expiry) * 1000);
    expect([date.getUTCDay(), date.getUTCHours()]).to.deep.equal([5, 8]);
    expect(await surface.closure()).to.equal(0n);
    const [volatility, asOf] = await realisedVolatility.realisedVolatility();
    expect(volatility).to.be.within(eth("0.55"), eth("0.65"));
    expect(BigInt(await time.latest()) - asOf).to.be.lessThan(BigInt(2 * HOUR));
    expect((await fundingOracle.averages()).sampledAt).to.be.greaterThan(0n);
    const { bid } = await riskEngine.valuation();
    expect(await market.vegaCapacity()).to.be.within((bid * 98n) / 1_000n, bid / 10n);
    const strikes = await market.strikesOf(expiry!);
    for (const slot of strikes) {
      for (const isCall of [0n, 1n]) {
        const id = (expiry! << 65n) | (isCall << 64n) | (slot & ((1n << 64n) - 1n));
        const { price, limits } = await market.quote(id, eth(10));
        expect([price.buying, price.selling, limits.closure]).to.deep.equal([0n, 0n, 0n]);
      }
    }
    expect(strikes).to.have.length(5);
  });

  it("has a pull feed that takes what its publisher signs, and nothing else", async () => {
    const { deployment, contracts, signer } = await loadFixture(world);
    const { pyth, id } = deployment.pull!;
    const feed = at<LocalPyth>("local/LocalPyth", pyth).connect(signer("dave"));
    const publishTime = await nextTimestamp(provider);
    const update = {
      id,
      price: toPullScale(eth(3_001)),
      conf: toPullScale(eth("0.5")),
      expo: PULL_EXPONENT,
      publishTime,
      prevPublishTime: publishTime - 1n,
    };
    const forged = await encodePullUpdate(update, signer("dave"));
    await bringUpdates(feed, [forged]).then(
      () => expect.fail("a forged price was taken"),
      (error: Error) => expect(error.message).to.contain("InvalidUpdateDataSource"),
    );
    await bringUpdates(feed, [await encodePullUpdate(update, signer("feed"))]);
    const spot = await contracts.oracle.spot(eth("0.65"));
    expect([spot.price, spot.source]).to.deep.equal([eth(3_001), 1n]);
  });
});

describe("the steward", () => {
  it("has nothing to do in a world that was just built", async () => {
    expect(await tend(await loadFixture(world))).to.deep.equal([]);
  });

  it("writes the feed's heartbeat after half of it, with Curie's copy, and samples funding", async () => {
    const system = await loadFixture(world);
    await time.increase(HOUR / 2 + 1);
    expect(await tend(system)).to.include.members(["setAnswer", "update", "sample"]);
    const { answer, updatedAt } = await system.contracts.feed.latestRoundData();
    expect(answer).to.equal(3_000n * 10n ** 8n);
    expect(updatedAt).to.be.closeTo(BigInt(await time.latest()), 3n);
    expect(await tend(system)).to.deep.equal([]);
  });

  it("posts the surface again before it is stale, the same slice", async () => {
    const system = await loadFixture(world);
    const { surface, market } = system.contracts;
    const [expiry] = await market.liveExpiries();
    const before = await surface.atTheMoneyVolatility(expiry!);
    await time.increase(2 * HOUR + 60);
    expect(await tend(system)).to.include.members(["bring", "post"]);
    expect(await surface.atTheMoneyVolatility(expiry!)).to.equal(before);
    expect((await surface.statusOf(expiry!)).postedAt).to.be.closeTo(BigInt(await time.latest()), 5n);
  });

  it("brings a market back to life that nobody touched for days", async () => {
    const system = await loadFixture(world);
    const { contracts } = system;
    await time.increase(3 * DAY);
    expect((await contracts.lens.snapshot()).spotFault).to.equal(6n);
    await tend(system);
    const s = await contracts.lens.snapshot();
    expect([s.spotFault, s.surfaceClosure, s.valuation.closure]).to.deep.equal([0n, 0n, 0n]);
    expect(s.timestamp - s.realisedAsOf).to.be.lessThan(BigInt(HOUR + 60));
    expect(await tend(system)).to.deep.equal([]);
  });

  it("posts a slice for each expiry that was listed since, clear of the others", async () => {
    const system = await loadFixture(world);
    const { contracts, signer, deployment } = system;
    const [expiry] = await contracts.market.liveExpiries();
    const market = contracts.market.connect(signer("curator"));
    for (const weeks of [2n, 1n]) await (await market.listExpiry(expiry! + weeks * BigInt(7 * DAY))).wait();
    expect(await tend(system)).to.deep.equal(["post"]);
    for (const live of await contracts.surface.expiries()) {
      expect((await contracts.surface.statusOf(live)).state).to.equal(2n);
    }
    expect(deployment.contracts.market).to.equal(await contracts.surface.market());
  });

  it("lets V_cap follow NAV once a day, no further than twice what it was", async () => {
    const system = await loadFixture(world);
    const { contracts, signer, deployment } = system;
    const { market, riskEngine } = contracts;
    const first = await market.vegaCapacity();
    const alice = signer("alice");
    const token = contracts.quoteToken.connect(alice);
    await (await token.mint(alice.address, usdc(4_000_000))).wait();
    await (await token.approve(deployment.contracts.vault, usdc(4_000_000))).wait();
    await (await contracts.vault.connect(alice).deposit(usdc(4_000_000), alice.address)).wait();
    expect(await tend(system)).to.deep.equal([]);
    for (const factor of [2n, 4n]) {
      await time.increase(DAY);
      expect(await tend(system)).to.include("setVegaCapacity");
      expect(await market.vegaCapacity()).to.equal(factor * first);
    }
    await time.increase(DAY);
    await tend(system);
    const { bid } = await riskEngine.valuation();
    expect(await market.vegaCapacity()).to.be.within((bid * 98n) / 1_000n, bid / 10n);
  });
});
