/** Raw SVI of annualised variance: the twin of `contracts/libraries/Svi.sol`. */

import { SECONDS_PER_YEAR } from "./optionMath.ts";

/** v(k) = a + b·(ρ·(k − m) + √((k − m)² + σ²)), variance per year, with k = ln(K / F). */
export interface SviParameters {
  readonly a: number;
  readonly b: number;
  readonly rho: number;
  readonly m: number;
  readonly sigma: number;
}

/** A slice as the surface stores it. */
export interface SviSlice extends SviParameters {
  /** Unix seconds of the post. */
  readonly postedAt: number;
  /** 0.7 is 70 %. */
  readonly atTheMoneyVolatility: number;
  /** Doubt of the slice in volatility: 0.015 is 1.5 points. */
  readonly spread: number;
}

/** Variance per year and its first two derivatives in k. */
export interface SviDerivatives {
  readonly variance: number;
  readonly first: number;
  readonly second: number;
}

/** A condition that a slice breaks, by the names of `Svi.Violation`; `k` where it was seen at a point. */
export type SviCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly violation: "correlation" | "curvature" | "minimum" | "wingSlope" | "calendarWing" }
  | { readonly ok: false; readonly violation: "butterfly" | "calendar"; readonly k: number };

/** A number does not fit the field of the slot that it belongs to. */
export class SviFieldOutOfRange extends RangeError {
  readonly field: keyof SviSlice;
  readonly value: number;

  constructor(field: keyof SviSlice, value: number, least: number, greatest: number) {
    super(`expected ${field} between ${least} and ${greatest}, got ${value}`);
    this.name = "SviFieldOutOfRange";
    this.field = field;
    this.value = value;
  }
}

/** Least variance of a slice, a volatility of .003 %. */
const MIN_VARIANCE = 1e-9;

/** Distances of the points of a check from m, in widths; the same as in the contract. */
const DISTANCES = [0.4, 0.8, 1.2, 1.8, 2.6, 3.8, 5.5, 8] as const;

/** Fields of the slot from the lowest bit up: their units and widths. */
const LAYOUT = [
  { field: "a", unit: 1e-9, bits: 40, signed: true },
  { field: "b", unit: 1e-9, bits: 48, signed: false },
  { field: "rho", unit: 1e-6, bits: 24, signed: true },
  { field: "m", unit: 1e-8, bits: 32, signed: true },
  { field: "sigma", unit: 1e-8, bits: 32, signed: false },
  { field: "postedAt", unit: 1, bits: 32, signed: false },
  { field: "atTheMoneyVolatility", unit: 1e-6, bits: 32, signed: false },
  { field: "spread", unit: 1e-4, bits: 16, signed: false },
] as const;

/** Variance per year at k; 0 where an unchecked slice is negative. */
export function sviVariance(slice: SviParameters, k: number): number {
  const x = k - slice.m;
  return Math.max(slice.a + slice.b * (slice.rho * x + Math.hypot(x, slice.sigma)), 0);
}

/** Implied volatility at k. */
export function sviVolatility(slice: SviParameters, k: number): number {
  return Math.sqrt(sviVariance(slice, k));
}

export function sviDerivatives(slice: SviParameters, k: number): SviDerivatives {
  const x = k - slice.m;
  const root = Math.hypot(x, slice.sigma);
  return {
    variance: sviVariance(slice, k),
    first: slice.b * (slice.rho + (root === 0 ? 0 : x / root)),
    second: root === 0 ? 0 : (slice.b * slice.sigma * slice.sigma) / root ** 3,
  };
}

/** Durrleman's function of w = T·v: the density at k is not negative where this is not. */
export function durrleman(slice: SviParameters, seconds: number, k: number): number {
  const { variance, first, second } = sviDerivatives(slice, k);
  const years = seconds / SECONDS_PER_YEAR;
  const ratio = 1 - (k * first) / (2 * variance);
  const slope = years * first;
  return ratio * ratio - (slope * first) / (4 * variance) - (slope * slope) / 16 + (years * second) / 2;
}

/** Whether a slice on its own admits static arbitrage, by the conditions and at the points of the contract. */
export function checkSlice(slice: SviParameters, seconds: number): SviCheck {
  const rho = Math.abs(slice.rho);
  if (rho >= 1) return { ok: false, violation: "correlation" };
  if (slice.sigma <= 0) return { ok: false, violation: "curvature" };
  if (slice.a + slice.b * slice.sigma * Math.sqrt(1 - rho * rho) < MIN_VARIANCE)
    return { ok: false, violation: "minimum" };
  if ((seconds / SECONDS_PER_YEAR) * slice.b * (1 + rho) > 2) return { ok: false, violation: "wingSlope" };
  for (const k of checkPoints(slice, seconds)) {
    if (durrleman(slice, seconds, k) < 0) return { ok: false, violation: "butterfly", k };
  }
  return { ok: true };
}

/** Whether the later of two slices has the larger total variance, at the points of both and on both wings. */
export function checkCalendar(
  near: { slice: SviParameters; seconds: number },
  far: { slice: SviParameters; seconds: number },
): SviCheck {
  for (const side of [-1, 1]) {
    const nearSlope = near.seconds * near.slice.b * (1 + side * near.slice.rho);
    const farSlope = far.seconds * far.slice.b * (1 + side * far.slice.rho);
    if (farSlope < nearSlope) return { ok: false, violation: "calendarWing" };
  }
  for (const k of [...checkPoints(near.slice, near.seconds), ...checkPoints(far.slice, far.seconds)]) {
    if (far.seconds * sviVariance(far.slice, k) < near.seconds * sviVariance(near.slice, k)) {
      return { ok: false, violation: "calendar", k };
    }
  }
  return { ok: true };
}

/** The 17 points around m, as wide as the wider of σ and the total volatility at the money. */
export function checkPoints(slice: SviParameters, seconds: number): number[] {
  const deviation = Math.sqrt((sviVariance(slice, 0) * seconds) / SECONDS_PER_YEAR);
  const width = Math.max(slice.sigma, deviation);
  return [slice.m, ...DISTANCES.flatMap((distance) => [slice.m + width * distance, slice.m - width * distance])];
}

/**
 * The slot of a slice, each field rounded to its unit.
 *
 * @throws {SviFieldOutOfRange} when a field does not fit.
 */
export function packSlice(slice: SviSlice): bigint {
  let word = 0n;
  let shift = 0n;
  for (const { field, unit, bits, signed } of LAYOUT) {
    const least = signed ? -(2 ** (bits - 1)) : 0;
    const greatest = 2 ** (signed ? bits - 1 : bits) - 1;
    const units = Math.round(slice[field] / unit);
    if (!(units >= least && units <= greatest)) {
      throw new SviFieldOutOfRange(field, slice[field], least * unit, greatest * unit);
    }
    word |= BigInt.asUintN(bits, BigInt(units)) << shift;
    shift += BigInt(bits);
  }
  return word;
}

/** The slice in a slot. */
export function unpackSlice(word: bigint): SviSlice {
  const slice: Record<keyof SviSlice, number> = {
    a: 0,
    b: 0,
    rho: 0,
    m: 0,
    sigma: 0,
    postedAt: 0,
    atTheMoneyVolatility: 0,
    spread: 0,
  };
  let shift = 0n;
  for (const { field, unit, bits, signed } of LAYOUT) {
    const raw = word >> shift;
    // Dividing by the whole reciprocal gives the double next to the decimal, which a product with 1e-9 would not.
    slice[field] = Number(signed ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw)) / Math.round(1 / unit);
    shift += BigInt(bits);
  }
  return slice;
}
