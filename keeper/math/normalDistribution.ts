/** Standard normal distribution in float64: the twin of `contracts/libraries/math/{MillsRatio,NormalDistribution}.sol`. */

const SQRT_2_PI = Math.sqrt(2 * Math.PI);

/** Coefficients of the Mills ratio by ascending power; `npm run fit -- --check` proves them to be the contract's. */
export const MILLS_NUMERATOR = [
  29588.068800305926, 34319.43262695562, 19934.768848578762, 7130.1713648665855, 1670.3026168147842, 254.51670834589538,
  23.351203546132503, 1,
] as const;
export const MILLS_DENOMINATOR = [
  23607.863279737056, 46219.2950530091, 40979.37458157495, 21554.999619539914, 7382.993851667257, 1693.6334720469995,
  255.5175952306749, 23.351184516410832, 1,
] as const;

/** Up to here the rational function is good to 5e-15 of R; beyond, the continued fraction is. */
const CONTINUED_FRACTION_FROM = 4;
const CONTINUED_FRACTION_DEPTH = 30;

/** Density φ(x). */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / SQRT_2_PI;
}

/**
 * Mills ratio R(x) = Φ(−x) / φ(x) for x ≥ 0. Its relative error stays below 1e-14 however far the tail goes, so that
 * options far out of the money keep their digits.
 */
export function millsRatio(x: number): number {
  if (x < CONTINUED_FRACTION_FROM) {
    const [p0, p1, p2, p3, p4, p5, p6] = MILLS_NUMERATOR;
    const [q0, q1, q2, q3, q4, q5, q6, q7] = MILLS_DENOMINATOR;
    const p = p0 + x * (p1 + x * (p2 + x * (p3 + x * (p4 + x * (p5 + x * (p6 + x))))));
    const q = q0 + x * (q1 + x * (q2 + x * (q3 + x * (q4 + x * (q5 + x * (q6 + x * (q7 + x)))))));
    return p / q;
  }
  // R(x) = 1 / (x + 1 / (x + 2 / (x + 3 / …))).
  let tail = x;
  for (let k = CONTINUED_FRACTION_DEPTH; k > 0; --k) tail = x + k / tail;
  return 1 / tail;
}

/** Distribution function Φ(x). */
export function normalCdf(x: number): number {
  const size = Math.abs(x);
  const tail = normalDensity(size) * millsRatio(size);
  return x < 0 ? tail : 1 - tail;
}
