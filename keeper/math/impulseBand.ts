import { SECONDS_PER_YEAR } from "./optionMath.ts";

/** A band of deviation: trade only outside `outer`, and then only back to `inner`, on the same side. */
export interface Band {
  readonly outer: number;
  readonly inner: number;
}

/** What a trade costs and what a deviation costs, per unit of open interest. */
export interface ContractTerms {
  /** G = S·Γ per contract, dimensionless. */
  readonly gamma: number;
  /** λ: fee, half spread and impact as a fraction of notional. */
  readonly proportionalCost: number;
  /** f = C / (N·S): fixed cost of a rebalance as a fraction of the book's notional. */
  readonly fixedCost: number;
  /** a, dimensionless. */
  readonly riskAversion: number;
}

export interface BookTerms {
  /** N: the larger of open calls and open puts, in contracts; 0 when nothing is open. */
  readonly contracts: number;
  /** S, quote per underlying. */
  readonly spot: number;
  /** S·|Γ| of the whole book in underlying, as `OptionMath.sol` sums it. */
  readonly gamma: number;
  readonly proportionalCost: number;
  /** C in quote. */
  readonly fixedCost: number;
  readonly riskAversion: number;
  readonly volatility: number;
  /** Longest open life. */
  readonly seconds: number;
}

/** Below this life the floor no longer rises. */
export const MIN_LIFE_SECONDS = 3_600;

const LN_64_3 = Math.log(64 / 3);
const MAX_ITERATIONS = 50;

/**
 * The two-boundary impulse band: E⁹ = Q·(1+E)⁴·(2+E) with Q = (64/3)·f³·a / (λ⁴·G²), then
 * H = (3·G²·λ/a · (1+E)² / (2+E))^(1/3) and h = H / (1+E). In y = −ln E the equation is convex and almost linear.
 *
 * Without a fixed cost it is Whalley–Wilmott's, H = h; without a proportional cost it is (12·f·G²/a)^(1/4) to zero.
 */
export function contractBand(terms: ContractTerms): Band {
  const { gamma, proportionalCost, fixedCost, riskAversion } = terms;
  if (gamma === 0) return { outer: 0, inner: 0 };
  const lnScale = 2 * Math.log(gamma) - Math.log(riskAversion);
  if (proportionalCost === 0) {
    return { outer: fixedCost === 0 ? 0 : Math.exp((Math.log(12 * fixedCost) + lnScale) / 4), inner: 0 };
  }
  if (fixedCost === 0) {
    const edge = Math.exp((Math.log(1.5 * proportionalCost) + lnScale) / 3);
    return { outer: edge, inner: edge };
  }
  const lnQ = LN_64_3 + 3 * Math.log(fixedCost) - 4 * Math.log(proportionalCost) - lnScale;
  const lnE = solveLogRatio(lnQ);
  const ratio = Math.exp(lnE);
  const lnOnePlus = Math.log1p(ratio);
  const outer = Math.exp((Math.log(3 * proportionalCost) + lnScale + 2 * lnOnePlus - Math.log(2 + ratio)) / 3);
  return { outer, inner: outer / (1 + ratio) };
}

/** The floor when gamma fades: h₀ = λ / (a·σ²·τ), H₀ = h₀ + √(2f / (a·σ²·τ)), with `variance` = σ²·τ. */
export function floorBand(terms: Omit<ContractTerms, "gamma"> & { readonly variance: number }): Band {
  const penalty = terms.riskAversion * terms.variance;
  const inner = terms.proportionalCost / penalty;
  return { outer: inner + Math.sqrt((2 * terms.fixedCost) / penalty), inner };
}

/**
 * The band of a book, in underlying. Without open interest the target is zero, and what is left of the hedge is worth
 * closing once its proportional cost exceeds the fixed one: the outer edge is C / (λ·S).
 */
export function bookBand(terms: BookTerms): Band {
  const { contracts, spot, proportionalCost, riskAversion } = terms;
  if (contracts === 0) {
    const outer = terms.fixedCost === 0 ? 0 : terms.fixedCost / (proportionalCost * spot);
    return { outer, inner: 0 };
  }
  const fixedCost = terms.fixedCost / (contracts * spot);
  const contract = contractBand({ gamma: terms.gamma / contracts, proportionalCost, fixedCost, riskAversion });
  const years = Math.max(terms.seconds, MIN_LIFE_SECONDS) / SECONDS_PER_YEAR;
  const variance = terms.volatility * terms.volatility * years;
  const floor = floorBand({ proportionalCost, fixedCost, riskAversion, variance });
  return {
    outer: contracts * Math.max(contract.outer, floor.outer),
    inner: contracts * Math.max(contract.inner, floor.inner),
  };
}

/** Net delta after the trade that the band asks for: unchanged inside `outer`, else `inner` with the same sign. */
export function targetDelta(netDelta: number, band: Band): number {
  return Math.abs(netDelta) > band.outer ? Math.sign(netDelta) * band.inner : netDelta;
}

/** |log return| of spot that uses up the band, (outer − |net|) / (S·Γ): 0 outside it, infinite without gamma. */
export function returnToOuter(netDelta: number, band: Band, gamma: number): number {
  const room = band.outer - Math.abs(netDelta);
  if (room <= 0) return 0;
  return gamma === 0 ? Number.POSITIVE_INFINITY : room / gamma;
}

function solveLogRatio(lnQ: number): number {
  // The two asymptotes: E ~ (2Q)^(1/9) when it is small, Q^(1/4) when it is large.
  let y = lnQ < 0 ? -(lnQ + Math.LN2) / 9 : -lnQ / 4;
  for (let i = 0; i < MAX_ITERATIONS; ++i) {
    const ratio = Math.exp(-y);
    const residual = 9 * y + 4 * Math.log1p(ratio) + Math.log(2 + ratio) + lnQ;
    const slope = 9 - (4 * ratio) / (1 + ratio) - ratio / (2 + ratio);
    const step = residual / slope;
    y -= step;
    if (Math.abs(step) <= 1e-15 * (1 + Math.abs(y))) break;
  }
  return -y;
}
