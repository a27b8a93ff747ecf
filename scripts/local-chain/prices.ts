export const WAD = 10n ** 18n;
const Q192 = 1n << 192n;

/** The largest integer whose square is not above `value`. */
export function floorSqrt(value: bigint): bigint {
  if (value < 0n) throw new RangeError(`No square root of ${value}: expected a value of at least 0.`);
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Uniswap v3's root price of a pool whose token0 is the base: quote per base, WAD, in. */
export function toSqrtPriceX96(priceWad: bigint): bigint {
  return floorSqrt((priceWad * Q192) / WAD);
}

/** The price of a root price: quote per base, WAD. */
export function fromSqrtPriceX96(sqrtPriceX96: bigint): bigint {
  return (sqrtPriceX96 * sqrtPriceX96 * WAD) / Q192;
}

/** Uniswap v3's root price at a tick, in floating point: good to 12 digits, for ranges and not for accounting. */
export function sqrtPriceX96AtTick(tick: number): bigint {
  return (BigInt(Math.round(1.0001 ** (tick / 2) * 2 ** 50)) << 96n) >> 50n;
}
