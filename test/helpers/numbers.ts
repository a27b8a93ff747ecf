/** Assertions on plain numbers. Hardhat's chai plugin takes over `closeTo`, `within`, `most` … for whole numbers only. */
import { assert } from "chai";

/** At most `tolerance` away from `expected`; NaN is not near to anything. */
export function expectNear(actual: number, expected: number, tolerance: number): void {
  assert(Math.abs(actual - expected) <= tolerance, `expected ${actual} to be within ${tolerance} of ${expected}`);
}

/** From `low` to `high`, both included. */
export function expectWithin(actual: number | undefined, low: number, high: number, what = ""): void {
  assert(actual !== undefined && actual >= low && actual <= high, `${what} expected ${actual} within ${low} … ${high}`);
}
