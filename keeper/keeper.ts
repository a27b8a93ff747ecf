/** One tick: one snapshot, one decision, its effects; again until there is nothing to do. */
import type { ContractTransaction, TransactionReceipt } from "ethers";
import { choreCall } from "./chores/call.ts";
import { type Chore, type ChoreSettings, dueChores, explainChore } from "./chores/decide.ts";
import type { Contracts } from "./contracts.ts";
import {
  GasLimitExceededError,
  RoleMissingError,
  SimulationRevertedError,
  SnapshotError,
  TransactionRevertedError,
} from "./errors.ts";
import { eventOf } from "./events.ts";
import { asReadError } from "./explain.ts";
import { type Decision, decide, explain, type Hedge, type MoveMargin } from "./hedge/decide.ts";
import type { Policy } from "./hedge/policy.ts";
import type { PriceService } from "./prices/service.ts";
import { explainProof, explainWait, readSettlementProof, settlementCalls } from "./settle.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";
import { type Call, type SentTransaction, sendTransaction, simulate, type TransactionSigner } from "./tx/send.ts";
import {
  abs,
  DEFAULT_UNITS,
  formatAssets,
  formatPercent,
  formatQuoteWad,
  formatSizeWad,
  formatTime,
  type Units,
} from "./units.ts";

export type Log = (line: string) => void;

export interface TickOptions {
  contracts: Contracts;
  /** Needed to send. A dry run without one decides, and simulates nothing. */
  signer?: TransactionSigner;
  policy: Policy;
  /** Where updates of the pull feed come from, should an expiry need one. */
  prices?: PriceService;
  /** False leaves the chores to others. */
  chores?: ChoreSettings | false;
  dryRun?: boolean;
  log?: Log;
  units?: Units;
  receiptTimeoutMs?: number;
  /** Instead of an estimate for each transaction: see `SendOptions`. */
  gasLimit?: bigint;
}

/** One decision that was carried out, with what the chain says came of it. */
export interface TickStep {
  decision: Decision | Chore;
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
  /** Expiries that have passed and could not be settled in this tick. */
  waitingExpiries: bigint[];
}

/**
 * Settles what is due, then hedges, then moves margin, then does what the oracles need; each at most once, so that no
 * fault here can send twice for one decision. Sends nothing when nothing needs to be done. A hedge that the contracts
 * refuse is thrown once the chores are done: a sample or an hour may be what it lacked.
 */
export async function tick(options: TickOptions): Promise<TickResult> {
  const { contracts, log = () => {}, units = DEFAULT_UNITS } = options;
  const context: Context = { ...options, log, units };
  const before = await readSnapshot(contracts);
  const run: Run = { steps: [], attempted: new Set(), waiting: new Set(), snapshot: before, first: undefined };
  let refusal: Error | undefined;
  try {
    await settleAndHedge(run, context);
  } catch (error) {
    if (!isOfOneCall(error)) throw error;
    refusal = error;
  }
  const chores = await doChores(context, run.snapshot);
  if (refusal !== undefined) throw refusal;
  if (chores.length > 0) run.snapshot = await readSnapshot(contracts);
  const steps = [...run.steps, ...chores];
  return {
    decision: run.first!,
    steps,
    hashes: steps.map((step) => step.hash),
    before,
    after: run.snapshot,
    waitingExpiries: [...run.waiting],
  };
}

/** How far a tick has come. */
interface Run {
  readonly steps: TickStep[];
  /** Expiries whose settlement was tried, with or without success: never twice in a tick. */
  readonly attempted: Set<bigint>;
  readonly waiting: Set<bigint>;
  snapshot: Snapshot;
  first: Decision | undefined;
}

async function settleAndHedge(run: Run, context: Context): Promise<void> {
  const { contracts, policy, dryRun = false, log, units } = context;
  const done = new Set<Decision["action"]>();
  for (;;) {
    const { snapshot, attempted, waiting, steps } = run;
    const decision = decide(withoutExpiries(snapshot, attempted), policy);
    run.first ??= decision;
    if (steps.length === 0 || decision.action !== "hold") {
      log(`block ${snapshot.blockNumber}: ${explain(decision, units)}`);
    }
    if (decision.action === "hold") return;
    if (done.has(decision.action)) {
      log(`block ${snapshot.blockNumber}: ${decision.action} was sent once already: the rest is left to the next tick`);
      return;
    }

    if (decision.action === "settle") {
      const settled = await settleAll(decision.expiries, context, snapshot);
      steps.push(...settled.steps.map((step) => ({ ...step, decision })));
      for (const expiry of decision.expiries) attempted.add(expiry);
      for (const expiry of settled.skipped) waiting.add(expiry);
      if (settled.steps.length === 0) continue;
    } else {
      done.add(decision.action);
      const call = await callOf(decision, contracts);
      const sent = await execute(call, decision.action, context, snapshot.blockNumber);
      if (sent === undefined) return;
      const outcome = describeOutcome(decision, sent.receipt, context);
      log(`block ${sent.blockNumber}: ${outcome} (${sent.hash}, ${sent.gasUsed} gas)`);
      steps.push({ decision, hash: sent.hash, gasUsed: sent.gasUsed, outcome });
    }
    if (dryRun) return;
    run.snapshot = await readSnapshot(contracts);
  }
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

type Done = Omit<TickStep, "decision">;

/** What belongs to one call alone: the rest of the tick goes on. A node that is away ends it. */
const isOfOneCall = (error: unknown): error is Error =>
  error instanceof SimulationRevertedError ||
  error instanceof GasLimitExceededError ||
  error instanceof TransactionRevertedError ||
  error instanceof SnapshotError;

/** Each due expiry that can be proved. One that cannot be settled must not keep the rest of the vault from being hedged. */
async function settleAll(
  expiries: readonly bigint[],
  context: Context,
  snapshot: Snapshot,
): Promise<{ steps: Done[]; skipped: bigint[] }> {
  const steps: Done[] = [];
  const skipped: bigint[] = [];
  for (const expiry of expiries) {
    try {
      const done = await settleOne(expiry, context, snapshot);
      steps.push(...done.steps);
      // In a dry run it is dealt with as far as the next decision goes.
      if (!done.isSettled) skipped.push(expiry);
    } catch (error) {
      if (!isOfOneCall(error)) throw error;
      context.log(`block ${snapshot.blockNumber}: ${formatTime(expiry)} cannot be settled now: ${error.message}`);
      skipped.push(expiry);
    }
  }
  return { steps, skipped };
}

async function settleOne(
  expiry: bigint,
  context: Context,
  snapshot: Snapshot,
): Promise<{ steps: Done[]; isSettled: boolean }> {
  const { contracts, log, prices } = context;
  const { blockNumber } = snapshot;
  const proof = await readSettlementProof(contracts, expiry, { block: snapshot, prices });
  if (proof.rule === "wait") {
    log(`block ${blockNumber}: ${formatTime(expiry)} cannot be settled yet: ${explainWait(proof)}`);
    return { steps: [], isSettled: false };
  }
  const steps: Done[] = [];
  const calls = await settlementCalls(contracts, { expiry, proof, prices });
  for (const [place, call] of calls.entries()) {
    const isLast = place === calls.length - 1;
    // What a call builds on is there once the one before is mined.
    const sent = await execute(call, `settle ${formatTime(expiry)}`, context, place === 0 ? blockNumber : "latest");
    if (sent === undefined) return { steps, isSettled: false };
    const outcome = isLast
      ? `${describeSettlement(sent.receipt, context)} (${explainProof(proof)})`
      : `showed ${explainProof(proof)} for ${formatTime(expiry)}`;
    log(`block ${sent.blockNumber}: ${outcome} (${sent.hash}, ${sent.gasUsed} gas)`);
    steps.push({ hash: sent.hash, gasUsed: sent.gasUsed, outcome });
  }
  return { steps, isSettled: true };
}

/** None of them is worth the tick: what one of them fails for is a line, and the next follows. */
async function doChores(context: Context, snapshot: Snapshot): Promise<TickStep[]> {
  const { contracts, chores, log } = context;
  if (chores === false) return [];
  const steps: TickStep[] = [];
  for (const chore of dueChores(snapshot, chores)) {
    try {
      const call = await choreCall(chore, contracts, snapshot);
      if (call === undefined) continue;
      log(`block ${snapshot.blockNumber}: ${explainChore(chore)}`);
      const sent = await execute(call, chore.action, context, "latest");
      if (sent === undefined) continue;
      const outcome = describeChore(chore, sent.receipt, context);
      log(`block ${sent.blockNumber}: ${outcome} (${sent.hash}, ${sent.gasUsed} gas)`);
      steps.push({ decision: chore, hash: sent.hash, gasUsed: sent.gasUsed, outcome });
    } catch (error) {
      if (!isOfOneCall(error)) throw error;
      log(`block ${snapshot.blockNumber}: ${chore.action} is left to the next tick: ${error.message}`);
    }
  }
  return steps;
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
  simulateAt: number | "latest",
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

function withoutExpiries(snapshot: Snapshot, attempted: ReadonlySet<bigint>): Snapshot {
  if (attempted.size === 0) return snapshot;
  return { ...snapshot, unsettledExpiries: snapshot.unsettledExpiries.filter((expiry) => !attempted.has(expiry)) };
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

function describeChore(chore: Chore, receipt: TransactionReceipt, { contracts }: Context): string {
  switch (chore.action) {
    case "renewCheckpoint":
      return "renewed the checkpoint";
    case "bringHours": {
      const event = eventOf(receipt, { contracts, from: "realisedVolatility", name: "PointsBrought" });
      const volatility = event.big("volatility");
      const hours = event.big("hours_");
      const shown = volatility === 0n ? "not ready yet" : formatPercent(volatility);
      return `brought ${hours} ${hours === 1n ? "hour" : "hours"} up to ${formatTime(event.big("hour"))}: realised volatility ${shown}`;
    }
    case "sampleFunding": {
      const event = eventOf(receipt, { contracts, from: "fundingOracle", name: "FundingSampled" });
      const rate = formatPercent(event.big("rate"), { signed: true });
      return event.big("weightSeconds") === 0n
        ? "began to sample funding"
        : `sampled funding: ${rate} a year over ${event.big("weightSeconds") / 60n} minutes`;
    }
  }
}
