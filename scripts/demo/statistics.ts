/**
 * What a hedge is worth in figures: how much NAV per share moves from hour to hour, with the hedge, without, and with a
 * hedge that nobody could have, made every hour and free of cost. Numbers here are for showing: plain floating point.
 */

/** One vault at the end of one hour. */
export interface HourOfVault {
  /** Middle of NAV per whole share, quote. */
  readonly navPerShare: number;
  /** Delta of the options sold, from the vault's side, underlying. */
  readonly bookDelta: number;
  /** Whole shares outstanding. */
  readonly shares: number;
}

export interface HedgeStatistics {
  /** Standard deviation of the hourly changes of NAV per share, quote. */
  readonly hedged: number;
  readonly unhedged: number;
  readonly frictionless: number;
  /** Hedged ÷ unhedged: 0 is no risk left, 1 is no hedge. */
  readonly ratio: number;
  readonly frictionlessRatio: number;
}

/** Change from each value to the next. */
export function changes(values: readonly number[]): number[] {
  return values.slice(1).map((value, place) => value - (values[place] ?? Number.NaN));
}

/** Of a sample, with n − 1 below: `NaN` for fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const average = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * NAV per share of the unhedged vault, had it held −book delta of the underlying over each hour at no cost: what
 * remains is what no hourly hedge can remove (gamma, jumps, time, premiums).
 */
export function frictionlessNav(options: {
  readonly unhedged: readonly HourOfVault[];
  /** Spot at the end of each hour, quote. */
  readonly spot: readonly number[];
}): number[] {
  const { unhedged, spot } = options;
  if (unhedged.length !== spot.length) {
    throw new RangeError(
      `Hours of the vault: ${unhedged.length}, prices: ${spot.length}. Expected as many of one as of the other.`,
    );
  }
  let gained = 0;
  return unhedged.map((hour, place) => {
    const before = unhedged[place - 1];
    const spotBefore = spot[place - 1];
    if (before !== undefined && spotBefore !== undefined && before.shares > 0) {
      gained -= (before.bookDelta * ((spot[place] ?? Number.NaN) - spotBefore)) / before.shares;
    }
    return hour.navPerShare + gained;
  });
}

export function hedgeStatistics(options: {
  readonly hedged: readonly HourOfVault[];
  readonly unhedged: readonly HourOfVault[];
  readonly spot: readonly number[];
}): HedgeStatistics {
  const hedged = standardDeviation(changes(options.hedged.map((hour) => hour.navPerShare)));
  const unhedged = standardDeviation(changes(options.unhedged.map((hour) => hour.navPerShare)));
  const frictionless = standardDeviation(changes(frictionlessNav(options)));
  return { hedged, unhedged, frictionless, ratio: hedged / unhedged, frictionlessRatio: frictionless / unhedged };
}
