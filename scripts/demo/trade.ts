/** One trade, its price taken apart: for the terminal and for the report. */
import { formatFixed, formatQuote, formatTable } from "./format.ts";
import type { TradeRecord } from "./record.ts";

export interface TradeRow {
  readonly label: string;
  readonly value: string;
  /** Does not count because another one is greater, or is the sum of the rows before. */
  readonly kind?: "idle" | "total";
}

const WAD = 10n ** 18n;

/** Quote of one option, in the order in which they add up. */
export function tradeRows(trade: TradeRecord): TradeRow[] {
  const quote = (value: bigint) => formatFixed({ value, decimals: 18, digits: 4 });
  const isHedging = trade.hedgingWad > trade.volatilityDoubtWad;
  const idle = (counts: boolean): Pick<TradeRow, "kind"> => (counts ? {} : { kind: "idle" });
  return [
    { label: "Model value on the forward", value: quote(trade.valueWad) },
    { label: "The worse of spot and the venue's mark", value: quote(trade.worsePriceWad) },
    { label: "Doubt of the volatility (s · vega)", value: quote(trade.volatilityDoubtWad), ...idle(!isHedging) },
    { label: "What hedging it costs until expiry", value: quote(trade.hedgingWad), ...idle(isHedging) },
    { label: "Doubt of the spot price (|Δ| · S · ε)", value: quote(trade.spotDoubtWad) },
    { label: "The same on its curvature (½ Γ S² ε²)", value: quote(trade.convexityWad) },
    { label: "Doubt of the carry (u · T · |Δ| · S)", value: quote(trade.carryDoubtWad) },
    { label: "Inventory skew", value: quote((trade.skewWad * WAD) / trade.sizeWad) },
    { label: "Price of one option", value: quote((trade.premiumWad * WAD) / trade.sizeWad), kind: "total" },
  ];
}

/** A sentence about the trade. */
export function tradeTitle(trade: TradeRecord): string {
  const size = formatFixed({ value: trade.sizeWad, decimals: 18, digits: 1 });
  const volatility = formatFixed({ value: trade.volatilityWad * 100n, decimals: 18, digits: 1 });
  return (
    `${size} ${trade.series} for ${formatQuote(trade.premiumWad)} USDC, at spot ${formatQuote(trade.spotWad)}, ` +
    `forward ${formatQuote(trade.forwardWad)} and ${volatility} % volatility`
  );
}

export function printTrade(trade: TradeRecord): string {
  const rows = tradeRows(trade).map(({ label, value, kind }) => [kind === "idle" ? `(${label})` : label, value]);
  return [
    `The first purchase, explained: ${tradeTitle(trade)}`,
    "",
    formatTable([["USDC an option", ""], ...rows]),
  ].join("\n");
}
