/** Fixed-point numbers: exact in, readable out. */
import { formatUnits } from "ethers";
import { InputError } from "./errors.ts";

export const WAD = 10n ** 18n;

export const abs = (value: bigint): bigint => (value < 0n ? -value : value);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
/** For a positive divisor; BigInt division itself rounds towards zero. */
export const ceilDiv = (a: bigint, b: bigint): bigint => (a > 0n ? (a + b - 1n) / b : a / b);

/** The names and scales that a number is shown with. */
export interface Units {
  underlying: string;
  quote: string;
  quoteDecimals: number;
}

/** What the first deployments use; the command line reads the token's own. */
export const DEFAULT_UNITS: Units = { underlying: "ETH", quote: "USDC", quoteDecimals: 6 };

/**
 * Reads a positive decimal number as fixed point, exactly: no floating point on the way.
 * @example parseAmount("1000.5", { decimals: 6, name: "--amount" }) // 1000500000n
 * @throws {InputError} naming the option, what was expected and what came.
 */
export function parseAmount(text: string, { decimals, name }: { decimals: number; name: string }): bigint {
  const match = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/.exec(text);
  if (match === null) {
    throw new InputError(`${name}: expected a positive decimal number like 1000 or 0.25, got "${text}"`);
  }
  const fraction = match[2] ?? "";
  if (fraction.length > decimals) {
    throw new InputError(`${name}: expected at most ${decimals} decimals, got ${fraction.length} in "${text}"`);
  }
  const value = BigInt(match[1]! + fraction.padEnd(decimals, "0"));
  if (value === 0n) throw new InputError(`${name}: expected more than zero, got "${text}"`);
  return value;
}

/** How many decimals are shown: at least `least`, at most `most`; what rounding would make zero is shown with two digits. */
export interface Precision {
  least?: number;
  most?: number;
  /** Puts a plus in front of what is positive. */
  signed?: boolean;
}

/**
 * Groups thousands, rounds half away from zero.
 * @example formatFixed(1234567890n, 6) // "1,234.5679"
 */
export function formatFixed(
  value: bigint,
  decimals: number,
  { least = 2, most = 4, signed = false }: Precision = {},
): string {
  const sign = value < 0n ? "-" : signed && value > 0n ? "+" : "";
  const magnitude = abs(value);
  const step = decimals > most ? 10n ** BigInt(decimals - most) : 1n;
  const rounded = ((magnitude + step / 2n) / step) * step;
  if (rounded === 0n && magnitude !== 0n) return sign + formatTiny(magnitude, decimals);
  const [whole = "0", fraction = ""] = formatUnits(rounded, decimals).split(".");
  const shown = fraction.replace(/0+$/, "").padEnd(Math.min(least, decimals), "0");
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${shown === "" ? "" : `.${shown}`}`;
}

/** Two significant digits, cut off and not rounded: it says how small, and that it is not zero. */
function formatTiny(magnitude: bigint, decimals: number): string {
  const unit = 10n ** BigInt(Math.max(magnitude.toString().length - 2, 0));
  return formatUnits((magnitude / unit) * unit, decimals);
}

/** A WAD number. */
export const formatWad = (value: bigint, precision?: Precision): string => formatFixed(value, 18, precision);

/** A WAD ratio as a percentage. */
export function formatPercent(ratioWad: bigint, { most = 2, signed = false }: Precision = {}): string {
  return `${formatFixed(ratioWad * 100n, 18, { least: 0, most, signed })} %`;
}

/** Quote-token units with the token's name. */
export function formatAssets(assets: bigint, units: Units, precision?: Precision): string {
  return `${formatFixed(assets, units.quoteDecimals, { most: 2, ...precision })} ${units.quote}`;
}

/** A WAD amount or price in quote. */
export function formatQuoteWad(value: bigint, units: Units, precision?: Precision): string {
  return `${formatWad(value, { most: 2, ...precision })} ${units.quote}`;
}

/** A WAD size or delta in underlying. */
export function formatSizeWad(value: bigint, units: Units, precision?: Precision): string {
  return `${formatWad(value, precision)} ${units.underlying}`;
}

/** Unix seconds as a date and time in UTC. */
export function formatTime(seconds: bigint): string {
  const ms = Number(seconds) * 1000;
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return `second ${seconds}`;
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Seconds in the two units that say most. @example formatDuration(93_784n) // "26 h 3 min" */
export function formatDuration(seconds: bigint): string {
  const [minutes, hours] = [seconds / 60n, seconds / 3600n];
  if (hours >= 48n) return `${hours / 24n} d ${hours % 24n} h`;
  if (hours > 0n) return `${hours} h ${minutes % 60n} min`;
  return minutes > 0n ? `${minutes} min ${seconds % 60n} s` : `${seconds} s`;
}
