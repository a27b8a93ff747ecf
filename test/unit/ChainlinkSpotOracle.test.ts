import { expect } from "chai";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import type { ChainlinkSpotOracle, LocalAggregator } from "../../types/index.ts";
import { at, eth, ethers, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const HEARTBEAT = 3_600;
const MAX_AGE = 3_960;
const PHASE = 1n << 64n;
const FAULT = {
  none: 0n,
  unreadable: 1n,
  decimalsChanged: 2n,
  incomplete: 3n,
  notPositive: 4n,
  future: 5n,
  stale: 6n,
} as const;

async function deployed(decimals = 8) {
  const [signer] = await ethers.getSigners();
  const deploy = async (path: string, args: readonly unknown[]) => {
    const { abi, bytecode } = ballastArtifact(path);
    const contract = await new ethers.ContractFactory(abi as never, bytecode, signer).deploy(...args);
    return contract.getAddress();
  };
  const feedAddress = await deploy("local/LocalAggregator", [decimals, 3_000n * 10n ** BigInt(decimals)]);
  const oracleAddress = await deploy("oracles/ChainlinkSpotOracle", [feedAddress, HEARTBEAT]);
  return {
    signer: signer!,
    feed: at<LocalAggregator>("local/LocalAggregator", feedAddress).connect(signer!),
    oracle: at<ChainlinkSpotOracle>("oracles/ChainlinkSpotOracle", oracleAddress),
  };
}
const eightDecimals = async () => deployed();
const eighteenDecimals = async () => deployed(18);

describe("ChainlinkSpotOracle", () => {
  it("scales feeds of 8 and of 18 decimals to the same price", async () => {
    for (const fixture of [eightDecimals, eighteenDecimals]) {
      const { oracle } = await loadFixture(fixture);
      expect((await oracle.spot()).price).to.equal(eth(3_000));
    }
  });

  it("refuses a feed of more decimals than WAD has, and a heartbeat of nothing", async () => {
    const { signer, oracle } = await loadFixture(eightDecimals);
    const { abi, bytecode } = ballastArtifact("oracles/ChainlinkSpotOracle");
    const feed = ballastArtifact("local/LocalAggregator");
    const odd = await new ethers.ContractFactory(feed.abi as never, feed.bytecode, signer).deploy(19, 1n);
    const factory = new ethers.ContractFactory(abi as never, bytecode, signer);
    await expect(factory.deploy(await odd.getAddress(), HEARTBEAT))
      .to.be.revertedWithCustomError(oracle, "TooManyDecimals")
      .withArgs(19n);
    await expect(factory.deploy(await odd.getAddress(), 0)).to.be.revertedWithCustomError(oracle, "ZeroHeartbeat");
  });

  describe("faults", () => {
    /** Each: what the feed does, the error of `spot` and the fault of `read`. */
    const cases: readonly [string, (feed: LocalAggregator) => Promise<unknown>, string, bigint][] = [
      ["reverts", (feed) => feed.setOffline(true), "FeedUnreadable", FAULT.unreadable],
      [
        "failure 15: changes from 8 to 18 decimals",
        (feed) => feed.setDecimals(18),
        "FeedDecimalsChanged",
        FAULT.decimalsChanged,
      ],
      [
        "has a round without a time",
        (feed) => feed.pushRound(3_000n * 10n ** 8n, 0n, 0n, 0n),
        "RoundIncomplete",
        FAULT.incomplete,
      ],
      ["answers zero", (feed) => feed.setAnswer(0n), "PriceNotPositive", FAULT.notPositive],
      ["answers a negative number", (feed) => feed.setAnswer(-1n), "PriceNotPositive", FAULT.notPositive],
      ["answers more than a price can be", (feed) => feed.setAnswer(1n << 200n), "PriceNotPositive", FAULT.notPositive],
      [
        "answers more than the mathematics can take once it is scaled",
        (feed) => feed.setAnswer((1n << 128n) / 10n ** 10n + 1n),
        "PriceNotPositive",
        FAULT.notPositive,
      ],
      [
        "writes from the future",
        async (feed) => {
          const later = BigInt(await time.latest()) + 1_000n;
          return feed.pushRound(3_000n * 10n ** 8n, later, later, 0n);
        },
        "PriceFromTheFuture",
        FAULT.future,
      ],
      [
        "failure 16: is silent for longer than its heartbeat and a tenth",
        () => time.increase(MAX_AGE + 1),
        "PriceStale",
        FAULT.stale,
      ],
    ];
    for (const [title, misbehave, error, fault] of cases) {
      it(`reverts when the feed ${title}`, async () => {
        const { feed, oracle } = await loadFixture(eightDecimals);
        await misbehave(feed);
        await expect(oracle.spot()).to.be.revertedWithCustomError(oracle, error);
        expect((await oracle.read()).fault).to.equal(fault);
      });
    }

    it("takes a price of exactly the greatest age", async () => {
      const { feed, oracle } = await loadFixture(eightDecimals);
      const { updatedAt } = await feed.latestRoundData();
      await time.increaseTo(updatedAt + BigInt(MAX_AGE));
      expect((await oracle.read()).fault).to.equal(FAULT.none);
      await time.increaseTo(updatedAt + BigInt(MAX_AGE) + 1n);
      expect((await oracle.read()).fault).to.equal(FAULT.stale);
    });

    it("still tells the last positive answer when it must not be trusted", async () => {
      const { oracle } = await loadFixture(eightDecimals);
      await time.increase(MAX_AGE + 1);
      const { price, fault } = await oracle.read();
      expect([price, fault]).to.deep.equal([eth(3_000), FAULT.stale]);
    });
  });

  describe("settlement price", () => {
    /** Rounds at −100 s (3,100), +50 s (3,200) and +150 s (3,300) around an expiry that lies in the past. */
    async function aroundExpiry() {
      const parts = await deployed();
      const expiry = BigInt(await time.latest()) + 1_000n;
      const push = async (offset: number, price: number) => {
        await time.setNextBlockTimestamp(expiry + BigInt(offset));
        await parts.feed.setAnswer(BigInt(price) * 10n ** 8n);
        return (await parts.feed.latestRoundData()).roundId;
      };
      const before = await push(-100, 3_100);
      const first = await push(50, 3_200);
      const second = await push(150, 3_300);
      return { ...parts, expiry, before, first, second };
    }

    it("failure 18: is that of the first round at or after expiry, however late it is asked for", async () => {
      const { oracle, expiry, first } = await loadFixture(aroundExpiry);
      expect(await oracle.settlementPrice(expiry, first)).to.equal(eth(3_200));
      await time.increase(3 * 86_400);
      expect(await oracle.settlementPrice(expiry, first)).to.equal(eth(3_200));
    });

    it("takes a round written exactly at expiry", async () => {
      const { oracle, feed, first } = await loadFixture(aroundExpiry);
      const { updatedAt } = await feed.getRoundData(first);
      expect(await oracle.settlementPrice(updatedAt, first)).to.equal(eth(3_200));
      await expect(oracle.settlementPrice(updatedAt + 1n, first)).to.be.revertedWithCustomError(
        oracle,
        "RoundBeforeExpiry",
      );
    });

    it("failure 18: refuses a later round, an earlier one and one that does not exist", async () => {
      const { oracle, expiry, before, first, second } = await loadFixture(aroundExpiry);
      await expect(oracle.settlementPrice(expiry, second))
        .to.be.revertedWithCustomError(oracle, "NotTheFirstRound")
        .withArgs(second, first, expiry + 50n);
      await expect(oracle.settlementPrice(expiry, before))
        .to.be.revertedWithCustomError(oracle, "RoundBeforeExpiry")
        .withArgs(before, expiry - 100n, expiry);
      await expect(oracle.settlementPrice(expiry, second + 1n)).to.be.revert(ethers);
    });

    it("refuses to answer before expiry", async () => {
      const { oracle, expiry, first } = await loadFixture(aroundExpiry);
      await expect(oracle.settlementPrice(expiry + 86_400n, first)).to.be.revertedWithCustomError(oracle, "NotExpired");
    });

    it("steps over incomplete rounds before it, and refuses to settle with one", async () => {
      const { oracle, feed } = await loadFixture(eightDecimals);
      const expiry = BigInt(await time.latest()) + 100n;
      await time.increaseTo(expiry);
      await feed.pushRound(0n, 0n, 0n, 0n);
      const incomplete = (await feed.latestRoundData()).roundId;
      await feed.pushRound(-5n, expiry, expiry, 0n);
      const negative = (await feed.latestRoundData()).roundId;
      await feed.setAnswer(2_500n * 10n ** 8n);
      const { roundId } = await feed.latestRoundData();
      await expect(oracle.settlementPrice(expiry, incomplete)).to.be.revertedWithCustomError(oracle, "RoundIncomplete");
      await expect(oracle.settlementPrice(expiry, negative)).to.be.revertedWithCustomError(oracle, "PriceNotPositive");
      expect(await oracle.settlementPrice(expiry, roundId)).to.equal(eth(2_500));
    });

    it("failure 18: a round that the feed does not answer for hides none of those before it", async () => {
      const { oracle, feed, expiry, first } = await loadFixture(aroundExpiry);
      // Chainlink's older aggregators revert for a round that timed out.
      await feed.pushRound(0n, 0n, 0n, 0n);
      const gap = (await feed.latestRoundData()).roundId;
      await feed.setMissing(gap, true);
      await feed.setAnswer(3_400n * 10n ** 8n);
      const { roundId } = await feed.latestRoundData();
      await expect(feed.getRoundData(gap)).to.be.revertedWith("No data present");
      await expect(oracle.settlementPrice(expiry, roundId)).to.be.revertedWithCustomError(oracle, "NotTheFirstRound");
      expect(await oracle.settlementPrice(expiry, first)).to.equal(eth(3_200));
    });

    it("steps over eight rounds without an answer and no more", async () => {
      const { oracle, feed } = await loadFixture(eightDecimals);
      const before = (await feed.latestRoundData()).roundId;
      const expiry = BigInt(await time.latest()) + 100n;
      await time.increaseTo(expiry);
      for (let gap = 0; gap < 8; gap++) await feed.pushRound(0n, 0n, 0n, 0n);
      await feed.setAnswer(2_500n * 10n ** 8n);
      expect(await oracle.settlementPrice(expiry, before + 9n)).to.equal(eth(2_500));
      const later = BigInt(await time.latest()) + 100n;
      await time.increaseTo(later);
      for (let gap = 0; gap < 9; gap++) await feed.pushRound(0n, 0n, 0n, 0n);
      await feed.setAnswer(2_600n * 10n ** 8n);
      await expect(oracle.settlementPrice(later, before + 19n)).to.be.revertedWithCustomError(oracle, "GapTooWide");
    });

    it("failure 18: no limit on the gas makes a later round the first", async () => {
      const { oracle, expiry, second } = await loadFixture(aroundExpiry);
      const data = oracle.interface.encodeFunctionData("settlementPrice", [expiry, second]);
      const to = await oracle.getAddress();
      const outcome = async (gas: number) =>
        ethers.provider.send("eth_call", [{ to, data, gas: `0x${gas.toString(16)}` }, "latest"]).then(
          () => "accepted",
          () => "refused",
        );
      for (let gas = 22_000; gas < 700_000; gas += 1_511) expect(await outcome(gas)).to.equal("refused");
    });

    it("finds nothing before the first round of a phase", async () => {
      const { oracle, feed } = await loadFixture(eightDecimals);
      const expiry = BigInt(await time.latest()) + 100n;
      await time.increaseTo(expiry);
      await feed.startPhase();
      await feed.setAnswer(2_600n * 10n ** 8n);
      const { roundId } = await feed.latestRoundData();
      expect(roundId % PHASE).to.equal(1n);
      expect(await oracle.settlementPrice(expiry, roundId)).to.equal(eth(2_600));
    });

    it("failure 15: refuses to settle on a feed that changed its decimals", async () => {
      const { oracle, feed, expiry, first } = await loadFixture(aroundExpiry);
      await feed.setDecimals(18);
      await expect(oracle.settlementPrice(expiry, first))
        .to.be.revertedWithCustomError(oracle, "FeedDecimalsChanged")
        .withArgs(8n, 18n);
    });
  });
});
