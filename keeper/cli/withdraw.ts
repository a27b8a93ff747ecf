/** `npm run withdraw -- --amount N | --shares N | --all [--as alice]` */

import { CLOSURE_WORDS } from "../enums.ts";
import { InputError, NotPossibleError } from "../errors.ts";
import { eventOf } from "../events.ts";
import { readSnapshot } from "../snapshot.ts";
import { formatAssets, formatFixed, parseAmount } from "../units.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { actorOf, openSession, read, send } from "./shared/session.ts";

interface WithdrawOptions extends CommonOptions {
  amount?: string;
  shares?: string;
  all?: boolean;
  as?: string;
}

/** What is free moves with the options' value until the transaction is mined: --all leaves a thousandth of it. */
const ALMOST_ALL = { numerator: 999n, denominator: 1000n };

await runMain(async () => {
  const options = program("withdraw", "Takes deposits out at the bid price, as far as they are free now.")
    .option("--amount <number>", "how much, in the quote token")
    .option("--shares <number>", "or: how many shares")
    .option("--all", "or: everything that is free now")
    .option("--as <name>", "who, on a local chain (default: alice)")
    .parse()
    .opts<WithdrawOptions>();
  const given = [options.amount, options.shares, options.all].filter((option) => option !== undefined).length;
  if (given !== 1) throw new InputError(`withdraw: expected exactly one of --amount, --shares and --all, got ${given}`);

  const session = await openSession(options);
  const { contracts, units } = session;
  const { vault } = contracts;
  const shareDecimals = units.quoteDecimals + 6;
  const money = (assets: bigint): string => formatAssets(assets, units, { most: units.quoteDecimals });
  const showShares = (shares: bigint): string => `${formatFixed(shares, shareDecimals)} shares`;
  const assets =
    options.amount === undefined
      ? undefined
      : parseAmount(options.amount, { decimals: units.quoteDecimals, name: "--amount" });
  const shares =
    options.shares === undefined
      ? undefined
      : parseAmount(options.shares, { decimals: shareDecimals, name: "--shares" });
  const actor = actorOf(session, options.as, "alice");
  const owner = actor.wallet.address;

  const snapshot = await readSnapshot(contracts);
  const at = { blockTag: snapshot.blockNumber };
  const [balance, maxAssets, maxShares] = await Promise.all([
    read(contracts, () => vault.balanceOf(owner, at)),
    read(contracts, () => vault.maxWithdraw(owner, at)),
    read(contracts, () => vault.maxRedeem(owner, at)),
  ]);
  if (balance === 0n) throw new NotPossibleError(`${actor.name} has no shares: deposit first`);
  if (snapshot.nav.closure !== "None") {
    throw new NotPossibleError(`withdrawals are closed: ${CLOSURE_WORDS[snapshot.nav.closure]}`);
  }
  const worth = await read(contracts, () => vault.previewRedeem(balance, at));
  const state = `${actor.name} has ${showShares(balance)} worth ${money(worth)} at the bid, of which ${money(maxAssets)} (${showShares(maxShares)}) is free now`;
  const later = "the rest backs options and the hedge, and becomes free as they expire";
  if (maxShares === 0n) throw new NotPossibleError(`${state}: ${later}`);
  if (assets !== undefined && assets > maxAssets) {
    throw new NotPossibleError(`${state}, not the ${money(assets)} asked for${worth > maxAssets ? `: ${later}` : ""}`);
  }
  if (shares !== undefined && shares > maxShares) {
    throw new NotPossibleError(
      `${state}, not the ${showShares(shares)} asked for${balance > maxShares ? `: ${later}` : ""}`,
    );
  }

  const all = maxShares === balance ? balance : (maxShares * ALMOST_ALL.numerator) / ALMOST_ALL.denominator;
  const transaction =
    assets === undefined
      ? await vault.redeem.populateTransaction(shares ?? all, owner, owner)
      : await vault.withdraw.populateTransaction(assets, owner, owner);
  const { receipt, blockNumber } = await send(session, actor, { what: "withdraw", transaction });
  const event = eventOf(receipt, { contracts, from: "vault", name: "Withdraw" });
  const left = await read(contracts, () => vault.balanceOf(owner, { blockTag: blockNumber }));
  const leftWorth =
    left === 0n ? 0n : await read(contracts, () => vault.previewRedeem(left, { blockTag: blockNumber }));
  const rest =
    left === 0n
      ? "No shares are left."
      : `${showShares(left)} worth ${money(leftWorth)} stay${options.all === true ? `: ${later}` : ""}.`;
  console.log(`${actor.name} withdrew ${money(event.big("assets"))} for ${showShares(event.big("shares"))}. ${rest}`);
});
