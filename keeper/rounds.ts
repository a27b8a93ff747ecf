/** Rounds of a push feed, as what walks them needs them. */

export interface Round {
  /** Proxy id: phase << 64 | number within the phase, which counts from 1. */
  readonly id: bigint;
  /** In the feed's decimals. */
  readonly answer: bigint;
  /** Unix seconds; 0 = there is no answer. */
  readonly updatedAt: bigint;
}

/** Reads one round; undefined when the feed has no such round. */
export type ReadRound = (id: bigint) => Promise<Round | undefined>;

const PHASE_BITS = 64n;
export const MAX_ROUND_NUMBER = (1n << PHASE_BITS) - 1n;

export const phaseOf = (id: bigint): bigint => id >> PHASE_BITS;
export const numberOf = (id: bigint): bigint => id & MAX_ROUND_NUMBER;
export const roundId = (phase: bigint, number: bigint): bigint => (phase << PHASE_BITS) | number;

/** An answer that money may move on. */
export function isComplete(round: Round | undefined): round is Round {
  return round !== undefined && round.updatedAt > 0n && round.answer > 0n;
}

/** Asks for each round once; a question that is under way is not asked again. */
export function remembering(readRound: ReadRound): ReadRound {
  const asked = new Map<bigint, Promise<Round | undefined>>();
  return (id) => {
    const known = asked.get(id) ?? readRound(id);
    asked.set(id, known);
    return known;
  };
}
