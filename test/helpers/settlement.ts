/** A feed's history over its phases, and by brute force what it settles: the reference of ExpiryPriceOracle. */

export const WINDOW = 3n * 3_600n;
export const PATIENCE = 7n * 86_400n;
export const MAX_INCOMPLETE = 8;

/** Rule numbers of IExpiryPriceOracle.Rule. */
export const RULE = { firstRound: 1n, pullUpdate: 2n, lastRound: 3n } as const;

export interface HistoricRound {
  readonly phase: number;
  readonly updatedAt: bigint;
  readonly answer: bigint;
}

export interface PlacedRound extends HistoricRound {
  /** Within its phase, from 1. */
  readonly number: number;
}

export const proxyId = (phase: number, number: number): bigint => (BigInt(phase) << 64n) | BigInt(number);
export const idOf = ({ phase, number }: PlacedRound): bigint => proxyId(phase, number);

const isComplete = ({ updatedAt, answer }: HistoricRound): boolean =>
  updatedAt > 0n && answer > 0n && answer * 10n ** 10n < 1n << 128n;

/** The complete rounds of a phase up to where more than eight incomplete ones in a row end it, oldest first. */
function completeRounds(rounds: readonly PlacedRound[], phase: number): PlacedRound[] {
  const complete = [];
  let incomplete = 0;
  for (const round of rounds.filter((each) => each.phase === phase).sort((a, b) => a.number - b.number)) {
    if (isComplete(round)) {
      complete.push(round);
      incomplete = 0;
    } else if (++incomplete > MAX_INCOMPLETE) break;
  }
  return complete;
}

/** The last complete round of a phase before the expiry, or number 0. */
export function boundaryOf(rounds: readonly PlacedRound[], phase: number, expiry: bigint): bigint {
  const last = completeRounds(rounds, phase).findLast(({ updatedAt }) => updatedAt < expiry);
  return proxyId(phase, last?.number ?? 0);
}

export interface Question {
  readonly rounds: readonly PlacedRound[];
  readonly listedPhase: number;
  readonly currentPhase: number;
  readonly expiry: bigint;
  readonly now: bigint;
  /** Whether somebody can show a pull update of the window. */
  readonly hasPullUpdate: boolean;
}

export type Outcome =
  | { readonly rule: "firstRound" | "lastRound"; readonly round: PlacedRound }
  | { readonly rule: "pullUpdate" }
  | { readonly rule: "wait"; readonly reason: "window" | "block" | "pullUpdate" };

/** RULES.md S1, read aloud. */
export function settles({ rounds, listedPhase, currentPhase, expiry, now, hasPullUpdate }: Question): Outcome {
  const complete = [];
  for (let phase = listedPhase; phase <= currentPhase; phase++) complete.push(...completeRounds(rounds, phase));
  const order = (a: PlacedRound, b: PlacedRound) =>
    Number(a.updatedAt - b.updatedAt) || a.phase - b.phase || a.number - b.number;
  const [first] = complete
    .filter(({ updatedAt }) => updatedAt >= expiry && updatedAt <= expiry + WINDOW && updatedAt <= now)
    .sort(order);
  if (first !== undefined) {
    return first.updatedAt < now ? { rule: "firstRound", round: first } : { rule: "wait", reason: "block" };
  }
  if (now <= expiry + WINDOW) return { rule: "wait", reason: "window" };
  if (now <= expiry + PATIENCE) {
    return hasPullUpdate ? { rule: "pullUpdate" } : { rule: "wait", reason: "pullUpdate" };
  }
  const newestFirst = (a: PlacedRound, b: PlacedRound) =>
    Number(b.updatedAt - a.updatedAt) || a.phase - b.phase || b.number - a.number;
  const [last] = complete.filter(({ updatedAt }) => updatedAt < expiry).sort(newestFirst);
  return { rule: "lastRound", round: last! };
}
