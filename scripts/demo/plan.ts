/** Who buys what and when: drawn from the seed before the run starts, so that both vaults meet the same buyers. */
import { createRandom } from "../random.ts";

export const STRIKES_PER_BOARD = 5;
/** Options expire on Fridays: a run ends on one, and a board is listed when the one before it expires. */
const BOARD_HOURS = 7 * 24;
/** Nothing shorter leaves room for buying. */
export const MIN_HOURS = 12;

export const PLAN_PARAMETERS = {
  /** Buyers lean to calls. */
  callShare: 0.7,
  /** Probability of a purchase in an hour: on a board's first day (a seventh of its life), and later. */
  earlyChance: 0.8,
  laterChance: 0.25,
  /** Options in one purchase, any size in between equally likely, in tenths. */
  smallestSize: 0.5,
  largestSize: 2,
  /** How much a strike is liked, from the lowest to the highest, by who buys calls; puts the other way round. */
  callWeights: [1, 2, 4, 4, 2],
} as const;

export interface Purchase {
  readonly hour: number;
  /** From 0. */
  readonly board: number;
  readonly buyer: string;
  /** Place among the board's strikes, 0 = lowest. */
  readonly strike: number;
  readonly isCall: boolean;
  /** Options, WAD. */
  readonly sizeWad: bigint;
}

/** How many boards a run has: one a week, the first one perhaps a shorter one; hours that hold none pass before it. */
export const boardCount = (hours: number): number => Math.floor((hours - MIN_HOURS) / BOARD_HOURS) + 1;

/** Hours in which a board is listed and in which it expires. */
export function boardHours(options: { readonly hours: number; readonly board: number }): {
  readonly listed: number;
  readonly expires: number;
} {
  const { hours, board } = options;
  const expires = hours - (boardCount(hours) - 1 - board) * BOARD_HOURS;
  return { listed: Math.max(0, expires - BOARD_HOURS), expires };
}

/** The purchases in order of time. Nobody buys in the last seventh of a board's life. */
export function planPurchases(options: {
  readonly seed: number;
  readonly hours: number;
  readonly buyers: readonly string[];
}): Purchase[] {
  const { seed, hours, buyers } = options;
  if (!Number.isInteger(hours) || hours < MIN_HOURS) {
    throw new RangeError(`A run of ${hours} hours: expected a whole number from ${MIN_HOURS}.`);
  }
  const { callShare, earlyChance, laterChance, smallestSize, largestSize, callWeights } = PLAN_PARAMETERS;
  const random = createRandom(seed, "buyers");
  const strikes = callWeights.map((_, place) => place);
  const purchases: Purchase[] = [];
  for (let board = 0; board < boardCount(hours); board++) {
    const { listed, expires } = boardHours({ hours, board });
    const seventh = (expires - listed) / 7;
    for (let hour = listed; hour < expires - Math.max(seventh, 2); hour++) {
      const chance = hour < listed + seventh ? earlyChance : laterChance;
      // The first hour of a board always has a buyer: a run without a sale would show nothing.
      if (!random.chance(chance) && hour !== listed) continue;
      const isCall = random.chance(callShare);
      purchases.push({
        hour,
        board,
        buyer: random.pick(buyers),
        strike: random.pick(strikes, isCall ? callWeights : callWeights.toReversed()),
        isCall,
        sizeWad: BigInt(Math.round(random.between(smallestSize, largestSize) * 10)) * 10n ** 17n,
      });
    }
  }
  return purchases;
}

/**
 * Five strikes around spot, half a standard deviation of the board's life apart, rounded to what a board would show:
 * 1, 2 or 5 times a power of ten.
 */
export function boardStrikes(options: {
  readonly spotWad: bigint;
  readonly volatility: number;
  readonly hours: number;
}): bigint[] {
  const spot = Number(options.spotWad) / 1e18;
  const deviation = spot * options.volatility * Math.sqrt(options.hours / (365 * 24));
  const power = 10 ** Math.floor(Math.log10(deviation / 2));
  const factors = [1, 2, 5, 10] as const;
  const distance = (factor: number) => Math.abs(Math.log((factor * power * 2) / deviation));
  const step = power * factors.reduce((best, factor) => (distance(factor) < distance(best) ? factor : best));
  const middle = Math.round(spot / step);
  const half = (STRIKES_PER_BOARD - 1) / 2;
  // In cents: a step below a dollar has no other meaning.
  const cents = Math.max(1, Math.round(step * 100));
  return Array.from({ length: STRIKES_PER_BOARD }, (_, place) => {
    return BigInt((middle - half + place) * cents) * 10n ** 16n;
  });
}
