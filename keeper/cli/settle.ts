/** `npm run settle [-- --expiry 09JAN26]` */
import type { ContractTransaction } from "ethers";
import { InputError, NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { encodeSeries, expiryOfDay, parseDay } from "../series.ts";
import { settlementRoundOf } from "../settlement.ts";
import { readSnapshot, type Snapshot } from "../snapshot.ts";
import { formatAssets, formatFixed, formatQuoteWad, formatTime } from "../units.ts";
import { holdingsOf, listedExpiries, nameOfSeries, strikesOf } from "./shared/board.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { type Actor, actorOf, nameOf, openSession, read, type Session, send } from "./shared/session.ts";

await runMain(async () => {
  const options = program(
    "settle",
    "Fixes the settlement price of what has expired. Anyone may; the outcome is the same.",
  )
    .option("--expiry <day>", "which: a day like 09JAN26, or unix seconds (default: all that are due)")
    .option("--as <name>", "who sends it, on a local chain (default: keeper)")
    .parse()
    .opts<CommonOptions & { expiry?: string; as?: string }>();
  const session = await openSession(options);
  const actor = actorOf(session, options.as, "keeper");
  const snapshot = await readSnapshot(session.contracts);
  const due =
    options.expiry === undefined ? snapshot.unsettledExpiries : [await dueExpiry(session, snapshot, options.expiry)];
  if (due.length === 0) {
    const next = [...snapshot.liveExpiries].sort((a, b) => Number(a - b))[0];
    console.log(
      `Nothing is due.${next === undefined ? " No expiry is listed." : ` The next expiry is ${formatTime(next)}; the chain's time is ${formatTime(snapshot.timestamp)}.`}`,
    );
    return;
  }
  for (const expiry of due) await settle(session, actor, { expiry, blockNumber: snapshot.blockNumber });
});

/** @throws {NotPossibleError} when that expiry is not listed, not due or settled already. */
async function dueExpiry(session: Session, snapshot: Snapshot, text: string): Promise<bigint> {
  const listed = await listedExpiries(session);
  const day = parseDay(text);
  if (day === undefined && !/^[0-9]{1,12}$/.test(text)) {
    throw new InputError(`--expiry: expected a day like 09JAN26 or unix seconds, got "${text}"`);
  }
  const expiry = day === undefined ? BigInt(text) : expiryOfDay(day, listed);
  if (!listed.includes(expiry)) {
    throw new NotPossibleError(
      `${formatTime(expiry)} is not listed: expected one of ${listed.map(formatTime).join(", ") || "(no expiry is listed)"}`,
    );
  }
  if (!snapshot.liveExpiries.includes(expiry)) throw new NotPossibleError(`${formatTime(expiry)} is settled already`);
  if (expiry > snapshot.timestamp) {
    throw new NotPossibleError(
      `${formatTime(expiry)} lies ahead: the chain's time is ${formatTime(snapshot.timestamp)}`,
    );
  }
  return expiry;
}

async function settle(
  session: Session,
  actor: Actor,
  { expiry, blockNumber }: { expiry: bigint; blockNumber: number },
): Promise<void> {
  const { contracts, units } = session;
  const round = await settlementRoundOf(contracts, expiry, blockNumber);
  if (round === undefined) {
    throw new NotPossibleError(
      `${formatTime(expiry)} cannot be settled yet: the feed has no round at or after it; wait for the feed`,
    );
  }
  const transaction: ContractTransaction = await contracts.market.settle.populateTransaction(expiry, round.id);
  const { receipt } = await send(session, actor, { what: `settle ${formatTime(expiry)}`, transaction });
  const event = eventOf(receipt, { contracts, from: "market", name: "Settled" });
  console.log(
    `${formatTime(expiry)} settled at ${formatQuoteWad(event.big("settlementPrice"), units)} (the feed's round of ${formatTime(round.updatedAt)}); ${formatAssets(event.big("owed"), units)} is owed to holders.`,
  );
  await showHolders(session, expiry);
}

/** Who can redeem, and what it pays. */
async function showHolders(session: Session, expiry: bigint): Promise<void> {
  const { contracts, units } = session;
  const strikes = await strikesOf(session, expiry);
  const ids = strikes.flatMap(({ strikeWad }) =>
    [true, false].map((isCall) => encodeSeries({ expiry, strikeWad, isCall })),
  );
  const lines: string[] = [];
  for (const { id, holder, sizeWad } of await holdingsOf(session, ids)) {
    const payoff = await read(contracts, () => contracts.market.payoff(id));
    const size = formatFixed(sizeWad, 18, { least: 0 });
    const name = nameOfSeries(id, units);
    lines.push(
      payoff === 0n
        ? `  ${nameOf(session, holder)}: ${size} ${name} expired worthless`
        : `  ${nameOf(session, holder)}: ${size} ${name} pay ${formatQuoteWad(payoff, units)} each: npm run redeem -- --series ${name} --as ${nameOf(session, holder)}`,
    );
  }
  console.log(lines.length === 0 ? "Nobody holds options of it." : lines.join("\n"));
}
