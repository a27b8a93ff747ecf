/** What a run must show, checked from its record alone. Each fault is a sentence with the figures. */
import { formatFixed, formatPercent, formatQuote, formatTime } from "./format.ts";
import { abs, type DemoRecord, residual, type VenueStatement } from "./record.ts";

/** Quote WAD per unit of the quote token. */
const UNIT = 10n ** 12n;

/** Most of the unhedged swings that the hedge may leave, on the default run. */
export const LARGEST_RATIO = 0.4;

/** After each hedge |net delta| is inside the band; none was sent from inside it; the table adds up. */
export function checkRecord(record: DemoRecord): string[] {
  const faults: string[] = [];
  for (const hedge of record.hedges) {
    const { netDeltaBeforeWad: before, netDeltaAfterWad: after, bandWad } = hedge;
    const when = `the hedge of ${formatTime(hedge.time)}`;
    if (abs(after) > bandWad) faults.push(`${when} left net delta at ${eth(after)}, outside the band ±${eth(bandWad)}`);
    // Without open options the band is zero, and any position left is outside it.
    if (abs(before) <= bandWad) {
      faults.push(`${when} was sent with net delta at ${eth(before)}, inside the band ±${eth(bandWad)}`);
    }
  }
  for (const [name, account] of [
    ["hedged", record.hedged],
    ["unhedged", record.unhedged],
  ] as const) {
    const rest = residual(account);
    if (rest !== 0n) {
      faults.push(
        `the table of the ${name} vault does not add up: a residual of ${formatQuote(rest, true)} USDC (${rest} wei)`,
      );
    }
  }
  return faults;
}

/**
 * The venue's own events must tell the same hedge result as the money that went there and came back. Curie rounds down to
 * a whole unit of the token whenever it pays out, and so may keep a little less than a unit each time.
 */
export function checkVenueStatement(statement: VenueStatement, hedgePnlWad: bigint): string[] {
  const { tradingWad, feesWad, fundingWad, payouts } = statement;
  const told = tradingWad - feesWad + fundingWad;
  const kept = told - hedgePnlWad;
  if (kept >= 0n && kept <= BigInt(payouts) * UNIT) return [];
  return [
    `the venue's events say that the hedge made ${formatQuote(told, true)} USDC, the money that moved says ` +
      `${formatQuote(hedgePnlWad, true)}: ${kept} wei apart, with ${payouts} payouts to round`,
  ];
}

export function checkRatio(record: DemoRecord): string[] {
  const { ratio } = record.statistics;
  // Also refuses NaN.
  if (ratio <= LARGEST_RATIO) return [];
  return [
    `the hedge leaves ${formatPercent(ratio, 1)} of the unhedged hourly swings, more than ${formatPercent(LARGEST_RATIO, 0)}`,
  ];
}

function eth(value: bigint): string {
  return `${formatFixed({ value, decimals: 18, digits: 6, signed: true })} ETH`;
}
