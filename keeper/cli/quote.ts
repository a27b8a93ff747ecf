/** `npm run quote -- --series ETH-09JAN26-3000-C --size 2` */
import { CLOSURE_WORDS, type Closure } from "../enums.ts";
import { decodeSeries } from "../series.ts";
import { readSnapshot } from "../snapshot.ts";
import {
  abs,
  formatAssets,
  formatFixed,
  formatPercent,
  formatQuoteWad,
  formatSizeWad,
  formatTime,
  formatWad,
  max,
  parseAmount,
  WAD,
} from "../units.ts";
import { nameOfSeries, seriesOf, table } from "./shared/board.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { openSession } from "./shared/session.ts";
import { buyingClosure, closureOf, type MarketQuote, readQuote } from "./shared/trade.ts";

const TICK = WAD / 10_000n;

type Price = MarketQuote["price"];

await runMain(async () => {
  const options = program("quote", "Shows the market's firm price both ways, and every part that it is made of.")
    .requiredOption("--series <name>", "which, as `npm run board` names it: ETH-09JAN26-3000-C")
    .requiredOption("--size <number>", "how many")
    .parse()
    .opts<CommonOptions & { series: string; size: string }>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const size = parseAmount(options.size, { decimals: 18, name: "--size" });
  const id = await seriesOf(session, options.series);
  const snapshot = await readSnapshot(contracts);
  const { timestamp, blockNumber } = snapshot;
  const quote = await readQuote(session, { id, size, blockTag: blockNumber });
  const { price, limits } = quote;
  const { expiry, strikeWad, isCall } = decodeSeries(id);

  const money = (wad: bigint): string => formatQuoteWad(wad, units);
  const exact = (assets: bigint): string => formatAssets(assets, units, { most: units.quoteDecimals });
  const each = (assets: bigint): string => formatAssets((assets * WAD) / size, units, { most: 4 });
  const side = (closure: Closure, assets: bigint): string =>
    closure === "None" ? `${exact(assets)}, ${each(assets)} each` : `closed: ${CLOSURE_WORDS[closure]}`;
  const lines = (rows: readonly (readonly [string, string])[]): void => {
    const width = Math.max(...rows.map(([label]) => label.length));
    for (const [label, text] of rows) console.log(`  ${label.padEnd(width)}  ${text}`);
  };

  console.log(
    `${formatFixed(size, 18, { least: 0, most: 18 })} ${nameOfSeries(id, units)} at ${formatTime(timestamp)}, block ${blockNumber}`,
  );
  lines([
    ["buying costs", side(buyingClosure(quote), price.premium)],
    ["selling back brings", side(closureOf(price.selling), price.proceeds)],
  ]);
  if (price.volatility === 0n) {
    console.log("\nThere is no price to show the parts of.");
    return;
  }

  console.log(`\nParts, in ${units.quote} for each option; what is in brackets does not count`);
  const parts = partsOf(price, size);
  const width = Math.max(...parts.map(([label]) => label!.length));
  const rows = parts.map(([label, ...cells]) => [label!.padEnd(width), ...cells]);
  console.log(indent(table([["", "buying", "selling", ""], ...rows])));
  if (closureOf(price.buying) === "None" && price.premium === price.floor) {
    console.log("  Buying is at the floor: what selling back could bring without a spread, and intrinsic value.");
  }
  if (snapshot.surfaceClosure !== "None") {
    console.log("  Selling back brings intrinsic value at most: the volatility is not fresh.");
  }

  const moneyness = isCall ? `above ${money(strikeWad)}` : `below ${money(strikeWad)}`;
  console.log("\nModel");
  lines([
    ["pays", `what ${units.underlying} is ${moneyness} at ${formatTime(expiry)}`],
    [
      "spot",
      `${money(price.spot)}, ${price.isPull ? "pull" : "push"} price of ${timestamp - price.spotUpdatedAt} s ago, doubt ε ${formatPercent(price.spotDoubt, { most: 3 })}`,
    ],
    ["venue's mark", price.markPrice === 0n ? "unreadable" : money(price.markPrice)],
    ["expected carry", `${formatPercent(price.carry, { signed: true })} a year`],
    ["forward", money(price.forward)],
    ["volatility", `${formatPercent(price.volatility)} a year`],
    ["intrinsic on the forward", money(price.intrinsic)],
    ["delta", formatWad(price.delta, { signed: true })],
    ["vega", `${money(price.vega / 100n)} for a point of volatility`],
    ["floor of an auction", exact(price.floor)],
  ]);

  console.log("\nLimits of the vault");
  lines([
    ["for this size", closureOf(limits.closure) === "None" ? "within all" : CLOSURE_WORDS[closureOf(limits.closure)]],
    ["coverage", `${formatPercent(limits.coverage)} of what is owed and open`],
    ["delta left at this price of the feed", formatSizeWad(limits.roundDeltaLeft, units)],
    ["vega left over all expiries", formatQuoteWad(limits.vegaLeft, units)],
    ["delta that the venue can take", formatSizeWad(limits.depthLeft, units)],
    ["cover left at the worst stressed spot", money(limits.coverLeft)],
    ["cash to buy options back with", exact(limits.cashLeft)],
  ]);
});

/** Rows of a label, what it is for a buyer, what for a seller, and where it comes from. */
function partsOf({ buyer, seller, value, buySkew, sellSkew }: Price, size: bigint): string[][] {
  const each = (total: bigint): bigint => (total * WAD) / size;
  const isVega = { buyer: buyer.volatility >= buyer.hedging, seller: seller.volatility >= seller.hedging };
  const counted: [string, bigint, bigint, string][] = [
    ["model value", value, value, "at guarded spot"],
    ["worse price", buyer.worsePrice, -seller.worsePrice, "spot or the venue's mark, whichever is worse for you"],
    ["doubt of spot", buyer.spot, -seller.spot, "|delta| · spot · ε"],
    ["doubt of delta", buyer.convexity, -seller.convexity, "½ · gamma · (spot · ε)²"],
    ["doubt of carry", buyer.carry, -seller.carry, "4 % a year · |delta| · spot"],
    ["inventory skew", each(buySkew), each(sellSkew), "by the vega that is open in this expiry"],
  ];
  const vegaOrHedging: string[][] = [
    [
      "doubt of volatility",
      figure(buyer.volatility, isVega.buyer),
      figure(-seller.volatility, isVega.seller),
      "vega · the surface's spread; the greater of it and the hedging cost counts",
    ],
    [
      "hedging cost",
      figure(buyer.hedging, !isVega.buyer),
      figure(-seller.hedging, !isVega.seller),
      "fees, impact and gas of hedging it to expiry",
    ],
  ];
  const sumOf = (side: 1 | 2): bigint => counted.reduce((total, row) => total + row[side], 0n);
  const greater = { buyer: max(buyer.volatility, buyer.hedging), seller: max(seller.volatility, seller.hedging) };
  const rows = counted.map(([label, forBuyer, forSeller, why]) => [label, figure(forBuyer), figure(forSeller), why]);
  return [
    ...rows.slice(0, 2),
    ...vegaOrHedging,
    ...rows.slice(2),
    [
      "together",
      figure(sumOf(1) + greater.buyer),
      figure(sumOf(2) - greater.seller),
      "rounded against you, to the token's units",
    ],
  ];
}

function figure(wad: bigint, isCounted = true): string {
  // Four decimals and no more: rounding's last digits say nothing.
  const ticks = (abs(wad) + TICK / 2n) / TICK;
  const text = formatFixed(wad < 0n ? -ticks : ticks, 4, { least: 4 });
  return isCounted ? text : `(${text})`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
