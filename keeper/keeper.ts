/** One tick: one snapshot, one decision, its effects; again until there is nothing to do. */
import type { ContractTransaction, TransactionReceipt } from "ethers";
import type { Contracts } from "./contracts.ts";
import { GasLimitExceededError, RoleMissingError, SimulationRevertedError } from "./errors.ts";
import { eventOf } from "./events.ts";
import { asReadError } from "./explain.ts";
import { type Decision, decide, explain, type Hedge, type MoveMargin } from "./hedge/decide.ts";
import type { Policy } from "./hedge/policy.ts";
import { settlementRoundOf } from "./settlement.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";
import { type Call, type SentTransaction, sendTransaction, simulate, type TransactionSigner } from "./tx/send.ts";
import { abs, DEFAULT_UNITS, formatAssets, formatQuoteWad, formatSizeWad, formatTime, type Units } from "./units.ts";

export type Log = (line: string) => void;

export interface TickOptions {
  contracts: Contracts;
  /** Needed to send. A dry run without one decides, and simulates nothing. */
  signer?: TransactionSigner;
  policy: Policy;
  dryRun?: boolean;
  log?: Log;
  units?: Units;
  receiptTimeoutMs?: number;
  /** Instead of an estimate for each transaction: see `SendOptions`. */
  gasLimit?: bigint;
}

/** One decision that was carried out, with what the chain says came of it. */
export interface TickStep {
  decision: Decision;
  hash: string;
  gasUsed: bigint;
  /** Read from the receipt's events. */
  outcome: string;
}

export interface TickResult {
  /** The first decision: why this tick did what it did. */
  decision: Decision;
  /** What was sent, in order. Empty in a dry run and when everything is as it should be. */
  steps: TickStep[];
  hashes: string[];
  before: Snapshot;
  /** The same object as `before` when nothing was sent. */
  after: Snapshot;
  /** Expiries that have passed while the feed has no round for them yet. */
  waitingExpiries: bigint[];
}

/**
 * Settles what is due, then hedges, then moves margin; each at most once, so that no fault here can send twice for one
 * decision. Sends nothing when nothing needs to be done.
 */
export async function tick(options: TickOptions): Promise<TickResult> {
  const { contracts, policy, dryRun = false, log = () => {}, units = DEFAULT_UNITS } = options;
  const context: Context = { ...options, log, units };
  const before = await readSnapshot(contracts);
  const steps: TickStep[] = [];
  const waiting = new Set<bigint>();
  const done = new Set<Decision["action"]>();
  let snapshot = before;
  let first: Decision | undefined;

  for (;;) {
    const decision = decide(withoutExpiries(snapshot, waiting), policy);
    first ??= decision;
    if (steps.length === 0 || decision.action !== "hold") {
      log(`block ${snapshot.blockNumber}: ${explain(decision, units)}`);
    }
    if (decision.action === "hold") break;
    if (done.has(decision.action)) {
      log(`block ${snapshot.blockNumber}: ${decision.action} was sent once already: the rest is left to the next tick`);
      break;
    }

    if (decision.action === "settle") {
      const settled = await settleAll(decision.expiries, context, snapshot);
      steps.push(...settled.steps.map((step) => ({ ...step, decision })));
      for (const expiry of settled.skipped) waiting.add(expiry);
      if (settled.steps.length === 0) continue;
    } else {
      done.add(decision.action);
      const call = await callOf(decision, contracts);
      const sent = await execute(call, decision.action, context, snapshot.blockNumber);
      if (sent === undefined) break;
      const outcome = describeOutcome(decision, sent.receipt, context);
      log(`block ${sent.blockNumber}: ${outcome} (${sent.hash}, ${sent.gasUsed} gas)`);
      steps.push({ decision, hash: sent.hash, gasUsed: sent.gasUsed, outcome });
    }
    if (dryRun) break;
    snapshot = await readSnapshot(contracts);
  }
  return {
    decision: first,
    steps,
    hashes: steps.map((step) => step.hash),
    before,
    after: snapshot,
    waitingExpiries: [...waiting],
  };
}

/** @throws {RoleMissingError} unless `account` may call `rebalance` at once. */
export async function assertKeeperRole(
  { accessManager, controller, deployment }: Contracts,
  account: string,
): Promise<void> {
  const selector = controller.getFunction("rebalance").fragment.selector;
  let answer: { immediate: boolean; delay: bigint };
  try {
    answer = await accessManager.canCall(account, deployment.contracts.controller, selector);
  } catch (error) {
    throw asReadError(error, { what: "the roles cannot be read", rpcUrl: deployment.rpcUrl });
  }
  if (!answer.immediate) {
    throw new RoleMissingError(
      `the account ${account} does not have the keeper role on the controller ${deployment.contracts.controller}: expected an account that the governor granted it to; set KEEPER_PRIVATE_KEY to its key`,
    );
  }
}

type Context = TickOptions & { log: Log; units: Units };

/** Each due expiry with a round in the feed. */
async function settleAll(
  expiries: readonly bigint[],
  context: Context,
  { blockNumber }: Snapshot,
): Promise<{ steps: Omit<TickStep, "decision">[]; skipped: bigint[] }> {
  const { contracts, log } = context;
  const steps: Omit<TickStep, "decision">[] = [];
  const skipped: bigint[] = [];
  for (const expiry of expiries) {
    const round = await settlementRoundOf(contracts, expiry, blockNumber);
    if (round === undefined) {
      log(
        `block ${blockNumber}: the feed has no round at or after ${formatTime(expiry)} yet: it settles when there is one`,
      );
      skipped.push(expiry);
      continue;
    }
    const call = asCall(await contracts.market.settle.populateTransaction(expiry, round.id));
    let sent: SentTransaction | undefined;
    try {
      sent = await execute(call, `settle ${formatTime(expiry)}`, context, blockNumber);
    } catch (error) {
      // One expiry that cannot be settled must not keep the rest of the vault from being hedged.
      if (!(error instanceof SimulationRevertedError || error instanceof GasLimitExceededError)) throw error;
      log(`block ${blockNumber}: ${formatTime(expiry)} cannot be settled now: ${error.message}`);
      skipped.push(expiry);
      continue;
    }
    if (sent === undefined) {
      // A dry run: as far as the next decision goes, this one is dealt with.
      skipped.push(expiry);
      continue;
    }
    const outcome = describeSettlement(sent.receipt, context);
    log(`block ${sent.blockNumber}: ${outcome} (${sent.hash}, ${sent.gasUsed} gas)`);
    steps.push({ hash: sent.hash, gasUsed: sent.gasUsed, outcome });
  }
  return { steps, skipped };
}

async function callOf(decision: Hedge | MoveMargin, { controller }: Contracts): Promise<Call> {
  return asCall(
    decision.action === "hedge"
      ? await controller.rebalance.populateTransaction(decision.sizeDeltaWad, decision.limitPriceWad, decision.deadline)
      : await controller.adjustMargin.populateTransaction(),
  );
}

const asCall = ({ to, data }: ContractTransaction): Call => ({ to, data });

/** Sends, or in a dry run only simulates. */
async function execute(
  call: Call,
  what: string,
  context: Context,
  simulateAt: number,
): Promise<SentTransaction | undefined> {
  const { contracts, signer, dryRun = false, log, units } = context;
  const { provider, deployment } = contracts;
  const common = { provider, call, what, simulateAt, units, chainId: deployment.chainId, rpcUrl: deployment.rpcUrl };
  if (!dryRun) {
    if (signer === undefined)
      throw new RoleMissingError(`${what}: there is no key to sign with: give one, or ask for a dry run`);
    const { receiptTimeoutMs, gasLimit } = context;
    return sendTransaction({ ...common, signer, receiptTimeoutMs, gasLimit });
  }
  if (signer === undefined) log(`dry run: ${what} was not simulated, for want of an account`);
  else {
    await simulate({ ...common, from: signer.address });
    log(`dry run: ${what} would succeed; nothing was sent`);
  }
  return undefined;
}

function withoutExpiries(snapshot: Snapshot, waiting: ReadonlySet<bigint>): Snapshot {
  if (waiting.size === 0) return snapshot;
  return { ...snapshot, unsettledExpiries: snapshot.unsettledExpiries.filter((expiry) => !waiting.has(expiry)) };
}

// ------------------------------------------------------------------ what the receipts say

function describeOutcome(
  decision: Hedge | MoveMargin,
  receipt: TransactionReceipt,
  { contracts, units }: Context,
): string {
  if (decision.action === "hedge") {
    const event = eventOf(receipt, { contracts, from: "controller", name: "Hedged" });
    const sizeDelta = event.big("sizeDelta");
    const before = formatSizeWad(event.big("netDeltaBefore"), units, { signed: true });
    const after = formatSizeWad(event.big("netDeltaAfter"), units, { signed: true });
    const price = formatQuoteWad(event.big("price"), units);
    const spot = formatQuoteWad(event.big("spot"), units);
    return `hedged: ${sizeDelta > 0n ? "bought" : "sold"} ${formatSizeWad(abs(sizeDelta), units)} at ${price} (spot ${spot}); net delta ${before} → ${after}`;
  }
  const assets = eventOf(receipt, { contracts, from: "controller", name: "MarginMoved" }).big("assets");
  const amount = formatAssets(abs(assets), units);
  return assets > 0n ? `topped up: ${amount} sent to the venue` : `freed: ${amount} fetched from the venue`;
}

function describeSettlement(receipt: TransactionReceipt, { contracts, units }: Context): string {
  const event = eventOf(receipt, { contracts, from: "market", name: "Settled" });
  const price = formatQuoteWad(event.big("settlementPrice"), units);
  return `settled ${formatTime(event.big("expiry"))} at ${price}; ${formatAssets(event.big("owed"), units)} owed to holders`;
}
