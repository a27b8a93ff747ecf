import { expect } from "chai";
import fc from "fast-check";

/** Below 2^-1000 a double counts as 0. */
const MAX_EXPONENT = 1_000;

/** Two numbers are within `tolerance`; chai's own closeTo is one for integers wherever Hardhat's matchers are loaded. */
export function expectClose(actual: number, expected: number, tolerance: number, what = "value"): void {
  const distance = Math.abs(actual - expected);
  expect(distance <= tolerance, `${what}: ${actual} is ${distance} from ${expected}, allowed ${tolerance}`).to.equal(
    true,
  );
}

/** The double's exact value, rounded to WAD. */
export function toWad(value: number): bigint {
  return toScaled(value, 10n ** 18n);
}

export function fromWad(value: bigint): number {
  return Number(value) / 1e18;
}

/** The double's exact value in Q96, rounded. */
export function toQ96(value: number): bigint {
  return toScaled(value, 1n << 96n);
}

export function fromQ96(value: bigint): number {
  return Number(value) / 2 ** 96;
}

/** Doubles spread evenly over the orders of magnitude from `min` to `max`. */
export function logUniform(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map(Math.exp);
}

function toScaled(value: number, unit: bigint): bigint {
  // A double is an integer over a power of two.
  const exponent = Math.min(Math.max(0, 53 - Math.floor(Math.log2(Math.abs(value) || 1))), MAX_EXPONENT);
  const denominator = 1n << BigInt(exponent);
  const numerator = BigInt(Math.round(value * 2 ** exponent)) * unit;
  return (2n * numerator + denominator) / (2n * denominator);
}
