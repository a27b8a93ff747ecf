/** What buying and selling share: the quote, what precedes the trade in the same transaction, and the slippage limit. */
import type { ContractTransaction } from "ethers";
import { CLOSURES, type Closure } from "../../enums.ts";
import { BallastError, InputError, SnapshotError } from "../../errors.ts";
import { PriceService } from "../../prices/service.ts";
import { type RouterSettlement, readSettlementProof, routerSettlement } from "../../settle.ts";
import type { Snapshot } from "../../snapshot.ts";
import { simulate } from "../../tx/send.ts";
import { formatTime, parseAmount, WAD } from "../../units.ts";
import type { CommonOptions } from "./program.ts";
import { type Actor, read, type Session } from "./session.ts";

export const DEADLINE_SECONDS = 120n;

export interface TradeOptions extends CommonOptions {
  series: string;
  size: string;
  slippage: string;
  update: boolean;
  prices?: string;
  as?: string;
}

export type MarketQuote = Awaited<ReturnType<Session["contracts"]["market"]["quote"]>>;

export function readQuote(
  { contracts }: Session,
  { id, size, blockTag }: { id: bigint; size: bigint; blockTag: number },
): Promise<MarketQuote> {
  return read(contracts, () => contracts.market.quote(id, size, { blockTag }), "the market gives no quote");
}

/** @throws {SnapshotError} for one that this keeper does not know. */
export function closureOf(value: bigint): Closure {
  const closure = CLOSURES[Number(value)];
  if (closure === undefined) {
    throw new SnapshotError(`the market says that it is closed for reason ${value}: the contracts are newer than this`);
  }
  return closure;
}

/** Why a size cannot be bought: what the series says, else what the vault's limits say. */
export function buyingClosure({ price, limits }: MarketQuote): Closure {
  const ofSeries = closureOf(price.buying);
  return ofSeries === "None" ? closureOf(limits.closure) : ofSeries;
}

/** A percentage as a WAD part. */
export function parseSlippage(text: string): bigint {
  const part = parseAmount(text, { decimals: 16, name: "--slippage" });
  if (part > WAD / 2n) throw new InputError(`--slippage: expected at most 50 percent, got "${text}"`);
  return part;
}

/** `IBallastRouter.Before`, and the value that it takes. */
export interface Preparation {
  first: { permits: []; priceUpdate: string[]; settlements: RouterSettlement[] };
  feeWei: bigint;
  /** What is brought along, for a person. */
  notes: string[];
}

/**
 * A fresh price when there is a service to ask, and every due settlement that can be proved. Undefined when there is
 * nothing to bring or no router to bring it with: then the market is called directly.
 */
export async function prepare(
  { contracts }: Session,
  snapshot: Snapshot,
  { update, prices: serviceUrl }: Pick<TradeOptions, "update" | "prices">,
): Promise<Preparation | undefined> {
  if (contracts.router === undefined) return undefined;
  const service = PriceService.of(contracts, serviceUrl);
  const preparation: Preparation = {
    first: { permits: [], priceUpdate: [], settlements: [] },
    feeWei: 0n,
    notes: [],
  };
  if (update && service !== undefined) {
    try {
      const { updateData, feeWei } = await service.latest(snapshot.timestamp);
      preparation.first.priceUpdate.push(...updateData);
      preparation.feeWei += feeWei;
      preparation.notes.push("a fresh price");
    } catch (error) {
      if (!(error instanceof BallastError)) throw error;
      console.log(`No fresh price is brought, so the feed's own with its wider doubt counts: ${error.message}`);
    }
  }
  for (const expiry of snapshot.unsettledExpiries) {
    const proof = await readSettlementProof(contracts, expiry, { block: snapshot, prices: service });
    if (proof.rule === "wait") continue;
    preparation.first.settlements.push(routerSettlement(expiry, proof));
    if (proof.rule === "pull" && service !== undefined) {
      preparation.feeWei += await service.feeOf(proof.update.updateData);
    }
    preparation.notes.push(`the settlement of ${formatTime(expiry)}`);
  }
  return preparation.notes.length === 0 ? undefined : preparation;
}

/** What a call of the router would return, one number, without sending it. */
export async function outcomeOf(
  { provider, deployment, units }: Session,
  actor: Actor,
  { what, transaction, value }: { what: string; transaction: ContractTransaction; value: bigint },
): Promise<bigint> {
  const data = await simulate({
    provider,
    chainId: deployment.chainId,
    rpcUrl: deployment.rpcUrl,
    units,
    call: { to: transaction.to, data: transaction.data, value },
    what,
    from: actor.wallet.address,
    simulateAt: "latest",
  });
  return BigInt(data);
}
