/**
 * The demo's weather: an hourly price and an hourly funding rate, the same for the same seed on every machine.
 *
 * Price: log-normal hours without drift, and about one hour in a hundred a jump on top, up or down. Funding: a mean-
 * reverting daily rate a little above zero on average, as perpetuals have it, that changes sign now and then.
 */
import { createRandom } from "../random.ts";

const HOURS_PER_YEAR = 365 * 24;

export const PATH_PARAMETERS = {
  /** Quote per underlying at hour 0. */
  startPrice: 3_000,
  /** Annual volatility of the hours without their jumps. */
  diffusion: 0.62,
  /** Probability of a jump in an hour: 3 or 4 in two weeks. */
  jumpChance: 0.01,
  /** A jump's size as a part of the price, either sign, any size in between equally likely. */
  jumpSmallest: 0.02,
  jumpLargest: 0.04,
  /** No hour moves more than this part of the price, jump included. */
  largestMove: 0.05,
  /** Funding a day: average, standard deviation over the long run, bounds (either sign), half-life in hours. */
  fundingMean: 0.0002,
  fundingDeviation: 0.0004,
  fundingLimit: 0.001,
  fundingHalfLife: 24,
} as const;

/**
 * The volatility that the curator posts: that of the process, diffusion and jumps together, not of one path. Options
 * cost what they are worth on average over all seeds, and a buyer's luck on one path is the vault's bad luck.
 */
export const FAIR_VOLATILITY = (() => {
  const { diffusion, jumpChance, jumpSmallest: a, jumpLargest: b } = PATH_PARAMETERS;
  const meanSquareJump = (a * a + a * b + b * b) / 3;
  return Math.round(Math.sqrt(diffusion ** 2 + HOURS_PER_YEAR * jumpChance * meanSquareJump) * 100) / 100;
})();

export interface PathPoint {
  readonly hour: number;
  /** Quote per underlying, WAD, whole cents. */
  readonly priceWad: bigint;
  /** How far above the index the arbitrageur holds the venue: the funding rate a day, WAD, longs pay when positive. */
  readonly premiumWad: bigint;
  /** The hour before this point had a jump. */
  readonly jumped: boolean;
}

/** `hours + 1` points: hour 0 is the start price. A longer path begins like a shorter one of the same seed. */
export function createPath(options: { readonly seed: number; readonly hours: number }): PathPoint[] {
  const { seed, hours } = options;
  if (!Number.isInteger(hours) || hours < 1) throw new RangeError(`A path of ${hours} hours: expected at least 1.`);
  const { startPrice, diffusion, jumpChance, jumpSmallest, jumpLargest, largestMove } = PATH_PARAMETERS;
  const random = createRandom(seed, "price");
  const premiums = createPremiums(seed, hours);
  const deviation = diffusion / Math.sqrt(HOURS_PER_YEAR);

  let cents = startPrice * 100;
  const path: PathPoint[] = [point({ hour: 0, cents, premium: premiums[0] ?? 0, jumped: false })];
  for (let hour = 1; hour <= hours; hour++) {
    const drift = -0.5 * deviation ** 2;
    const jumped = random.chance(jumpChance);
    const jump = jumped ? random.pick([-1, 1]) * random.between(jumpSmallest, jumpLargest) : 0;
    const factor = Math.exp(drift + deviation * random.normal()) * (1 + jump);
    // Whole cents inside the bounds, so that rounding cannot step over them.
    const lowest = Math.ceil(cents * (1 - largestMove));
    const highest = Math.floor(cents * (1 + largestMove));
    cents = Math.min(highest, Math.max(lowest, Math.round(cents * factor)));
    path.push(point({ hour, cents, premium: premiums[hour] ?? 0, jumped }));
  }
  return path;
}

function createPremiums(seed: number, hours: number): number[] {
  const { fundingMean, fundingDeviation, fundingLimit, fundingHalfLife } = PATH_PARAMETERS;
  const random = createRandom(seed, "funding");
  const memory = 0.5 ** (1 / fundingHalfLife);
  const shock = fundingDeviation * Math.sqrt(1 - memory ** 2);
  const rates: number[] = [];
  let rate = fundingMean + fundingDeviation * random.normal();
  for (let hour = 0; hour <= hours; hour++) {
    rates.push(Math.max(-fundingLimit, Math.min(fundingLimit, rate)));
    rate = fundingMean + memory * (rate - fundingMean) + shock * random.normal();
  }
  return rates;
}

function point(raw: { hour: number; cents: number; premium: number; jumped: boolean }): PathPoint {
  return {
    hour: raw.hour,
    priceWad: BigInt(raw.cents) * 10n ** 16n,
    // Hundredths of a basis point: fine enough to matter, coarse enough to print.
    premiumWad: BigInt(Math.round(raw.premium * 1e6)) * 10n ** 12n,
    jumped: raw.jumped,
  };
}
