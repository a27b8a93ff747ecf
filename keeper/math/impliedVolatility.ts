import { millsRatio, normalDensity } from "./normalDistribution.ts";
import type { ExpiryContext } from "./optionMath.ts";

/** The price is not one that any volatility gives: not above intrinsic value, or not below the upper bound. */
export class NoImpliedVolatility extends RangeError {
  readonly price: number;
  readonly lowerBound: number;
  readonly upperBound: number;

  constructor(price: number, lowerBound: number, upperBound: number) {
    super(`expected a price above ${lowerBound} and below ${upperBound}, got ${price}`);
    this.name = "NoImpliedVolatility";
    this.price = price;
    this.lowerBound = lowerBound;
    this.upperBound = upperBound;
  }
}

const MAX_ITERATIONS = 64;
const RELATIVE_TOLERANCE = 4e-16;
const SQRT_2_PI = Math.sqrt(2 * Math.PI);

/**
 * The volatility at which {@link optionPrice} gives `price`.
 *
 * Newton's method on the option out of the money, in units of D·√(FK), guarded by a bracket. The price is convex in
 * total volatility below its inflection point √(2·|ln(F/K)|) and concave above: below, the equation solved is
 * 1/√(−ln price), which is almost linear there; above, it is the price, or near its upper bound the logarithm of
 * the distance to it.
 *
 * @throws {NoImpliedVolatility} when no volatility gives the price.
 */
export function impliedVolatility(
  context: ExpiryContext,
  option: { spot: number; strike: number; price: number; isCall: boolean },
): number {
  const { spot, strike, price, isCall } = option;
  const discountedForward = context.discount * context.forwardFactor * spot;
  const discountedStrike = context.discount * strike;
  const intrinsic = Math.max(isCall ? discountedForward - discountedStrike : discountedStrike - discountedForward, 0);
  const upperBound = isCall ? discountedForward : discountedStrike;
  const unit = Math.sqrt(discountedForward * discountedStrike);
  const target = (price - intrinsic) / unit;
  const moneyness = -Math.abs(Math.log(spot / strike) + context.logForward);
  const limit = Math.exp(moneyness / 2);
  if (!(target > 0 && target < limit && context.sqrtYears > 0)) {
    throw new NoImpliedVolatility(price, intrinsic, upperBound);
  }
  return totalVolatilityOf(moneyness, target, limit) / context.sqrtYears;
}

/** Solves b(x, s) = target for s, where b = e^(x/2)·Φ(x/s + s/2) − e^(−x/2)·Φ(x/s − s/2) and x ≤ 0. */
function totalVolatilityOf(x: number, target: number, limit: number): number {
  const inflection = Math.sqrt(-2 * x);
  const isLow = x < 0 && target < normalisedPrice(x, inflection).price;
  const isHigh = !isLow && target > limit / 2;
  let lower = isLow ? 0 : inflection;
  let upper = isLow ? inflection : Number.POSITIVE_INFINITY;
  let s = isLow ? inflection : Math.max(inflection, target * SQRT_2_PI);

  for (let i = 0; i < MAX_ITERATIONS; ++i) {
    const { price, complement, vega } = normalisedPrice(x, s);
    if (price > target) upper = Math.min(upper, s);
    else lower = Math.max(lower, s);

    let step: number;
    if (isLow) {
      const logPrice = Math.log(price);
      const logTarget = Math.log(target);
      // f = 1/√(−ln b) − 1/√(−ln target), f' = b' / (2·b·(−ln b)^1.5).
      step = ((1 / Math.sqrt(-logPrice) - 1 / Math.sqrt(-logTarget)) * 2 * price * (-logPrice) ** 1.5) / vega;
    } else if (isHigh) {
      step = (-Math.log(complement / (limit - target)) * complement) / vega;
    } else {
      step = (price - target) / vega;
    }
    let next = s - step;
    if (!(next > lower && next < upper)) next = upper === Number.POSITIVE_INFINITY ? 2 * s : (lower + upper) / 2;
    const moved = Math.abs(next - s);
    s = next;
    if (moved <= RELATIVE_TOLERANCE * s) break;
  }
  return s;
}

/** b(x, s), e^(x/2) − b and ∂b/∂s. */
function normalisedPrice(x: number, s: number): { price: number; complement: number; vega: number } {
  const d1 = x / s + s / 2;
  const d2 = x / s - s / 2;
  const vega = Math.exp(x / 2) * normalDensity(d1);
  const strikeTail = vega * millsRatio(-d2);
  if (d1 < 0) {
    const price = vega * millsRatio(-d1) - strikeTail;
    return { price, complement: Math.exp(x / 2) - price, vega };
  }
  const complement = vega * millsRatio(d1) + strikeTail;
  return { price: Math.exp(x / 2) - complement, complement, vega };
}
