/**
 * One call, sent once: simulated, priced, signed, broadcast, waited for. Each way to fail has an error of its own that
 * says whether anything was sent.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type TransactionLike, type TransactionReceipt, toQuantity } from "ethers";
import type { RpcProvider } from "../contracts.ts";
import {
  type BallastError,
  GasLimitExceededError,
  InsufficientGasFundsError,
  NonceConflictError,
  ReceiptTimeoutError,
  SendRejectedError,
  SimulationRevertedError,
  TransactionRevertedError,
} from "../errors.ts";
import { explainRevert, revertDataOf } from "../explain.ts";
import { asRpcError, isTransportError, shortMessageOf } from "../rpc.ts";
import { DEFAULT_UNITS, type Units } from "../units.ts";

/** What signs: an ethers `Wallet` does. It needs no provider. */
export interface TransactionSigner {
  readonly address: string;
  signTransaction(transaction: TransactionLike): Promise<string>;
}

export interface Call {
  to: string;
  data: string;
  /** Wei sent along; nothing unless told. */
  value?: bigint;
}

export interface SendOptions {
  provider: RpcProvider;
  signer: TransactionSigner;
  /** Of the deployment: signed into the transaction, so that it is worth nothing on another chain. */
  chainId: number;
  /** For messages; only its host is shown. */
  rpcUrl: string;
  call: Call;
  /** What the call does, for messages: "hedge", "deposit". */
  what: string;
  /** The block that the decision was made on; the call is simulated there before anything is sent. */
  simulateAt: number | "latest";
  units?: Units;
  receiptTimeoutMs?: number;
  /** Given: used as it is and nothing is estimated, which saves the slowest request on a chain where gas is free. */
  gasLimit?: bigint;
  /** Gas that one transaction may use on this chain. */
  maxGas?: bigint;
}

export interface SentTransaction {
  hash: string;
  blockNumber: number;
  gasLimit: bigint;
  gasUsed: bigint;
  receipt: TransactionReceipt;
}

/** EIP-7825: no transaction uses more than 2^24 gas. */
export const MAX_TRANSACTION_GAS = 1n << 24n;
export const DEFAULT_RECEIPT_TIMEOUT_MS = 120_000;
/** A tip that miners take on every chain, and that costs nothing: 0.001 gwei. */
const MIN_PRIORITY_FEE = 1_000_000n;
/** Time between looks for the receipt: short on a chain that mines at once, longer while a block takes seconds. */
const FIRST_POLL_MS = 20;
const LAST_POLL_MS = 1_000;

function rpcCall({ to, data, value }: Call): { to: string; data: string; value?: string } {
  return value === undefined ? { to, data } : { to, data, value: toQuantity(value) };
}

/** Calls without sending. @throws {SimulationRevertedError} */
export async function simulate(options: Omit<SendOptions, "signer"> & { from: string }): Promise<string> {
  const { provider, call, from, simulateAt, maxGas = MAX_TRANSACTION_GAS } = options;
  const block = simulateAt === "latest" ? simulateAt : toQuantity(simulateAt);
  try {
    return (await provider.send("eth_call", [{ from, ...rpcCall(call), gas: toQuantity(maxGas) }, block])) as string;
  } catch (error) {
    throw asSimulationError(error, options);
  }
}

/**
 * @throws {SimulationRevertedError | GasLimitExceededError | InsufficientGasFundsError | NonceConflictError | SendRejectedError}
 *   when nothing was sent.
 * @throws {ReceiptTimeoutError | TransactionRevertedError} when something was.
 * @throws {RpcUnreachableError | RpcFailedError} when the node is at fault; the message says whether it was sent.
 */
export async function sendTransaction(options: SendOptions): Promise<SentTransaction> {
  const { provider, signer, chainId, call } = options;
  const [, nonce, fees, gasLimit] = await Promise.all([
    simulate({ ...options, from: signer.address }),
    readNonce(options),
    readFees(options),
    options.gasLimit ?? estimateGas(options),
  ]);
  const raw = await signer.signTransaction({
    type: 2,
    chainId,
    nonce,
    gasLimit,
    ...fees,
    to: call.to,
    data: call.data,
    value: call.value ?? 0n,
  });
  let hash: string;
  try {
    hash = (await provider.send("eth_sendRawTransaction", [raw])) as string;
  } catch (error) {
    throw asBroadcastError(error, options, nonce);
  }
  const receipt = await waitForReceipt(hash, options);
  if (receipt.status !== 1) throw await asRevertError(receipt, options);
  return { hash, blockNumber: receipt.blockNumber, gasLimit, gasUsed: receipt.gasUsed, receipt };
}

/**
 * The next nonce as mined, not as pending: while an earlier transaction of this account waits, a second one must not
 * queue behind it. The node then refuses it as a replacement that is underpriced.
 */
async function readNonce({ provider, signer, rpcUrl }: SendOptions): Promise<number> {
  try {
    return Number(await provider.send("eth_getTransactionCount", [signer.address, "latest"]));
  } catch (error) {
    throw asRpcError(error, rpcUrl);
  }
}

/** Twice the next base fee, which outlasts six full blocks, and the median tip of the last block. */
async function readFees({
  provider,
  rpcUrl,
}: SendOptions): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
  let history: { baseFeePerGas: string[]; reward?: string[][] };
  try {
    history = (await provider.send("eth_feeHistory", ["0x1", "latest", [50]])) as typeof history;
  } catch (error) {
    throw asRpcError(error, rpcUrl);
  }
  const baseFee = BigInt(history.baseFeePerGas.at(-1) ?? 0);
  const tip = BigInt(history.reward?.[0]?.[0] ?? 0);
  const maxPriorityFeePerGas = tip > MIN_PRIORITY_FEE ? tip : MIN_PRIORITY_FEE;
  return { maxFeePerGas: 2n * baseFee + maxPriorityFeePerGas, maxPriorityFeePerGas };
}

/** Half as much again as the estimate: on Curie what a trade needs changes from block to block, and estimates fall short. */
async function estimateGas(options: SendOptions): Promise<bigint> {
  const { provider, signer, call, what, maxGas = MAX_TRANSACTION_GAS } = options;
  let estimate: bigint;
  try {
    estimate = BigInt((await provider.send("eth_estimateGas", [{ from: signer.address, ...rpcCall(call) }])) as string);
  } catch (error) {
    throw asSimulationError(error, options);
  }
  if (estimate > maxGas) {
    throw new GasLimitExceededError(
      `${what}: nothing was sent: it needs ${estimate} gas, a transaction may use ${maxGas}`,
    );
  }
  const padded = (estimate * 3n) / 2n;
  return padded < maxGas ? padded : maxGas;
}

async function waitForReceipt(hash: string, options: SendOptions): Promise<TransactionReceipt> {
  const { provider, what, receiptTimeoutMs = DEFAULT_RECEIPT_TIMEOUT_MS, rpcUrl } = options;
  const until = performance.now() + receiptTimeoutMs;
  let failure: unknown;
  for (let wait = FIRST_POLL_MS; ; wait = Math.min(2 * wait, LAST_POLL_MS)) {
    try {
      const receipt = await provider.getTransactionReceipt(hash);
      if (receipt !== null) return receipt;
      failure = undefined;
    } catch (error) {
      // The transaction is out: a node that is away for a moment is no reason to forget it.
      failure = error;
    }
    if (performance.now() + wait > until) break;
    await sleep(wait);
  }
  const seconds = Math.round(receiptTimeoutMs / 1000);
  const why = failure === undefined ? "" : `; the last look failed: ${asRpcError(failure, rpcUrl).message}`;
  throw new ReceiptTimeoutError(
    `${what}: sent as ${hash}, but not mined within ${seconds} s: look for it before sending again${why}`,
    { cause: failure },
  );
}

function asSimulationError(
  error: unknown,
  { what, rpcUrl, units }: Pick<SendOptions, "what" | "rpcUrl" | "units">,
): BallastError {
  const data = revertDataOf(error);
  if (data !== undefined && data !== "0x") {
    return new SimulationRevertedError(
      `${what}: nothing was sent, because it would revert: ${explainRevert(data, units ?? DEFAULT_UNITS)}`,
      { cause: error },
    );
  }
  if (!isTransportError(error)) {
    const message = shortMessageOf(error);
    if (/insufficient funds|enough funds|sender.*balance/i.test(message)) return gasFundsError(what, message, error);
    if (data === "0x" || /revert/i.test(message)) {
      return new SimulationRevertedError(`${what}: nothing was sent, because it would revert: ${message}`, {
        cause: error,
      });
    }
  }
  return asRpcError(error, rpcUrl);
}

function asBroadcastError(error: unknown, { what, rpcUrl, units, signer }: SendOptions, nonce: number): BallastError {
  const data = revertDataOf(error);
  if (data !== undefined) {
    // Nodes for development report the revert of a transaction that they have mined as an error of the send.
    return new TransactionRevertedError(`${what}: sent, and reverted: ${explainRevert(data, units ?? DEFAULT_UNITS)}`, {
      cause: error,
    });
  }
  if (isTransportError(error)) {
    const { message } = asRpcError(error, rpcUrl);
    return new ReceiptTimeoutError(
      `${what}: the node failed while taking the transaction, which may have been sent (nonce ${nonce} of ${signer.address}): ${message}`,
      { cause: error },
    );
  }
  const message = shortMessageOf(error);
  if (/nonce|replacement|already known|underpriced/i.test(message)) {
    return new NonceConflictError(
      `${what}: nothing was sent: another transaction of ${signer.address} has or waits with nonce ${nonce}; let it be mined, and run one process per key (${message})`,
      { cause: error },
    );
  }
  if (/insufficient funds|enough funds|sender.*balance/i.test(message)) return gasFundsError(what, message, error);
  return new SendRejectedError(`${what}: the node refused the transaction: ${message}`, { cause: error });
}

function gasFundsError(what: string, message: string, cause: unknown): InsufficientGasFundsError {
  return new InsufficientGasFundsError(
    `${what}: nothing was sent: the account cannot pay for gas; send it native currency (${message})`,
    { cause },
  );
}

/** Calls again at the block before, which mostly shows the reason of a revert that has happened. */
async function asRevertError(receipt: TransactionReceipt, options: SendOptions): Promise<TransactionRevertedError> {
  let reason = "its reason could not be read again";
  try {
    await simulate({ ...options, from: options.signer.address, simulateAt: receipt.blockNumber - 1 });
  } catch (error) {
    if (error instanceof SimulationRevertedError && error.cause !== undefined) {
      const data = revertDataOf(error.cause);
      if (data !== undefined) reason = explainRevert(data, options.units ?? DEFAULT_UNITS);
    }
  }
  return new TransactionRevertedError(
    `${options.what}: ${receipt.hash} was mined in block ${receipt.blockNumber} and reverted: ${reason} (${receipt.gasUsed} gas used)`,
  );
}
