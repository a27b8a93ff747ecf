/**
 * Fits one slice of the volatility surface to quotes.
 *
 * Method: the quasi-explicit calibration of De Marco and Martini ("Quasi-Explicit Calibration of Gatheral's SVI model",
 * Zeliade White Paper, 2009). With y = (k − m) / σ the variance is linear in three of the five parameters,
 *
 *     v(k) = a + d·y + c·√(y² + 1),   c = b·σ,  d = ρ·b·σ,
 *
 * so that for each (m, σ) the best (a, d, c) inside |d| < c and Lee's bound solves a convex quadratic programme with two
 * constrained unknowns, exactly; only (m, σ) is searched, from several starts. A second search over all five then
 * minimises the distance in volatility itself, with a penalty on butterfly and calendar arbitrage, whose conditions the
 * first does not know. What comes out is rounded to the slot and checked on a grid much finer than the contract's; where
 * it fails, it is drawn towards a slice that passes until it does too.
 */
import { BallastError } from "../errors.ts";
import { SECONDS_PER_YEAR } from "../math/optionMath.ts";
import {
  checkSlice,
  durrleman,
  packSlice,
  type SviParameters,
  type SviSlice,
  sviVariance,
  sviVolatility,
  unpackSlice,
} from "../math/svi.ts";
import { nelderMead } from "./nelderMead.ts";

/** The quotes cannot be fitted by a slice that the contract would take. */
export class CalibrationError extends BallastError {}

export interface VolatilityQuote {
  /** Quote per underlying. */
  readonly strike: number;
  /** Implied volatility: 0.65 is 65 %. */
  readonly volatility: number;
  /** Relative to the others; more than 0. */
  readonly weight: number;
}

/** A slice of another expiry, which must not be crossed. */
export interface Neighbour {
  readonly slice: SviParameters;
  readonly secondsToExpiry: number;
}

export interface CalibrationOptions {
  readonly quotes: readonly VolatilityQuote[];
  readonly forward: number;
  readonly secondsToExpiry: number;
  /** Doubt to post with: 0.015 is 1.5 points. */
  readonly spread: number;
  /** Where the quotes say nothing the fit stays near this; without it, near a flat smile. */
  readonly previous?: SviParameters;
  /** Weight of `previous`, as a share of the quotes' own. */
  readonly inertia?: number;
  readonly before?: Neighbour;
  readonly after?: Neighbour;
  /** What the contract allows at the money; its hard bounds unless told. */
  readonly level?: { readonly lowest: number; readonly highest: number };
}

export interface FittedQuote extends VolatilityQuote {
  readonly fitted: number;
  /** Fitted less quoted, in volatility. */
  readonly difference: number;
}

export interface Calibration {
  /** As the slot holds it; `postedAt` is 0 until it is posted. */
  readonly slice: SviSlice;
  readonly rows: readonly FittedQuote[];
  /** √(weighted mean of squared differences), in volatility. */
  readonly weightedError: number;
  /** 1 = the best fit itself; less = it was drawn so far towards a slice that passes. */
  readonly kept: number;
}

interface Point {
  readonly k: number;
  readonly volatility: number;
  readonly weight: number;
}

const LEVEL = { lowest: 0.2, highest: 3 }; // VolatilitySurface.sol
const MIN_SIGMA = 0.005;
const MAX_SIGMA = 5;
const MAX_RHO = 0.999;
/** Of Lee's bound: time passes before the post. */
const WING = 2 * 0.999;
const MIN_VARIANCE = 1e-4; // a volatility of 1 %
/** What the slot holds, and less. */
const MAX_A = 500;
const MAX_B = 200_000;
/** Enough to choose among fits that the quotes do not tell apart, too little to move one. */
const DEFAULT_INERTIA = 1e-9;
/** Deviations from the forward at which the contract measures how far a post moves a slice. */
export const MOVE_DEVIATIONS = [0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5] as const;
const FINE_POINTS = 161;
/** What rounding to the slot may take from a condition that holds. */
const MARGIN = 1e-6;
const PENALTY = 1e3;
const STARTS = 3;
/** A mean square of a hundredth of a point: no other start is tried. */
const GOOD_ENOUGH = 1e-8;

/**
 * @throws {CalibrationError} when quotes are not volatilities, or no slice near them is free of arbitrage.
 * @example
 * calibrate({ quotes: [{ strike: 3000, volatility: 0.65, weight: 1 }], forward: 3000, secondsToExpiry: 604_800, spread: 0.015 })
 */
export function calibrate(options: CalibrationOptions): Calibration {
  const { quotes, forward, spread, level = LEVEL } = options;
  validate(options);
  const quoted: Point[] = quotes.map(({ strike, volatility, weight }) => ({
    k: Math.log(strike / forward),
    volatility,
    weight,
  }));
  const points = [...quoted, ...priorPoints(options, quoted)];
  const best = search(points, options);
  const { slice: parameters, kept } = makeAcceptable(best, quoted, options);
  const atTheMoneyVolatility = sviVolatility(parameters, 0);
  if (atTheMoneyVolatility < level.lowest || atTheMoneyVolatility > level.highest) {
    throw new CalibrationError(
      `the quotes give ${percent(atTheMoneyVolatility)} at the money: the surface takes ${percent(level.lowest)} to ${percent(level.highest)} now`,
    );
  }
  const slice = unpackSlice(packSlice({ ...parameters, postedAt: 0, atTheMoneyVolatility, spread }));
  const rows = quotes.map((quote) => {
    const fitted = sviVolatility(slice, Math.log(quote.strike / forward));
    return { ...quote, fitted, difference: fitted - quote.volatility };
  });
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  const squares = rows.reduce((sum, { weight, difference }) => sum + weight * difference * difference, 0);
  return { slice, rows, weightedError: Math.sqrt(squares / total), kept };
}

/** Whether the contract would take the slice now, and still a little later: its conditions, on a finer grid. */
export function isAcceptable(
  slice: SviParameters,
  options: Pick<CalibrationOptions, "secondsToExpiry" | "before" | "after">,
): boolean {
  return checkSlice(slice, options.secondsToExpiry).ok && arbitrage(slice, options) === 0;
}

const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;

function validate({ quotes, forward, secondsToExpiry, spread }: CalibrationOptions): void {
  const positive = (x: number) => Number.isFinite(x) && x > 0;
  if (quotes.length === 0) throw new CalibrationError("there are no quotes: expected one at least");
  if (!positive(forward)) throw new CalibrationError(`the forward is ${forward}: expected a price above 0`);
  if (!positive(secondsToExpiry)) throw new CalibrationError("the expiry is over: expected one that lies ahead");
  if (!(spread >= 0.01 && spread <= 0.1)) {
    throw new CalibrationError(`the spread is ${percent(spread)}: expected 1 % to 10 %`);
  }
  for (const { strike, volatility, weight } of quotes) {
    if (!positive(strike) || Math.abs(Math.log(strike / forward)) > 20) {
      throw new CalibrationError(`the strike ${strike} is no price beside a forward of ${forward}`);
    }
    if (!(volatility > 0.01 && volatility < 10)) {
      throw new CalibrationError(`the volatility ${volatility} at ${strike}: expected .01 to 10, where .65 is 65 %`);
    }
    if (!positive(weight)) throw new CalibrationError(`the weight ${weight} at ${strike}: expected more than 0`);
  }
}

/** Where to stay when the quotes do not say: the previous slice, or their own mean, where a post's move is measured. */
function priorPoints(options: CalibrationOptions, quoted: readonly Point[]): Point[] {
  const { previous, secondsToExpiry, inertia = DEFAULT_INERTIA } = options;
  const total = quoted.reduce((sum, { weight }) => sum + weight, 0);
  const mean = quoted.reduce((sum, { weight, volatility }) => sum + weight * volatility, 0) / total;
  const prior = previous ?? flat(mean);
  const ks = moveStrikes(sviVolatility(prior, 0), secondsToExpiry);
  return ks.map((k) => ({ k, volatility: sviVolatility(prior, k), weight: (inertia * total) / ks.length }));
}

/** Log-moneyness of the 17 strikes at which the contract measures a move. */
export function moveStrikes(level: number, secondsToExpiry: number): number[] {
  const deviation = level * Math.sqrt(secondsToExpiry / SECONDS_PER_YEAR);
  return MOVE_DEVIATIONS.flatMap((x) => (x === 0 ? [0] : [x * deviation, -x * deviation]));
}

const flat = (volatility: number): SviParameters => ({ a: volatility ** 2, b: 0, rho: 0, m: 0, sigma: 0.1 });

// ------------------------------------------------------------------ the quasi-explicit search

/** Where m may lie: the points, and as far again to both sides. */
function rangeOf(points: readonly Point[]): { least: number; most: number; width: number } {
  const ks = points.map(({ k }) => k);
  const width = Math.max(Math.max(...ks) - Math.min(...ks), 0.05);
  return { least: Math.min(...ks) - width, most: Math.max(...ks) + width, width };
}

/** The greatest b·(1 + |ρ|): Lee's bound, and the slot's. */
const slopeLimitOf = (seconds: number): number => Math.min((WING * SECONDS_PER_YEAR) / seconds, MAX_B);

/** The optima of the best starts, and what every start gives without a search: one of them is near the answer. */
function quasiExplicit(points: readonly Point[], seconds: number): SviParameters[] {
  const { least, most, width } = rangeOf(points);
  const slopeLimit = slopeLimitOf(seconds);
  const solve = ([m = 0, logSigma = 0]: readonly number[]) => {
    const sigma = clamp(Math.exp(logSigma), MIN_SIGMA, MAX_SIGMA);
    const centre = clamp(m, least, most);
    return { ...solveLinear(points, { m: centre, sigma, slopeLimit }), m: centre, sigma };
  };
  // The range is three widths of the quotes: these lie within the quotes themselves.
  const starts = [1.1, 1.3, 1.5, 1.7, 1.9].flatMap((share) =>
    [0.05, 0.2, 0.6].map((relative) => [least + share * width, Math.log(relative * width)]),
  );
  const ranked = starts.map((start) => ({ start, value: solve(start).cost })).sort((a, b) => a.value - b.value);
  const optima = ranked
    .slice(0, 3)
    .map(
      ({ start }) => nelderMead({ f: (x) => solve(x).cost, start, step: [0.2 * width, 0.5], maxEvaluations: 250 }).x,
    );
  return [...optima, ...starts].map((x) => {
    const { a, c, d, m, sigma } = solve(x);
    return { a, b: c / sigma, rho: c === 0 ? 0 : clamp(d / c, -MAX_RHO, MAX_RHO), m, sigma };
  });
}

interface Linear {
  readonly a: number;
  readonly c: number;
  readonly d: number;
  readonly cost: number;
}

/**
 * min Σ weight·((a + d·y + c·z − v) / 2√v)² over |d| ≤ ρ·c and c + |d| ≤ Lee's bound, with z = √(y² + 1): the minimum is
 * inside, or on one of the region's four edges, or at one of their corners.
 */
function solveLinear(
  points: readonly Point[],
  { m, sigma, slopeLimit }: { m: number; sigma: number; slopeLimit: number },
): Linear {
  const rows = points.map(({ k, volatility, weight }) => {
    const y = (k - m) / sigma;
    return { y, z: Math.sqrt(y * y + 1), v: volatility * volatility, w: weight / (4 * volatility * volatility) };
  });
  const limit = slopeLimit * sigma;
  const isInside = (c: number, d: number) => {
    const slack = 1e-9 * limit;
    return c >= -slack && Math.abs(d) <= MAX_RHO * c + slack && c + Math.abs(d) <= limit + slack;
  };
  const costOf = (a: number, c: number, d: number) =>
    rows.reduce((sum, { y, z, v, w }) => sum + w * (a + d * y + c * z - v) ** 2, 0);

  // Centred on their weighted means, a drops out.
  const total = rows.reduce((sum, { w }) => sum + w, 0);
  const mean = (of: (row: (typeof rows)[number]) => number) =>
    rows.reduce((sum, row) => sum + row.w * of(row), 0) / total;
  const [y0, z0, v0] = [mean(({ y }) => y), mean(({ z }) => z), mean(({ v }) => v)];
  let [yy, yz, zz, yv, zv] = [0, 0, 0, 0, 0];
  for (const { y, z, v, w } of rows) {
    yy += w * (y - y0) ** 2;
    yz += w * (y - y0) * (z - z0);
    zz += w * (z - z0) ** 2;
    yv += w * (y - y0) * (v - v0);
    zv += w * (z - z0) * (v - v0);
  }
  let best: Linear | undefined;
  const consider = (c: number, d: number) => {
    if (!Number.isFinite(c) || !Number.isFinite(d) || !isInside(c, d)) return;
    const [size, skew] = [Math.max(c, 0), clamp(d, -MAX_RHO * Math.max(c, 0), MAX_RHO * Math.max(c, 0))];
    const a = v0 - skew * y0 - size * z0;
    const cost = costOf(a, size, skew);
    if (best === undefined || cost < best.cost) best = { a, c: size, d: skew, cost };
  };
  const determinant = yy * zz - yz * yz;
  if (determinant > 1e-12 * yy * zz) consider((yy * zv - yz * yv) / determinant, (zz * yv - yz * zv) / determinant);
  // Edges: (c, d) = origin + t · direction.
  const corner = limit / (1 + MAX_RHO);
  const corners = [
    [0, 0],
    [limit, 0],
    [corner, MAX_RHO * corner],
    [corner, -MAX_RHO * corner],
  ] as const;
  for (const [i, j] of [
    [0, 2],
    [0, 3],
    [2, 1],
    [3, 1],
  ] as const) {
    const [from, to] = [corners[i]!, corners[j]!];
    const [dc, dd] = [to[0] - from[0], to[1] - from[1]];
    const curvature = dc * dc * zz + 2 * dc * dd * yz + dd * dd * yy;
    const slope = dc * (zv - from[0] * zz - from[1] * yz) + dd * (yv - from[0] * yz - from[1] * yy);
    const t = curvature > 0 ? clamp(slope / curvature, 0, 1) : 0;
    consider(from[0] + t * dc, from[1] + t * dd);
  }
  for (const [c, d] of corners) consider(c, d);
  return best ?? { a: v0, c: 0, d: 0, cost: costOf(v0, 0, 0) };
}

// ------------------------------------------------------------------ all five, with the conditions

/** From the most promising of the first search's slices, judged with the penalty, the one that ends best. */
function search(points: readonly Point[], options: CalibrationOptions): SviParameters {
  const judge = (slice: SviParameters) => ({ slice, value: objectiveOf(slice, points, options) });
  const ranked = quasiExplicit(points, options.secondsToExpiry)
    .map(judge)
    .sort((a, b) => a.value - b.value);
  let best = ranked[0]!;
  for (const { slice } of ranked.slice(0, STARTS)) {
    const improved = judge(improve(slice, points, options));
    if (improved.value < best.value) best = improved;
    if (best.value < GOOD_ENOUGH) break;
  }
  return best.slice;
}

/** Minimises the distance in volatility plus a penalty on arbitrage. */
function improve(start: SviParameters, points: readonly Point[], options: CalibrationOptions): SviParameters {
  const slopeLimit = slopeLimitOf(options.secondsToExpiry);
  const range = rangeOf(points);
  const decode = ([a = 0, logB = 0, t = 0, centre = 0, logSigma = 0]: readonly number[]): SviParameters => {
    const rho = MAX_RHO * Math.tanh(t);
    const sigma = clamp(Math.exp(logSigma), MIN_SIGMA, MAX_SIGMA);
    const b = Math.min(Math.exp(logB), slopeLimit / (1 + Math.abs(rho)));
    const m = clamp(centre, range.least, range.most);
    return { a: clamp(a, MIN_VARIANCE - b * sigma * Math.sqrt(1 - rho * rho), MAX_A), b, rho, m, sigma };
  };
  const f = (x: readonly number[]): number => objectiveOf(decode(x), points, options);
  let x = [
    start.a,
    Math.log(Math.max(start.b, 1e-6)),
    Math.atanh(clamp(start.rho / MAX_RHO, -0.9999, 0.9999)),
    start.m,
    Math.log(start.sigma),
  ];
  const scale = Math.max(sviVariance(start, 0), 0.01);
  // A simplex that has collapsed is opened again, smaller each time.
  for (const size of [1, 0.3, 0.1]) {
    const step = [0.1 * scale * size, 0.3 * size, 0.3 * size, 0.05 * size, 0.3 * size];
    x = nelderMead({ f, start: x, step, maxEvaluations: 500 }).x;
  }
  return decode(x);
}

/** Weighted mean of the squared distances in volatility, and the penalty. */
function objectiveOf(slice: SviParameters, points: readonly Point[], options: CalibrationOptions): number {
  let [squares, total] = [0, 0];
  for (const { k, volatility, weight } of points) {
    squares += weight * (sviVolatility(slice, k) - volatility) ** 2;
    total += weight;
  }
  return squares / total + PENALTY * arbitrage(slice, options);
}

/** How much the conditions are broken on the fine grid, with their margins; 0 = not at all. */
function arbitrage(
  slice: SviParameters,
  { secondsToExpiry, before, after }: Pick<CalibrationOptions, "secondsToExpiry" | "before" | "after">,
): number {
  const least = slice.a + slice.b * slice.sigma * Math.sqrt(Math.max(1 - slice.rho ** 2, 0));
  let broken = square(MIN_VARIANCE / 2 - least);
  const steepness = (secondsToExpiry / SECONDS_PER_YEAR) * slice.b * (1 + Math.abs(slice.rho));
  broken += square(steepness - 2 * (1 - MARGIN));
  if (least <= 0) return broken + 1;
  for (const k of finePoints(slice, secondsToExpiry)) {
    broken += square(MARGIN - durrleman(slice, secondsToExpiry, k)) / FINE_POINTS;
  }
  const here = { slice, secondsToExpiry };
  if (before !== undefined) broken += crossing(before, here);
  if (after !== undefined) broken += crossing(here, after);
  return broken;
}

/** Square of what a condition lacks. */
const square = (lacking: number): number => (lacking > 0 ? lacking * lacking : 0);

/** How much the later of two neighbours lies below the earlier, relative to it. */
function crossing(near: Neighbour, far: Neighbour): number {
  let broken = 0;
  const wing = ({ slice, secondsToExpiry }: Neighbour, side: number) =>
    (secondsToExpiry / SECONDS_PER_YEAR) * slice.b * (1 + side * slice.rho);
  for (const side of [-1, 1]) broken += square(wing(near, side) * (1 + MARGIN) + 1e-9 - wing(far, side));
  const ks = [...finePoints(near.slice, near.secondsToExpiry), ...finePoints(far.slice, far.secondsToExpiry)];
  for (const k of ks) {
    const nearer = near.secondsToExpiry * sviVariance(near.slice, k) * (1 + MARGIN);
    broken += square(1 - (far.secondsToExpiry * sviVariance(far.slice, k)) / nearer) / ks.length;
  }
  return broken;
}

/** From eight widths left of m to eight right of it, and beyond: the range that the contract looks at, and more. */
function finePoints(slice: SviParameters, seconds: number): number[] {
  const deviation = Math.sqrt((sviVariance(slice, 0) * seconds) / SECONDS_PER_YEAR);
  const width = Math.max(slice.sigma, deviation);
  const inner = Math.min(slice.sigma, deviation);
  return Array.from({ length: FINE_POINTS }, (_, i) => {
    const x = (2 * i) / (FINE_POINTS - 1) - 1;
    // Denser around m: from a fifth of the smaller of the two scales to ten widths.
    const distance = Math.sinh(Math.abs(x) * Math.asinh((50 * width) / inner)) * (inner / 5);
    return slice.m + Math.sign(x) * distance;
  });
}

// ------------------------------------------------------------------ what the contract takes

/** The fit as the slot holds it, or the nearest mix of it with a slice that passes which passes too. */
function makeAcceptable(
  best: SviParameters,
  quoted: readonly Point[],
  options: CalibrationOptions,
): { slice: SviParameters; kept: number } {
  const rounded = (slice: SviParameters): SviParameters =>
    unpackSlice(packSlice({ ...slice, postedAt: 0, atTheMoneyVolatility: 0, spread: options.spread }));
  const first = rounded(best);
  if (isAcceptable(first, options)) return { slice: first, kept: 1 };
  for (const fallback of fallbacks(quoted, options)) {
    if (!isAcceptable(rounded(fallback), options)) continue;
    for (let part = 63; part >= 0; part--) {
      const slice = rounded(mix(fallback, best, part / 64));
      if (isAcceptable(slice, options)) return { slice, kept: part / 64 };
    }
  }
  throw new CalibrationError(
    "no slice near these quotes is free of arbitrage beside the neighbouring expiries: post those in the same call, or check the quotes",
  );
}

/** Slices that are likely to pass: flat, and the shapes of whatever is there already, at the level of the quotes. */
function fallbacks(
  quoted: readonly Point[],
  { previous, before, after, secondsToExpiry }: CalibrationOptions,
): SviParameters[] {
  const total = quoted.reduce((sum, { weight }) => sum + weight, 0);
  const mean = quoted.reduce((sum, { weight, volatility }) => sum + weight * volatility, 0) / total;
  const scaled = ({ a, b, ...shape }: SviParameters, factor: number) => ({ a: a * factor, b: b * factor, ...shape });
  const shapes = [previous, before?.slice, after?.slice].filter((slice) => slice !== undefined);
  const atMean = shapes.map((slice) => scaled(slice, mean ** 2 / sviVariance(slice, 0)));
  // The neighbours' own total variance, a hair to the right side of it.
  const atNeighbour = [
    ...(before === undefined ? [] : [scaled(before.slice, (1.001 * before.secondsToExpiry) / secondsToExpiry)]),
    ...(after === undefined ? [] : [scaled(after.slice, (0.999 * after.secondsToExpiry) / secondsToExpiry)]),
  ];
  return [...atMean, flat(mean), ...shapes, ...atNeighbour];
}

function mix(from: SviParameters, to: SviParameters, part: number): SviParameters {
  const between = (key: keyof SviParameters) => from[key] + part * (to[key] - from[key]);
  return { a: between("a"), b: between("b"), rho: between("rho"), m: between("m"), sigma: between("sigma") };
}

function clamp(x: number, least: number, most: number): number {
  return Math.min(Math.max(x, least), most);
}

/** A post as `VolatilitySurface.post` takes it. */
export function postOf(expiry: bigint, slice: SviSlice) {
  const units = (value: number, perUnit: number) => BigInt(Math.round(value * perUnit));
  return {
    expiry,
    a: units(slice.a, 1e9),
    b: units(slice.b, 1e9),
    rho: units(slice.rho, 1e6),
    m: units(slice.m, 1e8),
    sigma: units(slice.sigma, 1e8),
    spread: units(slice.spread, 1e4),
  };
}
