import { expect } from "chai";
import { parseEther, ZeroAddress } from "ethers";
import hre from "hardhat";
import { FAULTS } from "../../keeper/enums.ts";
import { WAD } from "../../scripts/local-chain/prices.ts";
import type { LocalAggregator, LocalPyth, SpotOracle, WordyFeed } from "../../types/index.ts";
import {
  answer,
  bring,
  deployContract,
  PULL_ID,
  pullFeed,
  pullUpdate,
  pushFeed,
  type SpotConfig,
  spotConfig,
} from "../helpers/feeds.ts";
import { eth, ethers, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const HOUR = 3_600;
const MAX_AGE = 3_960;
const SIGMA = parseEther("0.7");
const YEAR = 365 * 86_400;

const PUSH = 0n;
const PULL = 1n;

interface World {
  readonly push: LocalAggregator & { address: string };
  readonly pyth: LocalPyth & { address: string };
  readonly sequencer: LocalAggregator & { address: string };
  readonly quote: LocalAggregator & { address: string };
  readonly config: SpotConfig;
  readonly oracle: SpotOracle & { address: string };
}

const build = (config: SpotConfig) => deployContract<SpotOracle>("oracles/SpotOracle", [config]);

/** Every source and guard that there is; the sequencer has been up for two hours. */
async function everything(decimals = 8): Promise<World> {
  const push = await pushFeed(3_000, decimals);
  const pyth = await pullFeed();
  const sequencer = await deployContract<LocalAggregator>("local/LocalAggregator", [0, 0n]);
  const quote = await pushFeed(1);
  const config = {
    ...spotConfig(push.address),
    pull: pyth.address,
    pullId: PULL_ID,
    sequencer: sequencer.address,
    quoteFeed: quote.address,
  };
  const oracle = await build(config);
  await time.increase(2 * HOUR);
  await push.setAnswer(answer(3_000, decimals));
  return { push, pyth, sequencer, quote, config, oracle };
}
const world = async () => everything();
const worldOf18Decimals = async () => everything(18);

async function pushOnly() {
  const push = await pushFeed(3_000);
  return { push, oracle: await build(spotConfig(push.address)) };
}

const faultOf = async (oracle: SpotOracle) => FAULTS[Number((await oracle.read(SIGMA)).fault)];

/** ε as RULES.md P1 writes it, computed in floating point, WAD. */
function doubt({
  age,
  latency,
  cap = Number.POSITIVE_INFINITY,
  confidence = 0,
}: {
  age: number;
  latency: number;
  cap?: number;
  confidence?: number;
}): bigint {
  const move = (seconds: number) => 4 * 0.7 * Math.sqrt(seconds / YEAR);
  return BigInt(Math.round((confidence + Math.min(cap, move(age)) + move(latency)) * 1e18));
}

describe("SpotOracle", () => {
  describe("P1: every price has its doubt", () => {
    it("adds what the push feed may hide to what is on its way", async () => {
      const { push, oracle } = await loadFixture(pushOnly);
      await push.setAnswer(answer(3_000));
      const { updatedAt } = await push.latestRoundData();
      for (const age of [0, 1, 5, 60, 101, 600, 3_000]) {
        if (age > 0) await time.increaseTo(updatedAt + BigInt(age));
        const s = await oracle.spot(SIGMA);
        expect(s.doubt).to.be.closeTo(doubt({ age, latency: 30, cap: 0.005 }), 20n);
        expect([s.price, s.updatedAt, s.source, s.fault]).to.deep.equal([eth(3_000), updatedAt, PUSH, 0n]);
      }
    });

    it("gives the typical figures of the rules: .77, .42 and .32 % for push, .07 and .18 % for pull", async () => {
      const { push, pyth, config } = await loadFixture(world);
      await time.increase(HOUR / 2);
      const percent = (value: bigint) => Math.round(Number(value) / 1e14) / 100;
      for (const [deviation, typical] of [
        ["0.005", 0.77],
        ["0.0015", 0.42],
        ["0.0005", 0.32],
      ] as const) {
        const oracle = await build({ ...config, pull: ZeroAddress, deviation: parseEther(deviation) });
        expect(percent((await oracle.spot(SIGMA)).doubt)).to.equal(typical);
      }
      const oracle = await build(config);
      await push.setAnswer(answer(3_000));
      await bring(pyth, await pullUpdate(3_000));
      const fresh = await oracle.spot(SIGMA);
      expect([percent(fresh.doubt), fresh.source]).to.deep.equal([0.07, PULL]);
      await time.increase(5);
      expect(percent((await oracle.spot(SIGMA)).doubt)).to.equal(0.18);
    });

    it("adds the pull price's confidence, and lets its age count without a cap", async () => {
      const { pyth, oracle } = await loadFixture(world);
      await time.increase(30);
      await bring(pyth, await pullUpdate(3_000, { age: 3, confidence: 6 }));
      const s = await oracle.spot(SIGMA);
      expect(s.source).to.equal(PULL);
      expect(s.doubt).to.be.closeTo(doubt({ age: 3, latency: 2, confidence: 0.002 }), 20n);
    });

    it("grows with volatility, and takes volatilities outside 20 % to 1,000 % as those", async () => {
      const { oracle } = await loadFixture(pushOnly);
      const at = async (sigma: bigint) => (await oracle.read(sigma)).doubt;
      expect(await at(2n * SIGMA)).to.be.greaterThan(await at(SIGMA));
      expect(await at(0n)).to.equal(await at(parseEther("0.2")));
      expect(await at(2n ** 256n - 1n)).to.equal(await at(parseEther("10")));
      expect(await at(0n)).to.be.greaterThan(0n);
    });

    it("rounds the doubt up", async () => {
      const { push, oracle } = await loadFixture(pushOnly);
      const { updatedAt } = await push.latestRoundData();
      await time.increaseTo(updatedAt + 77n);
      const s = await oracle.spot(SIGMA);
      const squareOfMove = (seconds: bigint) => (16n * SIGMA * SIGMA * seconds * WAD * WAD) / BigInt(YEAR);
      // (a + b)² with a² and b² exact: doubt² must not be below.
      const [a2, b2] = [squareOfMove(77n), squareOfMove(30n)];
      const rest = (s.doubt * WAD) ** 2n - a2 - b2;
      expect(rest * rest).to.be.greaterThanOrEqual(4n * a2 * b2);
    });
  });

  describe("P2: which price counts", () => {
    it("takes a pull price that is newer than the push round, from 0 to 10 s old", async () => {
      for (const age of [0, 1, 9, 10]) {
        const { pyth, oracle } = await loadFixture(world);
        await time.increase(30);
        const update = await pullUpdate(3_010, { age });
        await bring(pyth, update);
        const s = await oracle.spot(SIGMA);
        expect([s.price, s.updatedAt, s.source]).to.deep.equal([eth(3_010), update.publishTime, PULL]);
      }
    });

    it("goes back to the push price after 10 s, when a push round is as new, and on a price from the future", async () => {
      const { push, pyth, oracle } = await loadFixture(world);
      await time.increase(30);
      await bring(pyth, await pullUpdate(3_010, { age: 10 }));
      expect((await oracle.spot(SIGMA)).source).to.equal(PULL);
      await time.increase(1);
      expect((await oracle.spot(SIGMA)).source).to.equal(PUSH);

      const update = await pullUpdate(3_010);
      await bring(pyth, update);
      expect((await oracle.spot(SIGMA)).source).to.equal(PULL);
      await push.pushRound(answer(3_005), update.publishTime, update.publishTime, 0n);
      expect((await oracle.spot(SIGMA)).price).to.equal(eth(3_005));

      await bring(pyth, await pullUpdate(3_010, { age: -2 }));
      expect((await oracle.spot(SIGMA)).source).to.equal(PUSH);
      await time.increase(2);
      expect((await oracle.spot(SIGMA)).source).to.equal(PULL);
    });

    it("takes a pull price at the limit between the sources, and trusts nothing beyond it", async () => {
      for (const [price, fault] of [
        [3_045, "None"],
        [2_955, "None"],
        [3_045.00000001, "SourcesApart"],
        [2_954.99999999, "SourcesApart"],
      ] as const) {
        const { pyth, oracle } = await loadFixture(world);
        await bring(pyth, await pullUpdate(price));
        expect(await faultOf(oracle)).to.equal(fault);
      }
    });

    it("takes any exponent from 0 to −18 for what it says", async () => {
      for (const [price, expo] of [
        [3_010n, 0],
        [30_100n, -1],
        [3_010n * 10n ** 12n, -12],
      ] as const) {
        const { pyth, oracle } = await loadFixture(world);
        await bring(pyth, await pullUpdate(0, { price, expo }));
        expect((await oracle.spot(SIGMA)).price).to.equal(eth(3_010));
      }
    });

    it("passes over a pull price that is no price: negative, zero, of an odd exponent, or vaguer than the limit", async () => {
      const odd = [{ price: -1n }, { price: 0n }, { expo: 1 }, { expo: -19 }, { confidence: 45.001 }] as const;
      for (const [index, what] of odd.entries()) {
        const { pyth, oracle } = await loadFixture(world);
        await bring(pyth, await pullUpdate(3_000, what));
        expect((await oracle.spot(SIGMA)).source, `case ${index}`).to.equal(PUSH);
      }
      const { pyth, oracle } = await loadFixture(world);
      await bring(pyth, await pullUpdate(3_000, { confidence: 45 }));
      expect((await oracle.spot(SIGMA)).source).to.equal(PULL);
    });

    it("reads feeds of 8 and of 18 decimals as the same price", async () => {
      for (const fixture of [world, worldOf18Decimals]) {
        const { oracle, pyth } = await loadFixture(fixture);
        expect((await oracle.spot(SIGMA)).price).to.equal(eth(3_000));
        await bring(pyth, await pullUpdate(3_001));
        expect((await oracle.spot(SIGMA)).price).to.equal(eth(3_001));
      }
    });
  });

  describe("P3: the fourteen faults of a feed", () => {
    const push8 = (price: number) => (w: World) => w.push.setAnswer(answer(price));
    /** Each: what happens, the fault that `read` tells, the error of `spot` and its arguments (undefined = any). */
    const faults: readonly [string, (w: World) => Promise<unknown>, (typeof FAULTS)[number], string, unknown[]?][] = [
      ["failure 16: 1 stale", () => time.increase(MAX_AGE + 1), "Stale", "PriceStale"],
      [
        "2 from the future",
        async ({ push }) => {
          const later = BigInt(await time.latest()) + 1_000n;
          return push.pushRound(answer(3_000), later, later, 0n);
        },
        "Future",
        "PriceFromTheFuture",
      ],
      ["3 zero", ({ push }) => push.setAnswer(0n), "NotPositive", "PriceNotPositive"],
      ["4 negative", ({ push }) => push.setAnswer(-1n), "NotPositive", "PriceNotPositive"],
      [
        "5 a round without a time",
        ({ push }) => push.pushRound(answer(3_000), 0n, 0n, 0n),
        "Incomplete",
        "RoundIncomplete",
      ],
      ["6 below the band", push8(299.99999999), "OutsideBand", "PriceOutsideBand"],
      ["7 above the band", push8(30_000.00000001), "OutsideBand", "PriceOutsideBand"],
      [
        "8 failure 15: decimals changed from 8 to 18",
        async ({ push }) => {
          await push.setDecimals(18);
          await push.setAnswer(answer(3_000, 18));
        },
        "DecimalsChanged",
        "FeedDecimalsChanged",
      ],
      [
        "9 a jump that the other source denies",
        async ({ push, pyth }) => {
          await push.setAnswer(answer(2_100));
          await bring(pyth, await pullUpdate(3_000));
        },
        "SourcesApart",
        "SourcesApart",
        [eth(2_100), eth(3_000), parseEther("0.015")],
      ],
      [
        "11 a deviation of the other source",
        async ({ pyth }) => bring(pyth, await pullUpdate(3_060)),
        "SourcesApart",
        "SourcesApart",
        [eth(3_000), eth(3_060), parseEther("0.015")],
      ],
      [
        "12 failure 16: the sequencer down",
        ({ sequencer }) => sequencer.setAnswer(1n),
        "SequencerDown",
        "SequencerDown",
      ],
      [
        "13 failure 16: the sequencer's grace",
        async ({ sequencer }) => {
          await sequencer.setAnswer(1n);
          await sequencer.setAnswer(0n);
        },
        "SequencerGrace",
        "SequencerInGrace",
      ],
      ["14 the call reverts", ({ push }) => push.setOffline(true), "Unreadable", "FeedUnreadable"],
    ];
    for (const [title, happen, fault, error, args] of faults) {
      it(`reverts on ${title}`, async () => {
        const w = await loadFixture(world);
        await happen(w);
        const reverted = expect(w.oracle.spot(SIGMA)).to.be.revertedWithCustomError(w.oracle, error);
        await (args === undefined ? reverted : reverted.withArgs(...args));
        expect(await faultOf(w.oracle)).to.equal(fault);
      });
    }

    it("trusts the push price alone on 10 the second source missing: not there, never brought, or reverting", async () => {
      const { pyth, oracle, config } = await loadFixture(world);
      expect(await faultOf(await build({ ...config, pull: ZeroAddress }))).to.equal("None");
      expect((await oracle.spot(SIGMA)).source).to.equal(PUSH);
      await bring(pyth, await pullUpdate(3_001));
      expect((await oracle.spot(SIGMA)).source).to.equal(PULL);
      await pyth.setOffline(true);
      const s = await oracle.spot(SIGMA);
      expect([s.price, s.source]).to.deep.equal([eth(3_000), PUSH]);
    });

    it("takes a jump that no other source denies at once: smoothing would be a lag to trade on", async () => {
      const { push, oracle } = await loadFixture(world);
      await push.setAnswer(answer(2_100));
      expect((await oracle.spot(SIGMA)).price).to.equal(eth(2_100));
    });

    it("tells the values that explain a fault", async () => {
      const { push, sequencer, oracle } = await loadFixture(world);
      const { updatedAt } = await push.latestRoundData();
      await time.increase(MAX_AGE + 5);
      await expect(oracle.spot(SIGMA))
        .to.be.revertedWithCustomError(oracle, "PriceStale")
        .withArgs(push.address, updatedAt, BigInt(await time.latest()) - BigInt(MAX_AGE));
      await push.setAnswer(-7n);
      await expect(oracle.spot(SIGMA))
        .to.be.revertedWithCustomError(oracle, "PriceNotPositive")
        .withArgs(push.address, -7n);
      await push.setAnswer(answer(200));
      await expect(oracle.spot(SIGMA))
        .to.be.revertedWithCustomError(oracle, "PriceOutsideBand")
        .withArgs(eth(200), eth(300), eth(30_000));
      await push.setDecimals(18);
      await expect(oracle.spot(SIGMA))
        .to.be.revertedWithCustomError(oracle, "FeedDecimalsChanged")
        .withArgs(push.address, 8n, 18n);
      await sequencer.setAnswer(0n);
      const { startedAt } = await sequencer.latestRoundData();
      await expect(oracle.spot(SIGMA))
        .to.be.revertedWithCustomError(oracle, "SequencerInGrace")
        .withArgs(startedAt, startedAt + 3_601n);
      await sequencer.setAnswer(1n);
      const down = (await sequencer.latestRoundData()).startedAt;
      await expect(oracle.spot(SIGMA)).to.be.revertedWithCustomError(oracle, "SequencerDown").withArgs(down);
    });

    it("takes a price of exactly the greatest age, and one at each end of the band", async () => {
      const { push, oracle } = await loadFixture(pushOnly);
      const { updatedAt } = await push.latestRoundData();
      await time.increaseTo(updatedAt + BigInt(MAX_AGE));
      expect(await faultOf(oracle)).to.equal("None");
      await time.increase(1);
      expect(await faultOf(oracle)).to.equal("Stale");
      for (const price of [300, 30_000]) {
        await push.setAnswer(answer(price));
        expect(await faultOf(oracle)).to.equal("None");
      }
    });

    it("trusts a sequencer again one second after its grace, and never one that was not initialised", async () => {
      const { sequencer, push, oracle, config } = await loadFixture(world);
      await sequencer.setAnswer(0n);
      const { startedAt } = await sequencer.latestRoundData();
      await time.increaseTo(startedAt + 3_500n);
      await push.setAnswer(answer(3_000));
      await time.increaseTo(startedAt + 3_600n);
      expect(await faultOf(oracle)).to.equal("SequencerGrace");
      await time.increase(1);
      expect(await faultOf(oracle)).to.equal("None");

      await sequencer.pushRound(0n, 0n, 0n, 0n);
      expect(await faultOf(oracle)).to.equal("SequencerDown");
      await sequencer.pushRound(0n, 2n ** 256n - 1n, 1n, 0n);
      expect(await faultOf(oracle)).to.equal("SequencerGrace");
      await sequencer.setOffline(true);
      await expect(oracle.spot(SIGMA))
        .to.be.revertedWithCustomError(oracle, "FeedUnreadable")
        .withArgs(sequencer.address);
      expect(await faultOf(await build({ ...config, sequencer: ZeroAddress }))).to.equal("None");
    });

    it("closes when the quote token leaves its peg or its own feed fails, and only where that feed is set", async () => {
      const { quote, oracle, config } = await loadFixture(world);
      const without = await build({ ...config, quoteFeed: ZeroAddress });
      for (const [price, fault] of [
        [0.98, "None"],
        [1.02, "None"],
        [0.97999999, "QuoteOffPeg"],
        [1.02000001, "QuoteOffPeg"],
        [0, "NotPositive"],
      ] as const) {
        await quote.setAnswer(answer(price));
        expect(await faultOf(oracle)).to.equal(fault);
        expect(await faultOf(without)).to.equal("None");
      }
      await quote.setAnswer(answer(0.9));
      await expect(oracle.spot(SIGMA))
        .to.be.revertedWithCustomError(oracle, "QuoteTokenOffPeg")
        .withArgs(parseEther("0.9"), parseEther("0.02"));
      await quote.setDecimals(6);
      await expect(oracle.spot(SIGMA))
        .to.be.revertedWithCustomError(oracle, "FeedDecimalsChanged")
        .withArgs(quote.address, 8n, 6n);
    });

    it("reads without reverting whatever a feed says, and names each fault", async () => {
      const wordy = await deployContract<WordyFeed>("mocks/WordyFeed");
      const say = (...words: bigint[]) =>
        wordy.say(`0x${words.map((word) => BigInt.asUintN(256, word).toString(16).padStart(64, "0")).join("")}`);
      await say(8n);
      const config = { ...spotConfig(wordy.address), pull: wordy.address, pullId: PULL_ID };
      const oracle = await build(config);
      // Eight decimals, in five words, is also round 8 with the answers that follow.
      const now = BigInt(await time.latest());
      const max = 2n ** 256n - 1n;
      for (const [words, fault] of [
        [[], "Unreadable"],
        [[8n], "Unreadable"],
        [[8n, 1n, 2n, 3n], "Unreadable"],
        [[max, max, max, max, max], "DecimalsChanged"],
        [[8n, max, max, max, max], "NotPositive"],
        [[8n, answer(3_000), 0n, max, 0n], "Future"],
        [[8n, 2n ** 255n - 1n, 0n, now, 0n], "OutsideBand"],
        [[8n, answer(3_000), 0n, 0n, 0n], "Incomplete"],
        [[8n, answer(3_000), 0n, 1n, 0n], "Stale"],
        // The same words as a pull price: an exponent of 0, published in the year 0.
        [[8n, answer(3_000), 0n, now, 0n], "None"],
        [[8n, answer(3_000), max, now + 1_000n, max], "Future"],
      ] as const) {
        await say(...words);
        expect(await faultOf(oracle), `${words}`).to.equal(fault);
      }
      // A wallet has no code: a call succeeds and says nothing.
      const [wallet] = await ethers.getSigners();
      const onWallet = await build({ ...config, push: (await pushFeed(3_000)).address, pull: wallet!.address });
      expect(await faultOf(onWallet)).to.equal("None");
    });

    it("shows the last push price beside a fault, and none where its scale is in doubt", async () => {
      const { push, oracle } = await loadFixture(world);
      await time.increase(MAX_AGE + 1);
      expect((await oracle.read(SIGMA)).price).to.equal(eth(3_000));
      await push.setDecimals(18);
      expect((await oracle.read(SIGMA)).price).to.equal(0n);
    });
  });

  it("costs what a quote can afford: printed, and bounded", async () => {
    const gasOf = async (oracle: SpotOracle & { address: string }) => {
      const [signer] = await ethers.getSigners();
      const data = oracle.interface.encodeFunctionData("spot", [SIGMA]);
      const sent = await signer!.sendTransaction({ to: oracle.address, data });
      const calldata = [...Buffer.from(data.slice(2), "hex")].reduce((sum, byte) => sum + (byte === 0 ? 4n : 16n), 0n);
      return (await sent.wait())!.gasUsed - 21_000n - calldata;
    };
    const alone = await loadFixture(pushOnly);
    const pushGas = await gasOf(alone.oracle);
    const { pyth, config, oracle } = await loadFixture(world);
    const two = await build({ ...config, sequencer: ZeroAddress, quoteFeed: ZeroAddress });
    await bring(pyth, await pullUpdate(3_001));
    const gas = { push: pushGas, "push and pull": await gasOf(two), "every guard": await gasOf(oracle) };
    console.log(
      `      gas of spot() beyond a transaction's own: ${Object.entries(gas)
        .map(([what, amount]) => `${what} ${amount}`)
        .join(", ")}`,
    );
    // Instrumented code costs more.
    if (hre.globalOptions.coverage) return;
    expect(gas.push).to.be.lessThan(25_000n);
    expect(gas["push and pull"]).to.be.lessThan(45_000n);
    expect(gas["every guard"]).to.be.lessThan(80_000n);
  });

  describe("deployment", () => {
    it("refuses each parameter one past its hard bound, and takes it at the bound", async () => {
      const { config, oracle } = await loadFixture(world);
      const bounds: readonly [keyof SpotConfig, bigint, bigint][] = [
        ["heartbeat", 60n, 86_400n],
        ["deviation", parseEther("0.0001"), parseEther("0.015")],
        ["minPrice", 30n * WAD, 30_000n * WAD - 1n],
        ["maxPrice", 300n * WAD + 1n, 300_000n * WAD],
        ["maxApart", parseEther("0.005"), parseEther("0.05")],
        ["grace", 1_800n, 86_400n],
        ["quoteHeartbeat", 60n, 86_400n],
        ["pegTolerance", parseEther("0.001"), parseEther("0.05")],
      ];
      for (const [name, min, max] of bounds) {
        for (const value of [min, max]) await build({ ...config, [name]: value });
        for (const value of [min - 1n, max + 1n, 0n, 2n ** 128n]) {
          await expect(build({ ...config, [name]: value }), `${name} ${value}`).to.be.revertedWithCustomError(
            oracle,
            "ParameterOutOfBounds",
          );
        }
      }
      const wide = { ...config, pull: ZeroAddress, deviation: parseEther("0.02") };
      await build(wide);
      await expect(build({ ...wide, deviation: wide.deviation + 1n })).to.be.revertedWithCustomError(
        oracle,
        "ParameterOutOfBounds",
      );
    });

    it("does not ask for the limits of feeds that are not set", async () => {
      const { config } = await loadFixture(world);
      const bare = await build({
        ...config,
        ...{ pull: ZeroAddress, maxApart: 0n, sequencer: ZeroAddress, grace: 0 },
        ...{ quoteFeed: ZeroAddress, quoteHeartbeat: 0, pegTolerance: 0n },
      } as SpotConfig);
      expect(await faultOf(bare)).to.equal("None");
    });

    it("refuses feeds of more than 18 decimals and addresses that are no feed", async () => {
      const { config, oracle, pyth } = await loadFixture(world);
      const odd = await pushFeed(0, 18).then(async (feed) => {
        await feed.setDecimals(19);
        return feed.address;
      });
      for (const name of ["push", "quoteFeed"] as const) {
        await expect(build({ ...config, [name]: odd }))
          .to.be.revertedWithCustomError(oracle, "TooManyDecimals")
          .withArgs(odd, 19n);
        await expect(build({ ...config, [name]: pyth.address }))
          .to.be.revertedWithCustomError(oracle, "FeedUnreadable")
          .withArgs(pyth.address);
      }
      await expect(build({ ...config, push: ZeroAddress }))
        .to.be.revertedWithCustomError(oracle, "FeedUnreadable")
        .withArgs(ZeroAddress);
    });
  });
});
