import { WAD } from "./prices.ts";

const DAY = 86_400;
const FRIDAY = 5;
const EXPIRY_HOUR = 8;

/** The first Friday 08:00 UTC at least `minimumDays` after `timestamp` (unix seconds). */
export function nextFridayExpiry(timestamp: number, minimumDays = 3): number {
  const earliest = timestamp + minimumDays * DAY;
  const midnight = earliest - (earliest % DAY);
  const weekday = new Date(midnight * 1000).getUTCDay();
  const friday = midnight + ((FRIDAY - weekday + 7) % 7) * DAY + EXPIRY_HOUR * 3600;
  return friday >= earliest ? friday : friday + 7 * DAY;
}

/** Five strikes around spot, 5 % apart, rounded to whole tens of the quote token. All WAD. */
export function fiveStrikes(spotWad: bigint): bigint[] {
  const tens = 10n * WAD;
  return [90n, 95n, 100n, 105n, 110n].map((percent) => ((spotWad * percent) / 100n / tens) * tens);
}
