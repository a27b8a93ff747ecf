/** The summary table, once for the terminal and the report. */
import { formatCount, formatFixed, formatNumber, formatPercent, formatQuote, formatTable } from "./format.ts";
import { abs, type DemoRecord, largestLeftover, residual, type VaultAccount, vaultResult } from "./record.ts";

export interface SummaryRow {
  readonly label: string;
  readonly hedged: string;
  readonly unhedged: string;
  /** `part` is contained in the row above, `total` is the sum of the rows before it. */
  readonly kind?: "part" | "total";
}

/** Money in USDC. */
export function summaryRows(record: DemoRecord): SummaryRow[] {
  const { hedged, unhedged, statistics } = record;
  const row = (label: string, show: (account: VaultAccount) => string, kind?: SummaryRow["kind"]): SummaryRow => {
    return { label, hedged: show(hedged), unhedged: show(unhedged), ...(kind && { kind }) };
  };
  const largest = largestLeftover(record.hedges);
  const underlying = (value: bigint) => `${formatFixed({ value, decimals: 18, digits: 3 })} ETH`;
  return [
    row("Paid in (depositors, locked seed)", (account) => formatQuote(account.depositedWad)),
    row("Premium collected", (account) => formatQuote(account.premiumWad, true)),
    row("Payout to option holders", (account) => formatQuote(-account.payoutWad, true)),
    row("Hedge profit or loss", (account) => formatQuote(account.hedgePnlWad, true)),
    row("of which price of the perpetual", (account) => formatQuote(pricePart(account), true), "part"),
    row("of which funding", (account) => formatQuote(account.fundingWad, true), "part"),
    row("of which fees to the venue", (account) => formatQuote(-account.feesWad, true), "part"),
    row("Result", (account) => formatQuote(vaultResult(account), true), "total"),
    row("Paid out to depositors", (account) => formatQuote(account.withdrawnWad)),
    row("Left in the vault (locked seed, exit spread)", (account) => formatQuote(account.leftWad)),
    row("Residual of the table", (account) => formatFixed({ value: residual(account), decimals: 18, digits: 6 })),
    row("NAV per share at the start", (account) => formatNumber(account.navPerShareStart, 6)),
    row("NAV per share at the end", (account) => formatNumber(account.navPerShareEnd, 6)),
    row("Change over the run", (account) =>
      formatPercent(account.navPerShareEnd / account.navPerShareStart - 1, 2, true),
    ),
    {
      label: "Hourly change of NAV per share, standard deviation",
      hedged: formatPercent(statistics.hedged / hedged.navPerShareStart, 4),
      unhedged: formatPercent(statistics.unhedged / unhedged.navPerShareStart, 4),
    },
    { label: "Hedges sent", hedged: formatNumber(record.hedges.length, 0), unhedged: "0" },
    {
      label: "Largest |net delta| left after a hedge",
      hedged: largest === undefined ? "none" : underlying(abs(largest.netDeltaAfterWad)),
      unhedged: "none",
    },
    {
      label: "Band at that moment",
      hedged: largest === undefined ? "none" : underlying(largest.bandWad),
      unhedged: "none",
    },
  ];
}

export function printSummary(record: DemoRecord): string {
  const rows = summaryRows(record).map(({ label, hedged, unhedged, kind }) => [
    kind === "part" ? `  ${label}` : label,
    hedged,
    unhedged,
  ]);
  const { ratio, frictionlessRatio } = record.statistics;
  return [
    `Two vaults, one path, ${formatCount(record.hours.length - 1, "hour")}, money in USDC`,
    "",
    formatTable([["", "Hedged", "Not hedged"], ...rows]),
    "",
    `Risk left by the hedge: ${formatPercent(ratio, 1)} of the hourly swings of the vault without a hedge.`,
    `Hedged every hour for free, which nobody can: ${formatPercent(frictionlessRatio, 1)}.`,
  ].join("\n");
}

/** What the price alone brought: the hedge's result without funding and fees. */
function pricePart(account: VaultAccount): bigint {
  return account.hedgePnlWad - account.fundingWad + account.feesWad;
}
