/** Series ids and their names. The layout is SeriesId.sol's: strike in 1e-9 quote, side, expiry. */
import { formatUnits } from "ethers";
import { InputError, NotPossibleError } from "./errors.ts";

export interface Series {
  /** Unix seconds. */
  expiry: bigint;
  strikeWad: bigint;
  isCall: boolean;
}

const STRIKE_DECIMALS = 9;
const STRIKE_TICK = 10n ** 9n;
const MAX_STRIKE_TICKS = (1n << 64n) - 1n;
const MAX_EXPIRY = (1n << 40n) - 1n;
const DAY = 86_400n;
/** The hour at which listings expire by custom: 08:00 UTC. */
const CUSTOMARY_TIME = 8n * 3600n;
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/** @throws {InputError} when the expiry or the strike does not fit the layout. */
export function encodeSeries({ expiry, strikeWad, isCall }: Series): bigint {
  if (expiry < 0n || expiry > MAX_EXPIRY)
    throw new InputError(`expiry: expected unix seconds below 2^40, got ${expiry}`);
  const ticks = strikeWad / STRIKE_TICK;
  if (strikeWad <= 0n || ticks * STRIKE_TICK !== strikeWad || ticks > MAX_STRIKE_TICKS) {
    throw new InputError(
      `strike: expected a positive multiple of 1e-9 up to ${formatUnits(MAX_STRIKE_TICKS, 9)}, got ${formatUnits(strikeWad, 18)}`,
    );
  }
  return (expiry << 65n) | ((isCall ? 1n : 0n) << 64n) | ticks;
}

/** @throws {InputError} when bits outside the layout are set or the strike is zero. */
export function decodeSeries(id: bigint): Series {
  const ticks = id & MAX_STRIKE_TICKS;
  if (id < 0n || id >> 105n !== 0n || ticks === 0n)
    throw new InputError(`series id: expected expiry, side and strike in 105 bits, got ${id}`);
  return { expiry: id >> 65n, isCall: ((id >> 64n) & 1n) === 1n, strikeWad: ticks * STRIKE_TICK };
}

/** One strike of `OptionMarket.strikesOf`: bits 0–63 strike, 64–159 calls open, 160–255 puts open. */
export function unpackStrike(slot: bigint): { strikeWad: bigint; callsWad: bigint; putsWad: bigint } {
  return {
    strikeWad: (slot & MAX_STRIKE_TICKS) * STRIKE_TICK,
    callsWad: (slot >> 64n) & ((1n << 96n) - 1n),
    putsWad: slot >> 160n,
  };
}

/**
 * @example seriesName(encodeSeries({ expiry, strikeWad, isCall: true }), "ETH") // "ETH-09JAN26-3000-C"
 */
export function seriesName(id: bigint, underlying: string): string {
  const { expiry, strikeWad, isCall } = decodeSeries(id);
  const strike = formatUnits(strikeWad / STRIKE_TICK, STRIKE_DECIMALS).replace(/\.0$/, "");
  return `${underlying}-${dayName(expiry)}-${strike}-${isCall ? "C" : "P"}`;
}

/** The name, or the number itself when it is not a series: for messages, which must not throw. */
export function describeSeries(id: bigint, underlying: string): string {
  try {
    return seriesName(id, underlying);
  } catch {
    return String(id);
  }
}

/** @example dayName(1767945600n) // "09JAN26" */
export function dayName(expiry: bigint): string {
  const date = new Date(Number(expiry) * 1000);
  const year = date.getUTCFullYear();
  // Two digits of a year name one within 2000–2099 only.
  const years = year >= 2000 && year <= 2099 ? String(year - 2000).padStart(2, "0") : String(year);
  return `${String(date.getUTCDate()).padStart(2, "0")}${MONTHS[date.getUTCMonth()]}${years}`;
}

/** What a name says: a day, not yet an expiry. */
export interface SeriesName {
  /** Unix seconds of 00:00 UTC. */
  day: bigint;
  strikeWad: bigint;
  isCall: boolean;
}

/** @throws {InputError} saying what a name looks like and what came. */
export function parseSeriesName(text: string, underlying: string): SeriesName {
  const wrong = (what: string): InputError =>
    new InputError(
      `--series: expected ${underlying}-DDMMMYY-STRIKE-C or -P, like ${underlying}-09JAN26-3000-C; ${what} in "${text}"`,
    );
  const parts = text.split("-");
  if (parts.length !== 4) throw wrong(`found ${parts.length} parts instead of 4`);
  const [name, dayText, strikeText, side] = parts as [string, string, string, string];
  if (name !== underlying) throw wrong(`the underlying is "${name}"`);
  const day = parseDay(dayText);
  if (day === undefined) throw wrong(`"${dayText}" is not a day`);
  const strike = /^([1-9][0-9]*|0)(?:\.([0-9]{0,8}[1-9]))?$/.exec(strikeText);
  const ticks = strike === null ? 0n : BigInt(strike[1]! + (strike[2] ?? "").padEnd(STRIKE_DECIMALS, "0"));
  if (ticks === 0n || ticks > MAX_STRIKE_TICKS) throw wrong(`"${strikeText}" is not a strike`);
  if (side !== "C" && side !== "P") throw wrong(`the side is "${side}"`);
  return { day, strikeWad: ticks * STRIKE_TICK, isCall: side === "C" };
}

/** @example parseDay("09JAN26") // 1767916800n, 00:00 UTC */
export function parseDay(text: string): bigint | undefined {
  const match = /^([0-9]{2})([A-Z]{3})([0-9]{2})$/.exec(text);
  if (match === null) return undefined;
  const month = MONTHS.indexOf(match[2]!);
  const ms = Date.UTC(2000 + Number(match[3]), month, Number(match[1]));
  // The 31st of a short month would run over into the next.
  if (month < 0 || new Date(ms).getUTCDate() !== Number(match[1])) return undefined;
  return BigInt(ms / 1000);
}

/** The expiry that a day has by custom: the market's calendar knows no other hour. */
export const customaryExpiry = (day: bigint): bigint => day - (day % DAY) + CUSTOMARY_TIME;

/**
 * The one expiry of a day among those listed; of several, the one at 08:00 UTC.
 * @throws {NotPossibleError} naming the days that are listed.
 */
export function expiryOfDay(day: bigint, listed: readonly bigint[]): bigint {
  const matching = [...new Set(listed)].filter((expiry) => expiry / DAY === day / DAY);
  if (matching.length === 1) return matching[0]!;
  const customary = matching.find((expiry) => expiry % DAY === CUSTOMARY_TIME);
  if (customary !== undefined) return customary;
  if (matching.length > 1) {
    throw new NotPossibleError(
      `${dayName(day)} has ${matching.length} expiries, none of them at 08:00 UTC: give the series' number instead (\`npm run board\` shows it)`,
    );
  }
  const days = [...new Set(listed.map(dayName))].join(", ");
  throw new NotPossibleError(
    `nothing expires on ${dayName(day)}: expected one of ${days === "" ? "(no expiry is listed)" : days}`,
  );
}

/** A name, or a bare number, to the id. */
export function resolveSeries(
  text: string,
  { underlying, listed }: { underlying: string; listed: readonly bigint[] },
): bigint {
  if (/^[0-9]+$/.test(text)) {
    const id = BigInt(text);
    decodeSeries(id);
    return id;
  }
  const { day, strikeWad, isCall } = parseSeriesName(text, underlying);
  return encodeSeries({ expiry: expiryOfDay(day, listed), strikeWad, isCall });
}
