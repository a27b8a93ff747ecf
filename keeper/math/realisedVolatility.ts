/** Realised volatility: the twin of `contracts/libraries/RealisedVolatility.sol`. */

export const HOURS_PER_YEAR = 8_760;
/** Half-life of the fence around the surface. */
export const HALF_LIFE_HOURS = 240;

/** Weight that the past keeps after an hour: 2^(−1/halfLife). */
export function hourlyDecay(halfLifeHours: number = HALF_LIFE_HOURS): number {
  return 2 ** (-1 / halfLifeHours);
}

/**
 * One point of the hourly grid: the exponentially weighted mean of squared log returns, as variance per year.
 *
 * Feed every hour once and in order; an hour without a new round repeats the price.
 */
export function updateVariance(variance: number, previousPrice: number, price: number, decay = hourlyDecay()): number {
  const logReturn = Math.log(price / previousPrice);
  return decay * variance + (1 - decay) * logReturn * logReturn * HOURS_PER_YEAR;
}

/** Variance per year after all of `prices`, from `variance` before the first. */
export function varianceAfter(variance: number, prices: readonly number[], decay = hourlyDecay()): number {
  let result = variance;
  for (let i = 1; i < prices.length; ++i) result = updateVariance(result, prices[i - 1]!, prices[i]!, decay);
  return result;
}
