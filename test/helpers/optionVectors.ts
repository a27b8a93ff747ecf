import { readShared } from "./sharedData.ts";

/** Decimals kept of a reference value. */
export const REFERENCE_DECIMALS = 40;

/** One row of the reference tables: arguments as the contracts take them, results with 40 decimals. */
export type OptionVector = {
  spot: bigint;
  strike: bigint;
  volatility: bigint;
  secondsToExpiry: bigint;
  carry: bigint;
  discountRate: bigint;
  isCall: boolean;
  price: bigint;
  delta: bigint;
  gamma: bigint;
  vega: bigint;
  theta: bigint;
};

type RawRow = Record<"S" | "K" | "sigma" | "price" | "delta" | "gamma" | "vega" | "theta", string> & {
  T: number;
  isCall: boolean;
  r?: string;
  carry?: string;
  rate?: string;
};

export const vectorFiles = { sameRate: "math/vectors.json.gz", carry: "math/vectors_carry.json.gz" } as const;

/** A decimal number in any notation, in units of 10^-decimals, rounded to the nearest. */
export function parseDecimal(text: string, decimals = REFERENCE_DECIMALS): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text);
  if (!match) throw new Error(`expected a decimal number, got ${text}`);
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  const digits = BigInt(`${whole}${fraction}`);
  const shift = Number(exponent) - fraction.length + decimals;
  let size: bigint;
  if (shift >= 0) size = digits * 10n ** BigInt(shift);
  else if (-shift > 200) size = 0n;
  else size = (digits + 10n ** BigInt(-shift) / 2n) / 10n ** BigInt(-shift);
  return sign === "-" ? -size : size;
}

/** The rows of a reference table; where it has one rate, carry and discount rate are both that. */
export function readOptionVectors(file: string): OptionVector[] {
  const { rows } = readShared<{ rows: RawRow[] }>(file);
  return rows.map((row) => ({
    spot: BigInt(row.S),
    strike: BigInt(row.K),
    volatility: BigInt(row.sigma),
    secondsToExpiry: BigInt(row.T),
    carry: BigInt(row.carry ?? row.r ?? "0"),
    discountRate: BigInt(row.rate ?? row.r ?? "0"),
    isCall: row.isCall,
    price: parseDecimal(row.price),
    delta: parseDecimal(row.delta),
    gamma: parseDecimal(row.gamma),
    vega: parseDecimal(row.vega),
    theta: parseDecimal(row.theta),
  }));
}

/** The rows come in pairs, call and put: the cheaper one, its forward intrinsic value being 0, is the time value. */
export function timeValues(vectors: OptionVector[]): bigint[] {
  return vectors.map((vector, i) => {
    const other = vectors[i % 2 === 0 ? i + 1 : i - 1];
    if (!other || other.isCall === vector.isCall) throw new Error(`row ${i} has no counterpart`);
    const [low] = [vector.price, other.price].sort((a, b) => (a < b ? -1 : 1));
    return low!;
  });
}

/** Arguments in the order of the contracts. */
export function optionArguments(v: OptionVector) {
  return [v.spot, v.strike, v.volatility, v.secondsToExpiry, v.carry, v.discountRate, v.isCall] as const;
}
