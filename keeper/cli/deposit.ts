/** `npm run deposit -- --amount 1000 [--as alice]` */

import { CLOSURE_WORDS } from "../enums.ts";
import { NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { readSnapshot } from "../snapshot.ts";
import { formatAssets, formatFixed, parseAmount } from "../units.ts";
import { ensureAllowance, ensureBalance } from "./shared/funds.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { actorOf, openSession, read, send } from "./shared/session.ts";

await runMain(async () => {
  const options = program("deposit", "Deposits the quote token into the vault, for shares at the ask price.")
    .requiredOption("--amount <number>", "how much, in the quote token")
    .option("--as <name>", "who, on a local chain (default: alice)")
    .parse()
    .opts<CommonOptions & { amount: string; as?: string }>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const assets = parseAmount(options.amount, { decimals: units.quoteDecimals, name: "--amount" });
  const actor = actorOf(session, options.as, "alice");
  const { nav } = await readSnapshot(contracts);
  if (nav.closure !== "None") throw new NotPossibleError(`deposits are closed: ${CLOSURE_WORDS[nav.closure]}`);

  await ensureBalance(session, actor, assets);
  const spender = contracts.deployment.contracts.vault;
  await ensureAllowance(session, actor, { spender, assets });
  const transaction = await contracts.vault.deposit.populateTransaction(assets, actor.wallet.address);
  const { receipt } = await send(session, actor, { what: "deposit", transaction });

  const event = eventOf(receipt, { contracts, from: "vault", name: "Deposit" });
  const [worth, total] = await Promise.all([
    read(contracts, () => contracts.vault.previewRedeem(event.big("shares"))),
    read(contracts, () => contracts.vault.totalAssets()),
  ]);
  const shares = formatFixed(event.big("shares"), units.quoteDecimals + 6);
  console.log(
    `${actor.name} deposited ${formatAssets(event.big("assets"), units)} and received ${shares} shares, worth ${formatAssets(worth, units)} at the bid; the vault's NAV is now ${formatAssets(total, units)}.`,
  );
});
