/**
 * What an option costs by the rules (RULES.md Q1–Q4, E4), in floating point and from the keeper's twins of the libraries:
 * written from the rules and not from the contract, so that each checks the other.
 */
import { contractBand } from "../../keeper/math/impulseBand.ts";
import { expiryContext, type Greeks, optionGreeks, SECONDS_PER_YEAR } from "../../keeper/math/optionMath.ts";
import { type SviParameters, sviVolatility } from "../../keeper/math/svi.ts";

/** One strike of the expiry with what is open, in options. */
export interface OpenStrike {
  readonly strike: number;
  readonly calls: number;
  readonly puts: number;
}

/** What the oracles and the market say. */
export interface Conditions {
  readonly spot: number;
  /** ε, a part of spot. */
  readonly doubt: number;
  /** Undefined: the venue cannot be read. */
  readonly mark: number | undefined;
  /** b, a year. */
  readonly carry: number;
  readonly seconds: number;
  readonly slice: SviParameters;
  /** s(t). */
  readonly spread: number;
  /** λ. */
  readonly proportionalCost: number;
  /** C, quote. */
  readonly fixedCost: number;
  /** Open contracts of all expiries. */
  readonly openCalls: number;
  readonly openPuts: number;
  readonly vegaCapacity: number;
  readonly strikes: readonly OpenStrike[];
  /** The surface is clamped or stale. */
  readonly isSurfaceBehind: boolean;
}

export interface Series {
  readonly strike: number;
  readonly isCall: boolean;
}

export interface Spread {
  readonly worsePrice: number;
  readonly volatility: number;
  readonly hedging: number;
  readonly spot: number;
  readonly convexity: number;
  readonly carry: number;
  readonly halfSpread: number;
}

export interface ReferenceQuote {
  readonly premium: number;
  readonly proceeds: number;
  readonly floor: number;
  readonly forward: number;
  readonly volatility: number;
  readonly value: number;
  readonly intrinsic: number;
  readonly delta: number;
  readonly jumpDelta: number;
  readonly vega: number;
  readonly shortVega: number;
  readonly buyer: Spread;
  readonly seller: Spread;
  readonly buySkew: number;
  readonly sellSkew: number;
}

const MIN_SECONDS = 600;
const MIN_CONTRACTS = 5;
const RISK_AVERSION = 100;
const TURNOVER = 0.7;
const CARRY_DOUBT = 0.04;
const KAPPA = 0.1;
const MAX_VOLATILITY = 10;

/** In quote, before it is rounded to units of the token. */
export function referenceQuote(world: Conditions, series: Series, size: number, factor = 1): ReferenceQuote {
  const { spot, mark } = world;
  const seconds = Math.max(world.seconds, MIN_SECONDS);
  const context = expiryContext({ seconds, carry: world.carry, rate: 0 });
  const forward = spot * Math.exp((world.carry * seconds) / SECONDS_PER_YEAR);
  const at = (price: number, strike = series.strike, isCall = series.isCall) => {
    const k = Math.log(strike / price) - context.logForward;
    const volatility = Math.min(sviVolatility(world.slice, k), MAX_VOLATILITY);
    return { volatility, ...optionGreeks(context, { spot: price, strike, volatility, isCall }) };
  };
  const here = at(spot);
  const values = [here.price, mark === undefined ? here.price : at(mark).price];
  const dearest = Math.max(...values);
  const cheapest = Math.min(...values);
  const intrinsic = Math.max(0, series.isCall ? forward - series.strike : series.strike - forward);

  const highest = at(spot * (1 + (series.isCall ? world.doubt : -world.doubt))).price;
  const lowest = at(spot * (1 - (series.isCall ? world.doubt : -world.doubt))).price;
  const spreadOf = (contracts: number, worsePrice: number, move: number, times: number): Spread => {
    const notional = Math.abs(here.delta) * spot;
    const addends = {
      worsePrice,
      volatility: world.spread * here.vega,
      hedging: hedgingCost(world, here, seconds, contracts),
      spot: notional * world.doubt,
      convexity: Math.max(0.5 * here.gamma * spot * world.doubt ** 2, move - notional * world.doubt),
      carry: (CARRY_DOUBT * seconds * notional) / SECONDS_PER_YEAR,
    };
    const { volatility, hedging, spot: spotAddend, convexity, carry } = addends;
    return { ...addends, halfSpread: times * (Math.max(volatility, hedging) + carry) + spotAddend + convexity };
  };
  const open = series.isCall ? world.openCalls : world.openPuts;
  const buyer = spreadOf(open + size, dearest - here.price, highest - here.price, factor);
  const seller = spreadOf(open - size, here.price - cheapest, here.price - lowest, 1);

  let shortVega = 0;
  for (const { strike, calls, puts } of world.strikes) shortVega += (calls + puts) * at(spot, strike).vega;
  // A parabola up to V_cap. Beyond it nothing is sold, and what is open there comes back along the tangent.
  const half = world.vegaCapacity === 0 ? 0 : KAPPA / (2 * world.vegaCapacity);
  const parabola = (vega: number) => half * Math.max(vega, 0) ** 2;
  const withTangent = (vega: number) =>
    parabola(Math.min(vega, world.vegaCapacity)) + (half && KAPPA * Math.max(vega - world.vegaCapacity, 0));
  const buySkew = parabola(shortVega + size * here.vega) - parabola(shortVega);
  const sellSkew = withTangent(shortVega) - withTangent(shortVega - size * here.vega);

  const floor = Math.max(size * cheapest + buySkew, size * intrinsic);
  const premium = Math.max(size * (dearest + buyer.halfSpread) + buySkew, floor);
  let proceeds = Math.max(size * (cheapest - seller.halfSpread) + sellSkew, 0);
  if (world.isSurfaceBehind) proceeds = Math.min(proceeds, size * intrinsic);
  const { volatility, price: value, delta, vega } = here;
  const jumpDelta = Math.max(Math.abs(delta), Math.abs(at(spot * (series.isCall ? 1.02 : 0.98)).delta));
  return {
    premium,
    proceeds,
    floor,
    forward,
    volatility,
    value,
    intrinsic,
    delta,
    jumpDelta,
    vega,
    shortVega,
    buyer,
    seller,
    buySkew,
    sellSkew,
  };
}

/** S·{2λ|Δ| + .7·T·(Gσ)²·[f/(H² − h²) + λ/(H + h)]}. */
function hedgingCost(
  { spot, proportionalCost, fixedCost }: Conditions,
  { delta, gamma, volatility }: Greeks & { readonly volatility: number },
  seconds: number,
  contracts: number,
): number {
  const f = fixedCost / (Math.max(contracts, MIN_CONTRACTS) * spot);
  const { outer, inner } = contractBand({ gamma, proportionalCost, fixedCost: f, riskAversion: RISK_AVERSION });
  let rate = outer === 0 ? 0 : proportionalCost / (outer + inner);
  if (f > 0 && outer > 0) rate += f / (outer ** 2 - inner ** 2);
  // Below the last digit of a WAD there is no gamma, and its square would be none in floating point.
  if (gamma < 1e-18) rate = 0;
  const turnover = TURNOVER * (seconds / SECONDS_PER_YEAR) * (gamma * volatility) ** 2 * rate;
  return spot * (2 * proportionalCost * Math.abs(delta) + turnover);
}
