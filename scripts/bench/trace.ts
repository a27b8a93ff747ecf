/** Gas of whole transactions and calls on a system of contracts, and of the part that is spent at one address. */
import { provider } from "../../test/helpers/system.ts";

interface Frame {
  readonly to?: string;
  readonly gasUsed: string;
  readonly calls?: readonly Frame[];
}

export interface Spent {
  /** All of it, as the sender pays. */
  readonly whole: number;
  /** What calls of `address` took, and whatever they called. */
  readonly at: number;
}

const TRACER = { tracer: "callTracer" };
/** What a transaction costs before it does anything; its calldata is the call's own. */
const TRANSACTION = 21_000;

const spentAt = (frame: Frame, address: string): number =>
  frame.to?.toLowerCase() === address.toLowerCase()
    ? Number(frame.gasUsed)
    : (frame.calls ?? []).reduce((sum, call) => sum + spentAt(call, address), 0);

/** Of a mined transaction. */
export async function gasOfTransaction(hash: string, address: string): Promise<Spent> {
  const receipt = await provider.getTransactionReceipt(hash);
  const frame = (await provider.send("debug_traceTransaction", [hash, TRACER])) as Frame;
  return { whole: Number(receipt!.gasUsed), at: spentAt(frame, address) };
}

/** Of a view, without what a transaction costs. */
export async function gasOfCall(call: { to: string; data: string }, address: string): Promise<Spent> {
  const frame = (await provider.send("debug_traceCall", [{ ...call, gas: "0xf00000" }, "latest", TRACER])) as Frame;
  return { whole: Number(frame.gasUsed) - TRANSACTION, at: spentAt(frame, address) };
}
