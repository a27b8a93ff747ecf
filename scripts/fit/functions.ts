import type { FixedPoint } from "./fixedPoint.ts";

/** φ(x) = e^(−x²/2) / √(2π), the standard normal density. */
export function normalDensity(fp: FixedPoint, x: bigint): bigint {
  const gaussian = fp.exp(-fp.mul(x, x) >> 1n);
  return fp.div(gaussian, fp.sqrt(2n * fp.pi));
}

/** R(x) = Φ(−x) / φ(x) for x ≥ 0, from Φ(x) − ½ = φ(x)·Σ x^(2k+1) / (2k+1)!!. */
export function millsRatio(fp: FixedPoint, x: bigint): bigint {
  const x2 = fp.mul(x, x);
  let term = x;
  let sum = x;
  for (let k = 3n; term !== 0n; k += 2n) {
    term = fp.mul(term, x2) / k;
    sum += term;
  }
  return fp.mul(fp.sqrt(fp.pi >> 1n), fp.exp(x2 >> 1n)) - sum;
}

/** √u·coth(√u / 2) as a quotient of two power series in u, so that u = 0 is no special case. */
export function scaledCoth(fp: FixedPoint, u: bigint): bigint {
  const quarter = u >> 2n;
  let even = fp.one;
  let odd = fp.one;
  let cosh = fp.one;
  let sinhc = fp.one;
  for (let k = 1n; even !== 0n; ++k) {
    even = fp.mul(even, quarter) / ((2n * k - 1n) * 2n * k);
    odd = fp.mul(odd, quarter) / (2n * k * (2n * k + 1n));
    cosh += even;
    sinhc += odd;
  }
  return 2n * fp.div(cosh, sinhc);
}

/** 2·atanh(√u) / √u = 2·Σ u^k / (2k+1). */
export function scaledAtanh(fp: FixedPoint, u: bigint): bigint {
  let power = fp.one;
  let sum = fp.one;
  for (let k = 3n; power !== 0n; k += 2n) {
    power = fp.mul(power, u);
    sum += power / k;
  }
  return 2n * sum;
}
