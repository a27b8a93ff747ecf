/** S1 on random histories of a feed, against a brute-force reference: at any time the same one outcome is provable. */
import { expect } from "chai";
import fc from "fast-check";
import { encodePullUpdate } from "../../scripts/local-chain/pyth.ts";
import type { ExpiryPriceOracle, LocalAggregator } from "../../types/index.ts";
import { deployContract, PULL_ID, pullFeed, pullUpdate, pushFeed } from "../helpers/feeds.ts";
import {
  boundaryOf,
  type HistoricRound,
  idOf,
  MAX_INCOMPLETE,
  type PlacedRound,
  proxyId,
  RULE,
  settles,
  WINDOW,
} from "../helpers/settlement.ts";
import { DAY, eth, ethers, HOUR, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
const PHASES_BEFORE_LISTING = 1;
const SCALE = 10n ** 10n;
const PULL_PRICE = 3_333;

/** A round of a random history: its time beside the expiry, and how many incomplete ones lie before it. */
interface Step {
  readonly offset: number;
  readonly incomplete: number;
  readonly kind: "timeless" | "zero" | "negative" | "huge";
}

interface History {
  /** Per phase, from the one before the listing on; the second is that of the listing. */
  readonly phases: readonly (readonly Step[])[];
  /** Incomplete rounds at the end of each phase. */
  readonly trailing: number;
  readonly unknownRoundReverts: boolean;
  /** No complete round in the window. */
  readonly silent: boolean;
  /** False: the one that is shown is not the first of the window. */
  readonly hasPullUpdate: boolean;
  /** Seconds after the expiry. */
  readonly nowOffset: number;
}

/** Few, so that phases often have rounds of the same time. */
const OFFSETS = [-DAY, -HOUR, -1, 0, 1, HOUR, Number(WINDOW), Number(WINDOW) + 1, 4 * HOUR];
const step: fc.Arbitrary<Step> = fc.record({
  offset: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...OFFSETS) }, fc.integer({ min: -9 * DAY, max: 5 * HOUR })),
  incomplete: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: MAX_INCOMPLETE + 2 })),
  kind: fc.constantFrom("timeless", "zero", "negative", "huge"),
});
const history: fc.Arbitrary<History> = fc.record({
  phases: fc.array(fc.array(step, { maxLength: 6 }), { minLength: 2, maxLength: 4 }),
  trailing: fc.integer({ min: 0, max: MAX_INCOMPLETE + 3 }),
  unknownRoundReverts: fc.boolean(),
  silent: fc.boolean(),
  hasPullUpdate: fc.boolean(),
  nowOffset: fc.constantFrom(1, 2, HOUR, 3 * HOUR, 3 * HOUR + 1, 4 * HOUR, 4 * DAY, 7 * DAY, 7 * DAY + 1, 30 * DAY),
});

function incompleteRound(phase: number, { kind, offset }: Step, expiry: bigint): HistoricRound {
  const updatedAt = expiry + BigInt(offset);
  switch (kind) {
    case "timeless":
      return { phase, updatedAt: 0n, answer: 3_000n * 10n ** 8n };
    case "zero":
      return { phase, updatedAt, answer: 0n };
    case "negative":
      return { phase, updatedAt, answer: -5n };
    case "huge":
      return { phase, updatedAt, answer: 1n << 200n };
  }
}

/** The rounds that a history writes after the listing. No two answers are equal: a price names its round. */
function write({ phases, trailing, silent }: History, expiry: bigint, now: bigint): HistoricRound[] {
  const rounds: HistoricRound[] = [];
  let answer = 1_000n * 10n ** 8n;
  for (const [index, steps] of phases.entries()) {
    const phase = index + PHASES_BEFORE_LISTING;
    const inOrder = [...steps]
      .sort((a, b) => a.offset - b.offset)
      .filter(({ offset }) => expiry + BigInt(offset) <= now)
      .filter(({ offset }) => !silent || offset < 0 || offset > WINDOW);
    let before = Number.NEGATIVE_INFINITY;
    for (const each of inOrder) {
      // Trusted of the feed: nine incomplete ones in a row lie between complete ones only where the later is in time,
      // so that the round behind them is never offered as a predecessor.
      const most = before < 0 && each.offset >= 0 ? MAX_INCOMPLETE + 2 : MAX_INCOMPLETE;
      for (let i = 0; i < Math.min(each.incomplete, most); i++) rounds.push(incompleteRound(phase, each, expiry));
      answer += 10n ** 8n;
      rounds.push({ phase, updatedAt: expiry + BigInt(each.offset), answer });
      before = each.offset;
    }
    const timeless = { offset: 0, incomplete: 0, kind: "timeless" } as const;
    for (let i = 0; i < trailing; i++) rounds.push(incompleteRound(phase, timeless, expiry));
  }
  return rounds;
}

async function listed() {
  const [market] = await ethers.getSigners();
  const feed = await pushFeed(900);
  await feed.startPhase();
  await feed.setAnswer(901n * 10n ** 8n);
  const pyth = await pullFeed();
  const oracle = await deployContract<ExpiryPriceOracle>("oracles/ExpiryPriceOracle", [
    market!.address,
    feed.address,
    pyth.address,
    PULL_ID,
  ]);
  const first = await feed.getRoundData(proxyId(1, 1));
  const second = await feed.getRoundData(proxyId(2, 1));
  const known: HistoricRound[] = [
    { phase: 1, updatedAt: first.updatedAt, answer: first.answer },
    { phase: 2, updatedAt: second.updatedAt, answer: second.answer },
  ];
  const expiry = BigInt(await time.latest()) + BigInt(10 * DAY);
  await oracle.recordListing(expiry);
  return { feed, oracle, known, expiry };
}

function place(rounds: readonly HistoricRound[]): PlacedRound[] {
  const last = new Map<number, number>();
  return rounds.map((round) => {
    const number = (last.get(round.phase) ?? 0) + 1;
    last.set(round.phase, number);
    return { ...round, number };
  });
}

/** The price that a proof would give, or undefined when it is refused. */
async function attempt(proof: () => Promise<bigint>): Promise<bigint | undefined> {
  try {
    return await proof();
  } catch (error) {
    // A refusal of the contract carries an error of its own; anything else is a fault of the test.
    expect(String(error)).to.match(/reverted with custom error|PriceFeedNotFoundWithinRange/);
    return undefined;
  }
}

async function check(h: History, random: fc.GeneratorValue): Promise<string> {
  const { feed, oracle, known, expiry } = await loadFixture(listed);
  const now = expiry + BigInt(h.nowOffset);
  const listedPhase = 2;
  const rounds = place([...known, ...write(h, expiry, now)]);
  await grow(feed, rounds.slice(known.length), h.phases.length);
  // An aggregator without a round is not current yet.
  const currentPhase = Number((await feed.latestRoundData()).roundId >> 64n);
  await feed.setUnknownRoundReverts(h.unknownRoundReverts);
  const pull = await pullUpdate(PULL_PRICE, {
    publishTime: expiry + 60n,
    prevPublishTime: h.hasPullUpdate ? expiry - 1n : expiry,
  });
  const updates = [await encodePullUpdate(pull)];
  await time.increaseTo(now);

  const phases: number[] = [];
  for (let phase = listedPhase; phase <= currentPhase; phase++) phases.push(phase);
  const right = (own?: number) => phases.filter((p) => p !== own).map((p) => boundaryOf(rounds, p, expiry));
  const ids = [
    ...rounds.map(idOf),
    ...phases.flatMap((p) => [proxyId(p, 0), proxyId(p, rounds.filter((r) => r.phase === p).length + 1)]),
    proxyId(currentPhase + 1, 1),
  ];
  const pick = (from: readonly bigint[]) => from[random(fc.nat, { max: from.length - 1 })]!;
  const ofPhase = (p: number) => ids.filter((id) => id >> 64n === BigInt(p));
  const wrong = (own?: number) => phases.filter((p) => p !== own).map((p) => pick(ofPhase(p)));

  /** Every round with the right boundaries of the other phases, and with wrong ones: all prices that come out. */
  const search = async (prove: (id: bigint, boundaries: bigint[]) => Promise<bigint>) => {
    const prices = new Set<bigint>();
    for (const id of ids) {
      const own = Number(id >> 64n);
      for (const boundaries of [right(own), wrong(own)]) {
        const price = await attempt(() => prove(id, boundaries));
        if (price !== undefined) prices.add(price);
      }
    }
    return [...prices];
  };
  const first = () => search((id, boundaries) => oracle.proveFirstRound.staticCall(expiry, id, boundaries));
  const last = () => search((id, boundaries) => oracle.proveLastRound.staticCall(expiry, id, boundaries));
  const byPull = async () => {
    const price = await attempt(() => oracle.provePullUpdate.staticCall(expiry, updates, { value: 1n }));
    return price === undefined ? [] : [price];
  };
  const canOpen = async (boundaries: bigint[]) =>
    (await attempt(async () => {
      await oracle.proveNoRound.staticCall(expiry, boundaries);
      return 1n;
    })) !== undefined;

  const question = { rounds, listedPhase, currentPhase, expiry, hasPullUpdate: h.hasPullUpdate };
  const outcome = settles({ ...question, now });
  expect(await last()).to.deep.equal([]);
  expect(await byPull()).to.deep.equal([]);
  if (outcome.rule === "firstRound") {
    expect(await first()).to.deep.equal([outcome.round.answer * SCALE]);
    for (const boundaries of [right(), wrong(), wrong(), wrong()]) expect(await canOpen(boundaries)).to.equal(false);
    const own = outcome.round.phase;
    await oracle.proveFirstRound(expiry, idOf(outcome.round), right(own));
    expect((await oracle.recordOf(expiry)).rule).to.equal(RULE.firstRound);
    return outcome.rule;
  }
  expect(await first()).to.deep.equal([]);
  const waits = outcome.rule === "wait" && outcome.reason !== "pullUpdate";
  expect(await canOpen(right())).to.equal(!waits);
  if (waits) return outcome.reason;

  await oracle.proveNoRound(expiry, right());
  const later = settles({ ...question, now: BigInt(await time.latest()) });
  expect(await first()).to.deep.equal([]);
  expect(await byPull()).to.deep.equal(later.rule === "pullUpdate" ? [eth(PULL_PRICE)] : []);
  expect(await last()).to.deep.equal(later.rule === "lastRound" ? [later.round.answer * SCALE] : []);
  return later.rule;
}

/** Writes a history and puts one aggregator after the other behind the proxy. */
async function grow(feed: LocalAggregator, rounds: readonly HistoricRound[], phases: number): Promise<void> {
  await feed.pushHistory(rounds.map(({ phase, updatedAt, answer }) => ({ phase, updatedAt, answer })));
  for (let phase = 2; phase < phases; phase++) await feed.startPhase();
}

describe("ExpiryPriceOracle on random histories", () => {
  it("S1: at any time exactly the outcome of the reference is provable, and no other", async function () {
    this.timeout(RUNS * 5_000);
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(history, fc.gen(), async (h, random) => {
        const outcome = await check(h, random);
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }),
      { numRuns: RUNS, seed: 0xba11a57 },
    );
    console.log(`      outcomes: ${[...seen].map(([outcome, count]) => `${outcome} ${count}`).join(", ")}`);
    // The generator reaches every rule.
    for (const outcome of ["firstRound", "pullUpdate", "lastRound", "window"]) expect(seen.has(outcome)).to.equal(true);
  });
});
