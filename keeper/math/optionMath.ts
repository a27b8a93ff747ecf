import { millsRatio, normalDensity } from "./normalDistribution.ts";

/** A year has 365 days, as in the contracts. */
export const SECONDS_PER_YEAR = 31_536_000;

/** What every strike of an expiry shares. Rates are per year and may be negative; 0.05 is 5 %. */
export interface ExpiryContext {
  readonly years: number;
  readonly sqrtYears: number;
  /** Expected carry b: it moves the forward and does not discount. */
  readonly carry: number;
  /** Discount rate r. */
  readonly rate: number;
  /** b·T, the logarithm of forward over spot. */
  readonly logForward: number;
  /** e^(bT): forward over spot. */
  readonly forwardFactor: number;
  /** e^(−rT). */
  readonly discount: number;
}

/** One option. Spot and strike in quote per underlying; volatility per √year, 0.7 is 70 %. */
export interface Option {
  readonly spot: number;
  readonly strike: number;
  readonly volatility: number;
  readonly isCall: boolean;
}

/**
 * Value and sensitivities of one option, or of a book.
 *
 * delta = ∂V/∂S; gamma = S·∂²V/∂S², the change of delta for a relative change of spot, as `OptionMath.sol` has it;
 * vega = ∂V/∂σ per 1.00 of volatility; theta = ∂V/∂t per year.
 */
export interface Greeks {
  readonly price: number;
  readonly delta: number;
  readonly gamma: number;
  readonly vega: number;
  readonly theta: number;
}

/** One strike of a book with the open interest of its call and its put, in contracts; negative is short. */
export interface Leg {
  readonly strike: number;
  readonly volatility: number;
  readonly calls: number;
  readonly puts: number;
}

/**
 * The part of pricing that does not depend on the strike.
 *
 * @example
 * const week = expiryContext({ seconds: 604_800, carry: 0.11, rate: 0 });
 * optionGreeks(week, { spot: 3000, strike: 3100, volatility: 0.7, isCall: true }).delta;
 */
export function expiryContext(terms: { seconds: number; carry: number; rate: number }): ExpiryContext {
  const years = Math.max(terms.seconds, 0) / SECONDS_PER_YEAR;
  return {
    years,
    sqrtYears: Math.sqrt(years),
    carry: terms.carry,
    rate: terms.rate,
    logForward: terms.carry * years,
    forwardFactor: Math.exp(terms.carry * years),
    discount: Math.exp(-terms.rate * years),
  };
}

/**
 * Price and greeks in one pass: V = D·[F·Φ(d₁) − K·Φ(d₂)] for a call, F = S·e^(bT), D = e^(−rT); a put by parity.
 *
 * The side out of the money comes from the two tails and the other from parity, so that a small price keeps its digits.
 */
export function optionGreeks(context: ExpiryContext, option: Option): Greeks {
  const { carry, rate, discount, sqrtYears } = context;
  const { spot, strike, volatility, isCall } = option;
  const totalVolatility = volatility * sqrtYears;
  if (totalVolatility === 0) return intrinsicGreeks(context, option);

  const forward = spot * context.forwardFactor;
  const moneyness = Math.log(spot / strike) + context.logForward;
  const d1 = moneyness / totalVolatility + totalVolatility / 2;
  const d2 = d1 - totalVolatility;
  const density = normalDensity(d1);
  // F·φ(d₁) = K·φ(d₂): one exponential serves both tails and gamma, vega and theta.
  const forwardDensity = discount * forward * density;
  const forwardTail = forwardDensity * millsRatio(Math.abs(d1));
  const strikeTail = forwardDensity * millsRatio(Math.abs(d2));

  const discountedForward = discount * forward;
  const discountedStrike = discount * strike;
  const callIsOut = moneyness <= 0;
  // Each leg of the side out of the money: the tail itself, or its complement.
  const forwardLeg = callIsOut === d1 < 0 ? forwardTail : discountedForward - forwardTail;
  const strikeLeg = callIsOut === d2 < 0 ? strikeTail : discountedStrike - strikeTail;
  const outPrice = Math.max(callIsOut ? forwardLeg - strikeLeg : strikeLeg - forwardLeg, 0);
  const price = isCall === callIsOut ? outPrice : outPrice + Math.abs(discountedForward - discountedStrike);

  const spotFactor = discountedForward / spot;
  const callLeg = d1 < 0 ? forwardTail : discountedForward - forwardTail;
  const delta = isCall ? callLeg / spot : d1 < 0 ? forwardTail / spot - spotFactor : -forwardTail / spot;
  const gamma = forwardDensity / (spot * totalVolatility);
  const vega = forwardDensity * sqrtYears;
  const decay = (forwardDensity * volatility) / (2 * sqrtYears);
  // The Black–Scholes equation: V_t = r·V − b·S·Δ − ½σ²S²Γ.
  const theta = rate * price - carry * spot * delta - decay;
  return { price, delta, gamma, vega, theta };
}

/** Price alone: see {@link optionGreeks}. */
export function optionPrice(context: ExpiryContext, option: Option): number {
  return optionGreeks(context, option).price;
}

/** Net value and greeks of the legs of one expiry, signed as their open interest. */
export function bookGreeks(context: ExpiryContext, spot: number, legs: readonly Leg[]): Greeks {
  let price = 0;
  let delta = 0;
  let gamma = 0;
  let vega = 0;
  let theta = 0;
  for (const { strike, volatility, calls, puts } of legs) {
    for (const isCall of [true, false]) {
      const contracts = isCall ? calls : puts;
      if (contracts === 0) continue;
      const greeks = optionGreeks(context, { spot, strike, volatility, isCall });
      price += contracts * greeks.price;
      delta += contracts * greeks.delta;
      gamma += contracts * greeks.gamma;
      vega += contracts * greeks.vega;
      theta += contracts * greeks.theta;
    }
  }
  return { price, delta, gamma, vega, theta };
}

/** The limit σ·√T → 0: what is left is certain, so the option is worth its intrinsic value; half of it at the forward. */
function intrinsicGreeks(context: ExpiryContext, option: Option): Greeks {
  const { spot, strike, isCall } = option;
  const discountedForward = context.discount * spot * context.forwardFactor;
  const difference = discountedForward - context.discount * strike;
  const inTheMoney = isCall ? difference > 0 : difference < 0;
  const price = inTheMoney ? Math.abs(difference) : 0;
  const share = difference === 0 ? 0.5 : inTheMoney ? 1 : 0;
  const delta = ((isCall ? share : -share) * discountedForward) / spot;
  const vega = difference === 0 ? discountedForward * normalDensity(0) * context.sqrtYears : 0;
  const theta = context.rate * price - context.carry * spot * delta;
  return { price, delta, gamma: 0, vega, theta };
}
