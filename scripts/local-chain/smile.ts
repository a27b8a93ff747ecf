/** The smile that the local curator shows: what a market in ETH looks like on a quiet day. */
import { SECONDS_PER_YEAR } from "../../keeper/math/optionMath.ts";
import type { SviSlice } from "../../keeper/math/svi.ts";
import { calibrate, type Neighbour } from "../../keeper/surface/calibrate.ts";

/** At the money. */
export const LEVEL = 0.65;
/** What a strike's volatility gains per deviation that it lies lower, and per square of it, as parts of the level. */
const SKEW = 0.03;
const CURVATURE = 0.012;
const DEVIATIONS = [-2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5] as const;
/** The doubt of a post: 1.5 points. */
export const SPREAD = 0.015;

/** Fits a slice to eleven quotes, as the curator does with those of a market. */
export function smileSlice(options: {
  readonly secondsToExpiry: number;
  readonly level?: number;
  readonly before?: Neighbour;
  readonly after?: Neighbour;
}): SviSlice {
  const { secondsToExpiry, level = LEVEL, before, after } = options;
  const deviation = level * Math.sqrt(secondsToExpiry / SECONDS_PER_YEAR);
  const quotes = DEVIATIONS.map((x) => ({
    strike: Math.exp(x * deviation),
    volatility: level * (1 - SKEW * x + CURVATURE * x * x),
    weight: 1,
  }));
  return calibrate({ quotes, forward: 1, secondsToExpiry, spread: SPREAD, before, after }).slice;
}

/** The slice of an expiry at another level: the same shape. */
export function atLevel(slice: SviSlice, level: number): SviSlice {
  const factor = (level / slice.atTheMoneyVolatility) ** 2;
  return { ...slice, a: slice.a * factor, b: slice.b * factor, atTheMoneyVolatility: level };
}
