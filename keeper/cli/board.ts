/** `npm run board [-- --size 2]` */
import { CLOSURE_WORDS, type Closure, FAULT_WORDS } from "../enums.ts";
import { encodeSeries } from "../series.ts";
import { readSnapshot, type Snapshot } from "../snapshot.ts";
import {
  formatAssets,
  formatDuration,
  formatFixed,
  formatPercent,
  formatQuoteWad,
  formatTime,
  formatWad,
  parseAmount,
  type Units,
} from "../units.ts";
import { inTurn, nameOfSeries, type Strike, strikesOf, table } from "./shared/board.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { openSession, type Session } from "./shared/session.ts";
import { buyingClosure, closureOf, type MarketQuote, readQuote } from "./shared/trade.ts";

const HEAD = ["strike", "type", "IV", "delta", "bid", "ask", "open", "series"] as const;
/** Quotes that are asked for at once: public nodes count requests. */
const AT_ONCE = 16;

interface Row {
  cells: string[];
  closures: Closure[];
}

await runMain(async () => {
  const options = program("board", "Shows what can be bought and sold back, and at what price.")
    .option("--size <number>", "for how many options at once prices are shown, each", "1")
    .parse()
    .opts<CommonOptions & { size: string }>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const size = parseAmount(options.size, { decimals: 18, name: "--size" });
  const snapshot = await readSnapshot(contracts);
  const { spot, nav, timestamp } = snapshot;
  const trust =
    spot.fault === "None"
      ? `±${formatPercent(spot.doubtWad)}, ${spot.source === "Pull" ? "pull" : "push"} price of ${timestamp - spot.updatedAt} s ago`
      : `NOT TRUSTED: ${FAULT_WORDS[spot.fault]}`;
  console.log(
    `${units.underlying} spot ${formatQuoteWad(spot.priceWad, units)} (${trust}) at ${formatTime(timestamp)}, block ${snapshot.blockNumber}`,
  );
  console.log(
    `Prices in ${units.quote} for each of ${formatFixed(size, 18, { least: 0, most: 18 })}: \`npm run quote\` shows what one is made of.`,
  );
  if (nav.closure !== "None") console.log(`The vault is closed: ${CLOSURE_WORDS[nav.closure]}.`);
  if (snapshot.liveExpiries.length === 0) console.log("No expiry is listed.");

  for (const expiry of [...snapshot.liveExpiries].sort((a, b) => Number(a - b))) {
    const note =
      expiry <= timestamp
        ? "expired, waits for settlement (`npm run settle`)"
        : `expires in ${formatDuration(expiry - timestamp)}`;
    console.log(`\n${formatTime(expiry)}, ${note}`);
    const rows = await rowsOf(session, { snapshot, expiry, size });
    console.log(table([HEAD, ...rows.map(({ cells }) => cells)]));
    const marks = new Set(rows.flatMap(({ closures }) => closures).filter((closure) => closure !== "None"));
    for (const closure of marks) console.log(`  ${closure}: ${CLOSURE_WORDS[closure]}`);
  }
});

async function rowsOf(
  session: Session,
  { snapshot, expiry, size }: { snapshot: Snapshot; expiry: bigint; size: bigint },
): Promise<Row[]> {
  const strikes = await strikesOf(session, expiry);
  const series = [true, false].flatMap((isCall) => strikes.map((strike) => ({ strike, isCall })));
  return inTurn(series, AT_ONCE, async ({ strike, isCall }) => {
    const id = encodeSeries({ expiry, strikeWad: strike.strikeWad, isCall });
    const quote = await readQuote(session, { id, size, blockTag: snapshot.blockNumber });
    return rowOf(quote, { id, isCall, strike, size, units: session.units });
  });
}

/** A price, or the name of what closes that side; the words follow below the table. */
function rowOf(
  quote: MarketQuote,
  { id, isCall, strike, size, units }: { id: bigint; isCall: boolean; strike: Strike; size: bigint; units: Units },
): Row {
  const { price } = quote;
  const [selling, buying] = [closureOf(price.selling), buyingClosure(quote)];
  const perOption = (assets: bigint): string =>
    formatAssets((assets * 10n ** 18n) / size, units, { most: 2 }).replace(` ${units.quote}`, "");
  const isPriced = price.volatility !== 0n;
  return {
    cells: [
      formatFixed(strike.strikeWad, 18, { least: 0, most: 9 }),
      isCall ? "call" : "put",
      isPriced ? formatPercent(price.volatility) : "-",
      isPriced ? formatWad(price.delta, { signed: true, least: 3, most: 3 }) : "-",
      selling === "None" ? perOption(price.proceeds) : selling,
      buying === "None" ? perOption(price.premium) : buying,
      formatFixed(isCall ? strike.callsWad : strike.putsWad, 18, { least: 0 }),
      nameOfSeries(id, units),
    ],
    closures: [selling, buying],
  };
}
