/** `npm run buy -- --series ETH-09JAN26-3000-C --size 2 [--slippage 1] [--max-premium N] [--no-update] [--as dave]` */
import type { ContractTransaction } from "ethers";
import { CLOSURE_WORDS, type Closure } from "../enums.ts";
import { NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { decodeSeries } from "../series.ts";
import { readSnapshot } from "../snapshot.ts";
import {
  formatAssets,
  formatFixed,
  formatPercent,
  formatQuoteWad,
  formatTime,
  min,
  parseAmount,
  WAD,
} from "../units.ts";
import { nameOfSeries, seriesOf } from "./shared/board.ts";
import { ensureAllowance, ensureBalance } from "./shared/funds.ts";
import { program, runMain } from "./shared/program.ts";
import { actorOf, openSession, send } from "./shared/session.ts";
import {
  buyingClosure,
  DEADLINE_SECONDS,
  outcomeOf,
  type Preparation,
  parseSlippage,
  prepare,
  readQuote,
  type TradeOptions,
} from "./shared/trade.ts";

await runMain(async () => {
  const options = program("buy", "Buys options from the vault at the market's price.")
    .requiredOption("--series <name>", "which, as `npm run board` names it: ETH-09JAN26-3000-C")
    .requiredOption("--size <number>", "how many")
    .option("--slippage <percent>", "how much dearer than quoted it may become until it is mined", "1")
    .option(
      "--max-premium <number>",
      "most to pay for all of them, in the quote token (default: the quote and slippage)",
    )
    .option("--no-update", "bring no fresh price along: the feed's own, with its wider doubt, counts")
    .option("--prices <url>", "the price service, when not the one in the deployment file")
    .option("--as <name>", "who, on a local chain (default: dave)")
    .parse()
    .opts<TradeOptions & { maxPremium?: string }>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const { market, router, deployment } = contracts;
  const size = parseAmount(options.size, { decimals: 18, name: "--size" });
  const slippage = parseSlippage(options.slippage);
  const limit =
    options.maxPremium === undefined
      ? undefined
      : parseAmount(options.maxPremium, { decimals: units.quoteDecimals, name: "--max-premium" });
  const actor = actorOf(session, options.as, "dave");
  const receiver = actor.wallet.address;
  const id = await seriesOf(session, options.series);
  const name = nameOfSeries(id, units);
  const exact = (assets: bigint): string => formatAssets(assets, units, { most: units.quoteDecimals });

  const snapshot = await readSnapshot(contracts);
  const preparation = await prepare(session, snapshot, options);
  const quote = await readQuote(session, { id, size, blockTag: snapshot.blockNumber });
  const closure = buyingClosure(quote);
  if (closure !== "None" && !opens(preparation, closure)) {
    throw new NotPossibleError(`${options.size} ${name} cannot be bought now: ${CLOSURE_WORDS[closure]}`);
  }
  const withSlippage = (premium: bigint): bigint => premium + (premium * slippage) / WAD;
  const { premium: quoted } = quote.price;
  const most = limit ?? withSlippage(quoted);
  if (limit !== undefined && preparation === undefined && quoted > limit) {
    throw new NotPossibleError(
      `${options.size} ${name} cost ${exact(quoted)} now, above --max-premium ${exact(limit)}`,
    );
  }

  const deadline = snapshot.timestamp + DEADLINE_SECONDS;
  await ensureBalance(session, actor, most);
  let transaction: ContractTransaction;
  if (preparation === undefined || router === undefined) {
    await ensureAllowance(session, actor, { spender: deployment.contracts.market, assets: most });
    transaction = await market.buy.populateTransaction(id, size, most, deadline, receiver);
  } else {
    await ensureAllowance(session, actor, { spender: deployment.contracts.router!, assets: most });
    const { first, feeWei: value } = preparation;
    const atMost = (premium: bigint): Promise<ContractTransaction> =>
      router.buy.populateTransaction(first, id, size, premium, deadline, receiver, { value });
    // What it costs with what is brought along: that is what slippage is measured from.
    const fresh = await outcomeOf(session, actor, { what: "buy", transaction: await atMost(most), value });
    transaction = await atMost(min(most, limit ?? withSlippage(fresh)));
    console.log(`Together with ${preparation.notes.join(" and ")}: ${exact(fresh)} instead of ${exact(quoted)}.`);
  }
  const { receipt } = await send(session, actor, { what: "buy", transaction });

  const event = eventOf(receipt, { contracts, from: "market", name: "Bought" });
  const bought = event.big("size");
  const premium = event.big("premium");
  const each = (premium * WAD) / bought;
  const { expiry, strikeWad, isCall } = decodeSeries(event.big("id"));
  console.log(
    `${actor.name} bought ${formatFixed(bought, 18, { least: 0 })} ${name} for ${formatAssets(premium, units)}, ${formatAssets(each, units)} each (model value ${formatQuoteWad(event.big("value"), units)}, volatility ${formatPercent(event.big("volatility"))}, spot ${formatQuoteWad(event.big("spot"), units)}).`,
  );
  console.log(
    `Each pays what ${units.underlying} is ${isCall ? "above" : "below"} ${formatQuoteWad(strikeWad, units)} at ${formatTime(expiry)}.`,
  );
});

/**
 * Whether what is brought along may open what is closed: a due settlement, whose old slice makes the surface stale, too,
 * and a new price, which has its own allowance of delta. The simulation then tells.
 */
function opens(preparation: Preparation | undefined, closure: Closure): boolean {
  switch (closure) {
    case "ExpiryUnsettled":
    case "SurfaceStale":
      return (preparation?.first.settlements.length ?? 0) > 0;
    case "RoundDeltaSpent":
      return (preparation?.first.priceUpdate.length ?? 0) > 0;
    default:
      return false;
  }
}
