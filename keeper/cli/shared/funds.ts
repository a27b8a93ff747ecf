/** The quote token: enough of it, and allowed to whoever collects it. */
import { NotPossibleError } from "../../errors.ts";
import { formatAssets } from "../../units.ts";
import { type Actor, canMint, read, type Session, send } from "./session.ts";

/** Mints what is missing on a local chain and says so. @throws {NotPossibleError} elsewhere, with what is there. */
export async function ensureBalance(session: Session, actor: Actor, assets: bigint): Promise<void> {
  const { contracts, units } = session;
  const balance = await read(contracts, () => contracts.quoteToken.balanceOf(actor.wallet.address));
  if (balance >= assets) return;
  const missing = assets - balance;
  if (!canMint(session)) {
    throw new NotPossibleError(
      `${actor.name} has ${formatAssets(balance, units)} and needs ${formatAssets(assets, units)}`,
    );
  }
  const transaction = await contracts.quoteToken.mint.populateTransaction(actor.wallet.address, missing);
  await send(session, actor, { what: "mint", transaction });
  console.log(
    `${actor.name} lacked ${formatAssets(missing, units)}: minted, because this is a local chain with test money.`,
  );
}

/** Allows `spender` exactly `assets`, when it is not allowed so much already. */
export async function ensureAllowance(
  session: Session,
  actor: Actor,
  { spender, assets }: { spender: string; assets: bigint },
): Promise<void> {
  const { contracts } = session;
  const allowed = await read(contracts, () => contracts.quoteToken.allowance(actor.wallet.address, spender));
  if (allowed >= assets) return;
  const transaction = await contracts.quoteToken.approve.populateTransaction(spender, assets);
  await send(session, actor, { what: "approve", transaction });
}
