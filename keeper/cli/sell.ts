/** `npm run sell -- --series ETH-09JAN26-3000-C --size 2 [--min-proceeds N] [--as dave]` */
import { NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { formatAssets, formatFixed, formatQuoteWad, parseAmount, WAD } from "../units.ts";
import { nameOfSeries, seriesOf } from "./shared/board.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { actorOf, openSession, read, send } from "./shared/session.ts";

/** Without --min-proceeds: how much less than the quote shown the sale may bring until it is mined. */
const DRIFT_WAD = WAD / 100n;
const DEADLINE_SECONDS = 120n;

await runMain(async () => {
  const options = program("sell", "Sells options back to the vault at the market's price.")
    .requiredOption("--series <name>", "which, as `npm run board` names it: ETH-09JAN26-3000-C")
    .requiredOption("--size <number>", "how many")
    .option("--min-proceeds <number>", "least to get for all of them, in the quote token (default: the quote less 1 %)")
    .option("--as <name>", "who, on a local chain (default: dave)")
    .parse()
    .opts<CommonOptions & { series: string; size: string; minProceeds?: string; as?: string }>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const size = parseAmount(options.size, { decimals: 18, name: "--size" });
  const limit =
    options.minProceeds === undefined
      ? undefined
      : parseAmount(options.minProceeds, { decimals: units.quoteDecimals, name: "--min-proceeds" });
  const actor = actorOf(session, options.as, "dave");
  const id = await seriesOf(session, options.series);
  const name = nameOfSeries(id, units);

  const held = await read(contracts, () => contracts.optionToken.balanceOf(actor.wallet.address, id));
  const show = (amount: bigint): string => `${formatFixed(amount, 18, { least: 0, most: 18 })} ${name}`;
  if (size > held)
    throw new NotPossibleError(`${actor.name} holds ${show(held)}, less than the ${show(size)} to sell back`);
  const quote = await read(contracts, () => contracts.market.quote(id, size), "the market gives no quote");
  const minProceeds = limit ?? quote.proceeds - (quote.proceeds * DRIFT_WAD) / WAD;
  if (quote.proceeds < minProceeds) {
    const amount = (assets: bigint): string => formatAssets(assets, units, { most: units.quoteDecimals });
    throw new NotPossibleError(
      `${options.size} ${name} bring ${amount(quote.proceeds)} now, below --min-proceeds ${amount(minProceeds)}`,
    );
  }
  const block = await read(contracts, () => contracts.provider.getBlock("latest"));
  const deadline = BigInt(block!.timestamp) + DEADLINE_SECONDS;
  const transaction = await contracts.market.sell.populateTransaction(
    id,
    size,
    minProceeds,
    deadline,
    actor.wallet.address,
  );
  const { receipt } = await send(session, actor, { what: "sell", transaction });

  const event = eventOf(receipt, { contracts, from: "market", name: "Sold" });
  const sold = event.big("size");
  const proceeds = event.big("proceeds");
  console.log(
    `${actor.name} sold ${show(sold)} back for ${formatAssets(proceeds, units)}, ${formatAssets((proceeds * WAD) / sold, units)} each (model value ${formatQuoteWad(event.big("value"), units)}, spot ${formatQuoteWad(event.big("spot"), units)}).`,
  );
});
