/** `npm run settle [-- --expiry 09JAN26]` */
import { InputError, NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { PriceService } from "../prices/service.ts";
import { encodeSeries, expiryOfDay, parseDay } from "../series.ts";
import { explainProof, explainWait, readSettlementProof, settlementCalls } from "../settle.ts";
import { readSnapshot, type Snapshot } from "../snapshot.ts";
import { formatAssets, formatFixed, formatQuoteWad, formatTime } from "../units.ts";
import { expiriesWith, holdingsOf, liveExpiries, nameOfSeries, strikesOf } from "./shared/board.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { type Actor, actorOf, nameOf, openSession, read, type Session, sendCall } from "./shared/session.ts";

interface SettleOptions extends CommonOptions {
  expiry?: string;
  prices?: string;
  as?: string;
}

await runMain(async () => {
  const options = program(
    "settle",
    "Fixes the settlement price of what has expired. Anyone may; the outcome is the same.",
  )
    .option("--expiry <day>", "which: a day like 09JAN26, or unix seconds (default: all that are due)")
    .option("--prices <url>", "the price service, when not the one in the deployment file")
    .option("--as <name>", "who sends it, on a local chain (default: keeper)")
    .parse()
    .opts<SettleOptions>();
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
  const prices = PriceService.of(session.contracts, options.prices);
  const refusals: string[] = [];
  for (const expiry of due) {
    const refusal = await settle(session, actor, { expiry, prices });
    if (refusal !== undefined) refusals.push(refusal);
  }
  // One that cannot be settled keeps none of the others from it.
  if (refusals.length > 0) throw new NotPossibleError(refusals.join("\n"));
});

/** @throws {NotPossibleError} when that expiry is not listed, not due or settled already. */
async function dueExpiry(session: Session, snapshot: Snapshot, text: string): Promise<bigint> {
  const day = parseDay(text);
  if (day === undefined && !/^[0-9]{1,12}$/.test(text)) {
    throw new InputError(`--expiry: expected a day like 09JAN26 or unix seconds, got "${text}"`);
  }
  const expiry = day === undefined ? BigInt(text) : expiryOfDay(day, await expiriesWith(session, day));
  const { listed, settled } = await read(session.contracts, () => session.contracts.market.expiryOf(expiry));
  if (!listed) {
    const live = (await liveExpiries(session)).map(formatTime).join(", ");
    throw new NotPossibleError(
      `${formatTime(expiry)} is not listed: expected one of ${live === "" ? "(no expiry is live)" : live}`,
    );
  }
  if (settled) throw new NotPossibleError(`${formatTime(expiry)} is settled already`);
  if (expiry > snapshot.timestamp) {
    throw new NotPossibleError(
      `${formatTime(expiry)} lies ahead: the chain's time is ${formatTime(snapshot.timestamp)}`,
    );
  }
  return expiry;
}

/** @returns Why it cannot be settled, or undefined when it was. */
async function settle(
  session: Session,
  actor: Actor,
  { expiry, prices }: { expiry: bigint; prices: PriceService | undefined },
): Promise<string | undefined> {
  const { contracts, units } = session;
  // Of its own block: the settlement before this one took another.
  const block = await readSnapshot(contracts);
  const proof = await readSettlementProof(contracts, expiry, { block, prices });
  if (proof.rule === "wait") return `${formatTime(expiry)} cannot be settled yet: ${explainWait(proof)}`;
  const what = `settle ${formatTime(expiry)}`;
  const calls = await settlementCalls(contracts, { expiry, proof, prices });
  for (const call of calls.slice(0, -1)) await sendCall(session, actor, { what, call });
  const { receipt } = await sendCall(session, actor, { what, call: calls.at(-1)! });
  const event = eventOf(receipt, { contracts, from: "market", name: "Settled" });
  console.log(
    `${formatTime(expiry)} settled at ${formatQuoteWad(event.big("settlementPrice"), units)} (${explainProof(proof)}); ${formatAssets(event.big("owed"), units)} is owed to holders.`,
  );
  await showHolders(session, expiry);
  return undefined;
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
