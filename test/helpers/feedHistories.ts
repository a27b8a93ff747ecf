/** Random histories of a push feed around an expiry, over several phases. */
import fc from "fast-check";
import type { ExpiryPriceOracle, LocalAggregator } from "../../types/index.ts";
import { deployContract, PULL_ID, pullFeed, pushFeed } from "./feeds.ts";
import { type HistoricRound, MAX_INCOMPLETE, type PlacedRound, proxyId, WINDOW } from "./settlement.ts";
import { DAY, ethers, HOUR, networkHelpers } from "./system.ts";

const { time } = networkHelpers;
const PHASES_BEFORE_LISTING = 1;

/** A round of a random history: its time beside the expiry, and how many incomplete ones lie before it. */
export interface Step {
  readonly offset: number;
  readonly incomplete: number;
  readonly kind: "timeless" | "zero" | "negative" | "huge";
}

export interface History {
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
export const history: fc.Arbitrary<History> = fc.record({
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
export function write({ phases, trailing, silent }: History, expiry: bigint, now: bigint): HistoricRound[] {
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

/** A feed in its second phase, and an oracle that has just recorded an expiry ten days ahead. */
export async function listed() {
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

export function place(rounds: readonly HistoricRound[]): PlacedRound[] {
  const last = new Map<number, number>();
  return rounds.map((round) => {
    const number = (last.get(round.phase) ?? 0) + 1;
    last.set(round.phase, number);
    return { ...round, number };
  });
}

/** Writes a history and puts one aggregator after the other behind the proxy. */
export async function grow(feed: LocalAggregator, rounds: readonly HistoricRound[], phases: number): Promise<void> {
  await feed.pushHistory(rounds.map(({ phase, updatedAt, answer }) => ({ phase, updatedAt, answer })));
  for (let phase = 2; phase < phases; phase++) await feed.startPhase();
}
