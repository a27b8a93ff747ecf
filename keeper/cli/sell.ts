/** `npm run sell -- --series ETH-09JAN26-3000-C --size 2 [--slippage 1] [--min-proceeds N] [--no-update] [--as dave]` */
import type { ContractTransaction } from "ethers";
import { CLOSURE_WORDS } from "../enums.ts";
import { NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { readSnapshot } from "../snapshot.ts";
import { formatAssets, formatFixed, formatQuoteWad, parseAmount, WAD } from "../units.ts";
import { nameOfSeries, seriesOf } from "./shared/board.ts";
import { program, runMain } from "./shared/program.ts";
import { actorOf, openSession, read, send } from "./shared/session.ts";
import {
  closureOf,
  DEADLINE_SECONDS,
  outcomeOf,
  parseSlippage,
  prepare,
  readQuote,
  type TradeOptions,
} from "./shared/trade.ts";

await runMain(async () => {
  const options = program("sell", "Sells options back to the vault at the market's price.")
    .requiredOption("--series <name>", "which, as `npm run board` names it: ETH-09JAN26-3000-C")
    .requiredOption("--size <number>", "how many")
    .option("--slippage <percent>", "how much less than quoted it may bring until it is mined", "1")
    .option(
      "--min-proceeds <number>",
      "least to get for all of them, in the quote token (default: quote less slippage)",
    )
    .option("--no-update", "bring no fresh price along: the feed's own, with its wider doubt, counts")
    .option("--prices <url>", "the price service, when not the one in the deployment file")
    .option("--as <name>", "who, on a local chain (default: dave)")
    .parse()
    .opts<TradeOptions & { minProceeds?: string }>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const { market, optionToken, router } = contracts;
  const size = parseAmount(options.size, { decimals: 18, name: "--size" });
  const slippage = parseSlippage(options.slippage);
  const limit =
    options.minProceeds === undefined
      ? undefined
      : parseAmount(options.minProceeds, { decimals: units.quoteDecimals, name: "--min-proceeds" });
  const actor = actorOf(session, options.as, "dave");
  const receiver = actor.wallet.address;
  const id = await seriesOf(session, options.series);
  const name = nameOfSeries(id, units);
  const exact = (assets: bigint): string => formatAssets(assets, units, { most: units.quoteDecimals });

  const held = await read(contracts, () => optionToken.balanceOf(receiver, id));
  const show = (amount: bigint): string => `${formatFixed(amount, 18, { least: 0, most: 18 })} ${name}`;
  if (size > held)
    throw new NotPossibleError(`${actor.name} holds ${show(held)}, less than the ${show(size)} to sell back`);

  const snapshot = await readSnapshot(contracts);
  const preparation = await prepare(session, snapshot, options);
  const { price } = await readQuote(session, { id, size, blockTag: snapshot.blockNumber });
  const closure = closureOf(price.selling);
  if (closure !== "None") {
    throw new NotPossibleError(`${show(size)} cannot be sold back now: ${CLOSURE_WORDS[closure]}`);
  }
  const withSlippage = (proceeds: bigint): bigint => proceeds - (proceeds * slippage) / WAD;
  const { proceeds: quoted } = price;
  if (limit !== undefined && preparation === undefined && quoted < limit) {
    throw new NotPossibleError(
      `${options.size} ${name} bring ${exact(quoted)} now, below --min-proceeds ${exact(limit)}`,
    );
  }

  const deadline = snapshot.timestamp + DEADLINE_SECONDS;
  let transaction: ContractTransaction;
  if (preparation === undefined || router === undefined) {
    transaction = await market.sell.populateTransaction(id, size, limit ?? withSlippage(quoted), deadline, receiver);
  } else {
    const spender = contracts.deployment.contracts.router!;
    const allowed = await read(contracts, () => optionToken.allowance(receiver, spender, id));
    if (allowed < size) {
      const approval = await optionToken.approve.populateTransaction(spender, id, size);
      await send(session, actor, { what: "approve", transaction: approval });
    }
    const { first, feeWei: value } = preparation;
    const atLeast = (proceeds: bigint): Promise<ContractTransaction> =>
      router.sell.populateTransaction(first, id, size, proceeds, deadline, receiver, { value });
    // What it brings with what is brought along: that is what slippage is measured from.
    const fresh = await outcomeOf(session, actor, { what: "sell", transaction: await atLeast(limit ?? 0n), value });
    transaction = await atLeast(limit ?? withSlippage(fresh));
    console.log(`Together with ${preparation.notes.join(" and ")}: ${exact(fresh)} instead of ${exact(quoted)}.`);
  }
  const { receipt } = await send(session, actor, { what: "sell", transaction });

  const event = eventOf(receipt, { contracts, from: "market", name: "Sold" });
  const sold = event.big("size");
  const proceeds = event.big("proceeds");
  console.log(
    `${actor.name} sold ${show(sold)} back for ${formatAssets(proceeds, units)}, ${formatAssets((proceeds * WAD) / sold, units)} each (model value ${formatQuoteWad(event.big("value"), units)}, spot ${formatQuoteWad(event.big("spot"), units)}).`,
  );
});
