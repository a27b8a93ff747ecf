import { expect } from "chai";
import { HISTORY_HOURS, pastPrices, seedHistory } from "../../scripts/local-chain/history.ts";
import type { LocalAggregator } from "../../types/index.ts";
import { pushFeed } from "../helpers/feeds.ts";
import { expectNear } from "../helpers/numbers.ts";
import { eth, ethers, HOUR, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const NOW = 1_767_312_000n;

async function seeded() {
  const [signer] = await ethers.getSigners();
  const feed = await pushFeed(3_000);
  await seedHistory({ signer: signer!, aggregator: feed.address, priceWad: eth(3_000) });
  return { feed: feed as LocalAggregator & { address: string } };
}

describe("the past of a local feed", () => {
  it("is an hourly walk to an hour ago, the same on every machine", () => {
    const past = pastPrices({ priceWad: eth(3_000), timestamp: NOW });
    expect(past).to.have.length(HISTORY_HOURS);
    expect(past.at(-1)!.updatedAt).to.equal(NOW - BigInt(HOUR));
    for (const [place, { updatedAt }] of past.entries()) {
      expect(updatedAt).to.equal(NOW - BigInt((HISTORY_HOURS - place) * HOUR));
    }
    expect(past).to.deep.equal(pastPrices({ priceWad: eth(3_000), timestamp: NOW }));
    expect(past[0]).to.not.deep.equal(pastPrices({ priceWad: eth(3_001), timestamp: NOW })[0]);
  });

  it("has exactly the volatility asked for, and a hair less in what is posted", () => {
    for (const volatility of [0.3, 0.6, 1.2]) {
      const prices = [...pastPrices({ priceWad: eth(3_000), timestamp: NOW, volatility }), { priceWad: eth(3_000) }];
      const squares = prices.slice(1).map(({ priceWad }, place) => {
        return Math.log(Number(priceWad) / Number(prices[place]!.priceWad)) ** 2;
      });
      const sum = squares.reduce((all, square) => all + square, 0);
      expectNear(Math.sqrt((sum / HISTORY_HOURS) * 8_760), volatility, 1e-6);
    }
  });

  it("stands behind the feed as one phase in which time never goes back, with a round of now", async () => {
    const { feed } = await loadFixture(seeded);
    const { roundId, answer, updatedAt } = await feed.latestRoundData();
    expect([roundId >> 64n, answer]).to.deep.equal([2n, 3_000n * 10n ** 8n]);
    expect(updatedAt).to.equal(BigInt(await time.latest()));
    let last = 0n;
    for (let id = (2n << 64n) + 1n; id <= roundId; id += 16n) {
      const round = await feed.getRoundData(id);
      expect(round.updatedAt).to.be.greaterThan(last);
      expect(round.answer).to.be.greaterThan(0n);
      last = round.updatedAt;
    }
    expect(roundId & ((1n << 64n) - 1n)).to.equal(BigInt(HISTORY_HOURS + 1));
  });
});
