/** Settling on a chain: what the proof is searched in, and the calls that it becomes. */
import type { ContractTransaction } from "ethers";
import type { Contracts } from "./contracts.ts";
import { SETTLEMENT_RULES } from "./enums.ts";
import { asReadError } from "./explain.ts";
import { roundsAt } from "./feed.ts";
import type { PriceService } from "./prices/service.ts";
import { findSettlementProof, type SettlementProof, type SettlementQuestion, type WaitReason } from "./settlement.ts";
import type { Call } from "./tx/send.ts";
import { formatTime } from "./units.ts";

const WAD_DECIMALS = 18n;
const MAX_PRICE_WAD = (1n << 128n) - 1n;

/** A proof that can be shown now. */
export type Provable = Exclude<SettlementProof, { rule: "wait" }>;

/** {@link findSettlementProof} on the deployment's feeds, everything of the push feed read at one block. */
export async function readSettlementProof(
  contracts: Contracts,
  expiry: bigint,
  { block, prices }: { block: { blockNumber: number; timestamp: bigint }; prices?: PriceService },
): Promise<SettlementProof> {
  const { expiryPriceOracle, deployment } = contracts;
  const blockTag = block.blockNumber;
  const { readRound, latestRound } = roundsAt(contracts, blockTag);
  let record: Awaited<ReturnType<typeof expiryPriceOracle.recordOf>>;
  try {
    record = await expiryPriceOracle.recordOf(expiry, { blockTag });
  } catch (error) {
    throw asReadError(error, { what: "the settlement oracle cannot be read", rpcUrl: deployment.rpcUrl });
  }
  const latest = await latestRound();
  return findSettlementProof({
    expiry,
    now: block.timestamp,
    record: {
      priceWad: record.price,
      listedPhase: record.listedPhase,
      isListed: record.listed,
      noRound: record.noRound,
    },
    feed: latest === undefined ? "feedUnreadable" : await readScale(contracts, latest.id, blockTag),
    readRound: (id) => (id === latest?.id ? Promise.resolve(latest) : readRound(id)),
    fetchPullUpdate: prices?.firstFrom(expiry),
  });
}

async function readScale(
  { expiryPriceOracle, feed, deployment }: Contracts,
  latestId: bigint,
  blockTag: number,
): Promise<SettlementQuestion["feed"]> {
  try {
    const [adopted, decimals] = await Promise.all([expiryPriceOracle.pushDecimals(), feed.decimals({ blockTag })]);
    if (adopted !== decimals) return "feedDecimalsChanged";
    return { latestId, maxAnswer: MAX_PRICE_WAD / 10n ** (WAD_DECIMALS - adopted) };
  } catch (error) {
    throw asReadError(error, { what: "the feed does not tell its decimals", rpcUrl: deployment.rpcUrl });
  }
}

/** `IBallastRouter.Settlement`. */
export interface RouterSettlement {
  expiry: bigint;
  rule: number;
  roundId: bigint;
  boundaries: bigint[];
  updateData: string[];
}

export function routerSettlement(expiry: bigint, proof: Provable): RouterSettlement {
  const base = { expiry, rule: ruleNumber("None"), roundId: 0n, boundaries: [], updateData: [] };
  switch (proof.rule) {
    case "proved":
      return base;
    case "first":
      return {
        ...base,
        rule: ruleNumber("FirstRound"),
        roundId: proof.round.id,
        boundaries: [...proof.boundaries],
      };
    case "pull":
      return {
        ...base,
        rule: ruleNumber("PullUpdate"),
        boundaries: [...(proof.opening ?? [])],
        updateData: [...proof.update.updateData],
      };
    case "last":
      return {
        ...base,
        rule: ruleNumber("LastRound"),
        roundId: proof.round.id,
        // Of every phase, whether or not it is still to be proved that there is no round: ids ascend with their phase.
        boundaries: [...proof.boundaries, proof.round.id].sort((a, b) => (a < b ? -1 : 1)),
      };
  }
}

const ruleNumber = (name: (typeof SETTLEMENT_RULES)[number]): number => SETTLEMENT_RULES.indexOf(name);

/**
 * What settles an expiry by this proof: one call of the router; without a router the calls of the proof and then
 * `settle`, in order.
 */
export async function settlementCalls(
  { router, market, expiryPriceOracle }: Contracts,
  { expiry, proof, prices }: { expiry: bigint; proof: Provable; prices?: PriceService },
): Promise<Call[]> {
  const fee = proof.rule === "pull" && prices !== undefined ? await prices.feeOf(proof.update.updateData) : 0n;
  if (router !== undefined) {
    const first = { permits: [], priceUpdate: [], settlements: [routerSettlement(expiry, proof)] };
    return [callOf(await router.prepare.populateTransaction(first), fee)];
  }
  const calls: Call[] = [];
  const add = (transaction: ContractTransaction, value = 0n): number => calls.push(callOf(transaction, value));
  if ((proof.rule === "pull" || proof.rule === "last") && proof.opening !== undefined)
    add(await expiryPriceOracle.proveNoRound.populateTransaction(expiry, [...proof.opening]));
  if (proof.rule === "first")
    add(await expiryPriceOracle.proveFirstRound.populateTransaction(expiry, proof.round.id, [...proof.boundaries]));
  if (proof.rule === "pull")
    add(await expiryPriceOracle.provePullUpdate.populateTransaction(expiry, [...proof.update.updateData]), fee);
  if (proof.rule === "last")
    add(await expiryPriceOracle.proveLastRound.populateTransaction(expiry, proof.round.id, [...proof.boundaries]));
  add(await market.settle.populateTransaction(expiry));
  return calls;
}

function callOf({ to, data }: ContractTransaction, value: bigint): Call {
  return value === 0n ? { to, data } : { to, data, value };
}

// ------------------------------------------------------------------ words

const WAIT_WORDS: Readonly<Record<WaitReason, string>> = {
  notListed: "it is not listed with the settlement oracle",
  expiry: "it lies ahead",
  block: "the round that settles is of the newest block and can be proved from the next one on",
  window: "the feed has no round at or after it yet; a pull update settles when none is written",
  pullUpdate:
    "the feed has no round within three hours of it and no pull update is at hand; the last round before it settles in the end",
  feedUnreadable: "the feed cannot be read",
  feedDecimalsChanged: "the feed's decimals have changed",
  noRound: "the feed has no round before it either",
};

/** Why an expiry cannot be settled now, and until when. */
export function explainWait({ why, until, detail }: Extract<SettlementProof, { rule: "wait" }>): string {
  const clock = until === undefined ? "" : ` (until ${formatTime(until)} at the latest)`;
  return `${WAIT_WORDS[why]}${detail === undefined ? "" : ` (${detail})`}${clock}`;
}

/** By what an expiry settles. */
export function explainProof(proof: Provable): string {
  switch (proof.rule) {
    case "proved":
      return "proved before";
    case "first":
      return `the feed's round of ${formatTime(proof.round.updatedAt)}`;
    case "pull":
      return `the pull feed's update of ${formatTime(proof.update.publishTime)}`;
    case "last":
      return `the feed's last round before it, of ${formatTime(proof.round.updatedAt)}`;
  }
}
