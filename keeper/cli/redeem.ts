/** `npm run redeem -- --series ETH-09JAN26-3000-C [--size N] [--as dave]` */
import { NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { decodeSeries } from "../series.ts";
import { formatAssets, formatFixed, formatQuoteWad, formatTime, parseAmount } from "../units.ts";
import { nameOfSeries, seriesOf } from "./shared/board.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { actorOf, openSession, read, send } from "./shared/session.ts";

await runMain(async () => {
  const options = program("redeem", "Turns options of a settled expiry into what they pay.")
    .requiredOption("--series <name>", "which, as `npm run settle` names it: ETH-09JAN26-3000-C")
    .option("--size <number>", "how many (default: all that the account holds)")
    .option("--as <name>", "who, on a local chain (default: dave)")
    .parse()
    .opts<CommonOptions & { series: string; size?: string; as?: string }>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const wanted = options.size === undefined ? undefined : parseAmount(options.size, { decimals: 18, name: "--size" });
  const actor = actorOf(session, options.as, "dave");
  const id = await seriesOf(session, options.series);
  const name = nameOfSeries(id, units);
  const { expiry } = decodeSeries(id);

  const { settled, settlementPrice } = await read(contracts, () => contracts.market.expiryOf(expiry));
  if (!settled)
    throw new NotPossibleError(
      `${name} is not settled: it expires at ${formatTime(expiry)}, then run \`npm run settle\``,
    );
  const held = await read(contracts, () => contracts.optionToken.balanceOf(actor.wallet.address, id));
  const show = (size: bigint): string => `${formatFixed(size, 18, { least: 0, most: 18 })} ${name}`;
  if (held === 0n) throw new NotPossibleError(`${actor.name} holds no ${name}`);
  const size = wanted ?? held;
  if (size > held)
    throw new NotPossibleError(`${actor.name} holds ${show(held)}, less than the ${show(size)} to redeem`);

  const transaction = await contracts.market.redeem.populateTransaction(id, size, actor.wallet.address);
  const { receipt } = await send(session, actor, { what: "redeem", transaction });
  const event = eventOf(receipt, { contracts, from: "market", name: "Redeemed" });
  const payout = event.big("payout");
  const settledAt = `settled at ${formatQuoteWad(settlementPrice, units)}`;
  console.log(
    payout === 0n
      ? `${actor.name} gave up ${show(event.big("size"))}: ${settledAt}, they expired worthless.`
      : `${actor.name} redeemed ${show(event.big("size"))}, ${settledAt}, for ${formatAssets(payout, units)}.`,
  );
});
