/** Each rule of P1–P3 without its guard: what then goes wrong, and what an attacker earns. */
import { expect } from "chai";
import { formatEther, parseEther } from "ethers";
import type { LocalAggregator, LocalPyth, SpotOracle } from "../../types/index.ts";
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
import { ethers, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const SIGMA = parseEther("0.7");
const NONE = 0n;

/** In the order of SpotOracleMutant.Guard. */
const GUARDS = [
  "Doubt",
  "NewerThanPush",
  "PullAge",
  "Decimals",
  "Incomplete",
  "NotPositive",
  "Future",
  "Stale",
  "Band",
  "Apart",
  "Sequencer",
  "Peg",
] as const;
type Guard = (typeof GUARDS)[number];

interface World {
  readonly push: LocalAggregator;
  readonly pyth: LocalPyth;
  readonly sequencer: LocalAggregator;
  readonly quote: LocalAggregator;
  readonly config: SpotConfig;
}

async function world(): Promise<World> {
  const push = await pushFeed(3_000);
  const pyth = await pullFeed();
  const sequencer = await deployContract<LocalAggregator & { address: string }>("local/LocalAggregator", [0, 0n]);
  const quote = await pushFeed(1);
  const config = {
    ...spotConfig(push.address),
    pull: pyth.address,
    pullId: PULL_ID,
    sequencer: sequencer.address,
    quoteFeed: quote.address,
  };
  await time.increase(7_200);
  await push.setAnswer(answer(3_000));
  await time.increase(1_200);
  return { push, pyth, sequencer, quote, config };
}

const oracleOf = ({ config }: World) => deployContract<SpotOracle>("oracles/SpotOracle", [config]);
const without = (guard: Guard, { config }: World) =>
  deployContract<SpotOracle>("mocks/mutants/SpotOracleMutant", [config, GUARDS.indexOf(guard)]);

const read = async (oracle: SpotOracle) => {
  const { price, doubt, source, fault } = await oracle.read(SIGMA);
  return { price: Number(formatEther(price)), doubt: Number(formatEther(doubt)), source, fault };
};
type Reading = Awaited<ReturnType<typeof read>>;

/** Abramowitz and Stegun 7.1.26: good to 1e-7, which is enough for a profit in dollars. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    ((((1.330274429 * t - 1.821255978) * t + 1.781477937) * t - 0.356563782) * t + 0.31938153) *
    t *
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI));
  return x > 0 ? 1 - tail : tail;
}

/** A week's call at 70 %: value and delta. */
function call(spot: number, strike: number) {
  const deviation = 0.7 * Math.sqrt(7 / 365);
  const d1 = Math.log(spot / strike) / deviation + deviation / 2;
  return { value: spot * normalCdf(d1) - strike * normalCdf(d1 - deviation), delta: normalCdf(d1) };
}

/** What a market takes and pays that adds |Δ|·S·ε to the model's value and nothing else. */
const ask = ({ price, doubt }: Reading, strike: number) => {
  const { value, delta } = call(price, strike);
  return value + delta * price * doubt;
};
const bid = ({ price, doubt }: Reading, strike: number) => {
  const { value, delta } = call(price, strike);
  return value - delta * price * doubt;
};

const STRIKES = [2_400, 2_700, 2_850, 3_000, 3_150, 3_300];
const dollars = (amount: number) => `$${amount.toFixed(2)}`;

/** Buys before and sells after `happen`: the profit of one contract for each strike. */
async function roundTrip(oracle: SpotOracle, happen: () => Promise<unknown>): Promise<number[]> {
  const before = await read(oracle);
  await happen();
  const after = await read(oracle);
  return STRIKES.map((strike) => bid(after, strike) - ask(before, strike));
}

describe("SpotOracle without one guard", () => {
  it("P1: buying before and selling after one update of .5 % earns nothing; without the doubt it earns on every call", async () => {
    const w = await loadFixture(world);
    const [real, mutant] = [await oracleOf(w), await without("Doubt", w)];
    let price = 3_000;
    const update = () => {
      price *= 1.005;
      return w.push.setAnswer(answer(Math.round(price * 100) / 100));
    };
    const attacked = await roundTrip(mutant, update);
    await time.increase(1_200);
    const safe = await roundTrip(real, update);
    console.log(
      `      profit a contract without the doubt: ${attacked.map(dollars).join(", ")}; with it: ${safe.map(dollars).join(", ")}`,
    );
    expect(Math.min(...attacked)).to.be.greaterThan(2.5);
    expect(Math.max(...safe)).to.be.lessThan(0);
  });

  it("P1: bringing the newest of many pull prices, after buying on the push price, earns nothing either", async () => {
    const w = await loadFixture(world);
    const [real, mutant] = [await oracleOf(w), await without("Doubt", w)];
    const bringNews = async () => bring(w.pyth, await pullUpdate(3_014.9));
    const attacked = await roundTrip(mutant, bringNews);
    await time.increase(11);
    const safe = await roundTrip(real, bringNews);
    expect(Math.min(...attacked)).to.be.greaterThan(2.5);
    expect(Math.max(...safe)).to.be.lessThan(0);
  });

  it("P2: a pull price older than the push round does not count; without the rule the older of two prices is a choice", async () => {
    const w = await loadFixture(world);
    const [real, mutant] = [await oracleOf(w), await without("NewerThanPush", w)];
    await w.push.setAnswer(answer(3_030));
    await bring(w.pyth, await pullUpdate(3_000, { age: 5 }));
    const { value } = call(3_030, 3_000);
    const profit = value - ask(await read(mutant), 3_000);
    console.log(`      profit a contract when a pull price from before the round still counts: ${dollars(profit)}`);
    expect((await read(real)).price).to.equal(3_030);
    expect(profit).to.be.greaterThan(5);
    expect(value - ask(await read(real), 3_000)).to.be.lessThan(0);
  });

  it("P2: a pull price of 11 s does not count; without the rule it does, however old", async () => {
    const w = await loadFixture(world);
    const [real, mutant] = [await oracleOf(w), await without("PullAge", w)];
    await bring(w.pyth, await pullUpdate(3_010, { age: 11 }));
    expect((await read(real)).price).to.equal(3_000);
    expect((await read(mutant)).price).to.equal(3_010);
    await time.increase(1_000);
    expect((await read(mutant)).price).to.equal(3_010);
  });

  /** P3: what happens, and what one contract of a call at 3,000 then earns who knows the true price (3,000). */
  const guards: readonly [Guard, string, (w: World) => Promise<unknown>][] = [
    [
      "Decimals",
      "failure 15: a feed that moves from 8 to 18 decimals",
      async ({ push }) => {
        await push.setDecimals(18);
        // Its first answer with 18 decimals is one that 8 decimals can still read.
        await push.setAnswer(answer(3_000) * 5n);
      },
    ],
    ["Incomplete", "a round without a time", ({ push }) => push.pushRound(answer(3_100), 0n, 0n, 0n)],
    ["NotPositive", "an answer of nothing", ({ push }) => push.setAnswer(0n)],
    [
      "Future",
      "a round from the future",
      async ({ push }) => {
        const later = BigInt(await time.latest()) + 10_000n;
        return push.pushRound(answer(3_100), later, later, 0n);
      },
    ],
    [
      "Stale",
      "failure 16: a feed that went silent",
      async ({ push }) => {
        await push.setAnswer(answer(2_900));
        return time.increase(3_961);
      },
    ],
    ["Band", "a feed stuck at its floor", ({ push }) => push.setAnswer(answer(100))],
    ["Apart", "one source that is wrong", async ({ pyth }) => bring(pyth, await pullUpdate(3_200))],
    [
      "Sequencer",
      "failure 16: a sequencer that came back a minute ago, prices still in its queue",
      async ({ push, sequencer }) => {
        await sequencer.setAnswer(1n);
        await push.setAnswer(answer(2_900));
        return sequencer.setAnswer(0n);
      },
    ],
    ["Peg", "a quote token worth 90 cents", ({ quote }) => quote.setAnswer(answer(0.9))],
  ];
  for (const [guard, title, happen] of guards) {
    it(`P3: ${title} gives no price; without the guard it does`, async () => {
      const w = await loadFixture(world);
      const real = await oracleOf(w);
      const all = await Promise.all(
        GUARDS.filter((other) => other !== "Doubt").map(async (other) => [other, await without(other, w)] as const),
      );
      await happen(w);
      const { fault: reason } = await read(real);
      expect(reason).to.not.equal(NONE);
      await expect(real.spot(SIGMA)).to.be.revert(ethers);
      for (const [other, mutant] of all) {
        const { fault, price, doubt } = await read(mutant);
        if (other !== guard) {
          expect(fault, `without ${other}`).to.equal(reason);
          continue;
        }
        // Nothing is also outside the band, and a round without a time is also stale: only the reason gets lost.
        const backed = guard === "NotPositive" || guard === "Incomplete";
        expect(fault === NONE, `without ${other}`).to.equal(!backed);
        expect(fault).to.not.equal(reason);
        if (backed || guard === "Peg") continue;
        // Buys or sells at the wrong price, whatever the doubt says, and unwinds at the true one.
        const wrong = { price, doubt, source: 0n, fault };
        const truth = call(3_000, 3_000).value;
        const profit = Math.max(truth - ask(wrong, 3_000), bid(wrong, 3_000) - truth);
        console.log(`      profit a contract: ${dollars(profit)}`);
        expect(profit).to.be.greaterThan(20);
      }
    });
  }
});
