/** `npm run buy -- --series ETH-09JAN26-3000-C --size 2 [--max-premium N] [--as dave]` */

import { CLOSURE_WORDS } from "../enums.ts";
import { NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { decodeSeries } from "../series.ts";
import { readSnapshot } from "../snapshot.ts";
import { formatAssets, formatFixed, formatPercent, formatQuoteWad, formatTime, parseAmount, WAD } from "../units.ts";
import { nameOfSeries, seriesOf } from "./shared/board.ts";
import { ensureAllowance, ensureBalance } from "./shared/funds.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { actorOf, openSession, read, send } from "./shared/session.ts";

interface BuyOptions extends CommonOptions {
  series: string;
  size: string;
  maxPremium?: string;
  as?: string;
}

/** Without --max-premium: how much dearer than the quote shown the purchase may become until it is mined. */
const DRIFT_WAD = WAD / 100n;
const DEADLINE_SECONDS = 120n;

await runMain(async () => {
  const options = program("buy", "Buys options from the vault at the market's price.")
    .requiredOption("--series <name>", "which, as `npm run board` names it: ETH-09JAN26-3000-C")
    .requiredOption("--size <number>", "how many")
    .option("--max-premium <number>", "most to pay for all of them, in the quote token (default: the quote and 1 %)")
    .option("--as <name>", "who, on a local chain (default: dave)")
    .parse()
    .opts<BuyOptions>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const size = parseAmount(options.size, { decimals: 18, name: "--size" });
  const limit =
    options.maxPremium === undefined
      ? undefined
      : parseAmount(options.maxPremium, { decimals: units.quoteDecimals, name: "--max-premium" });
  const actor = actorOf(session, options.as, "dave");
  const id = await seriesOf(session, options.series);
  const name = nameOfSeries(id, units);

  const snapshot = await readSnapshot(contracts);
  if (snapshot.nav.closure !== "None") {
    throw new NotPossibleError(`sales are closed: ${CLOSURE_WORDS[snapshot.nav.closure]}`);
  }
  const quote = await read(
    contracts,
    () => contracts.market.quote(id, size, { blockTag: snapshot.blockNumber }),
    "the market gives no quote",
  );
  const maxPremium = limit ?? quote.premium + (quote.premium * DRIFT_WAD) / WAD;
  if (quote.premium > maxPremium) {
    throw new NotPossibleError(
      `${options.size} ${name} cost ${formatAssets(quote.premium, units, { most: units.quoteDecimals })} now, above --max-premium ${formatAssets(maxPremium, units, { most: units.quoteDecimals })}`,
    );
  }
  await ensureBalance(session, actor, maxPremium);
  await ensureAllowance(session, actor, { spender: contracts.deployment.contracts.market, assets: maxPremium });
  const deadline = snapshot.timestamp + DEADLINE_SECONDS;
  const transaction = await contracts.market.buy.populateTransaction(
    id,
    size,
    maxPremium,
    deadline,
    actor.wallet.address,
  );
  const { receipt } = await send(session, actor, { what: "buy", transaction });

  const event = eventOf(receipt, { contracts, from: "market", name: "Bought" });
  const bought = event.big("size");
  const premium = event.big("premium");
  const each = (premium * WAD) / bought;
  const { expiry, strikeWad, isCall } = decodeSeries(event.big("id"));
  console.log(
    `${actor.name} bought ${formatFixed(bought, 18, { least: 0 })} ${name} for ${formatAssets(premium, units)}, ${formatAssets(each, units)} each (model value ${formatQuoteWad(event.big("value"), units)}, volatility ${formatPercent(quote.volatility)}, spot ${formatQuoteWad(event.big("spot"), units)}).`,
  );
  console.log(
    `Each pays what ${units.underlying} is ${isCall ? "above" : "below"} ${formatQuoteWad(strikeWad, units)} at ${formatTime(expiry)}.`,
  );
});
