/** `npm run board` */
import { explainRevert, revertDataOf } from "../explain.ts";
import { asRpcError } from "../rpc.ts";
import { encodeSeries } from "../series.ts";
import { readSnapshot, type Snapshot } from "../snapshot.ts";
import { formatFixed, formatPercent, formatQuoteWad, formatTime, formatWad, WAD } from "../units.ts";
import { nameOfSeries, strikesOf, table } from "./shared/board.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { openSession, read, type Session } from "./shared/session.ts";

const HEAD = ["strike", "type", "IV", "delta", "ask per option", "open", "series"] as const;

await runMain(async () => {
  const options = program("board", "Shows what can be bought, and at what price.").parse().opts<CommonOptions>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const snapshot = await readSnapshot(contracts);
  console.log(
    `${units.underlying} spot ${formatQuoteWad(snapshot.spot.priceWad, units)} at ${formatTime(snapshot.timestamp)}, block ${snapshot.blockNumber}`,
  );
  if (snapshot.liveExpiries.length === 0) console.log("No expiry is listed.");
  for (const expiry of [...snapshot.liveExpiries].sort((a, b) => Number(a - b))) {
    const rows = await rowsOf(session, snapshot, expiry);
    const note =
      expiry <= snapshot.timestamp
        ? "expired, waits for settlement (`npm run settle`)"
        : `expires in ${formatDuration(expiry - snapshot.timestamp)}`;
    console.log(`\n${formatTime(expiry)}, ${note}`);
    console.log(table([HEAD, ...rows]));
  }
});

async function rowsOf(session: Session, { blockNumber }: Snapshot, expiry: bigint): Promise<string[][]> {
  const { contracts, units } = session;
  const { volatility } = await read(contracts, () => contracts.market.expiryOf(expiry, { blockTag: blockNumber }));
  const strikes = await strikesOf(session, expiry);
  const series = [true, false].flatMap((isCall) =>
    strikes.map(({ strikeWad, callsWad, putsWad }) => ({ strikeWad, isCall, openWad: isCall ? callsWad : putsWad })),
  );
  return Promise.all(
    series.map(async ({ strikeWad, isCall, openWad }) => {
      const id = encodeSeries({ expiry, strikeWad, isCall });
      const { delta, ask } = await quoteOne(session, id, blockNumber);
      return [
        formatFixed(strikeWad, 18, { least: 0, most: 9 }),
        isCall ? "call" : "put",
        formatPercent(volatility),
        delta,
        ask,
        formatFixed(openWad, 18, { least: 0 }),
        nameOfSeries(id, units),
      ];
    }),
  );
}

/** The price of one option, or why there is none. */
async function quoteOne(
  { contracts, units, deployment }: Session,
  id: bigint,
  blockTag: number,
): Promise<{ delta: string; ask: string }> {
  try {
    const { delta, premium } = await contracts.market.quote(id, WAD, { blockTag });
    return { delta: formatWad(delta, { signed: true }), ask: formatFixed(premium, units.quoteDecimals, { most: 2 }) };
  } catch (error) {
    const data = revertDataOf(error);
    if (data === undefined) throw asRpcError(error, deployment.rpcUrl);
    return { delta: "-", ask: explainRevert(data, units).split(":")[0] ?? "-" };
  }
}

function formatDuration(seconds: bigint): string {
  const hours = seconds / 3600n;
  return hours >= 48n ? `${hours / 24n} d ${hours % 24n} h` : `${hours} h ${(seconds % 3600n) / 60n} min`;
}
