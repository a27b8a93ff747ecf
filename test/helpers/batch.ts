import type { BaseContract } from "ethers";

/** The part of a deployed contract that a batch needs. */
type Callable = Pick<BaseContract, "interface" | "getAddress">;
/** The GasMeter contract. */
type Meter = Pick<BaseContract, "getFunction">;

const CALLS = 200;
const GAS_LIMIT = 16_000_000n;

/**
 * Results of many calls of one view function, 200 to a request. A call that reverts gives undefined.
 */
export async function callMany({
  meter,
  contract,
  method,
  argumentLists,
}: {
  meter: Meter;
  contract: Callable;
  method: string;
  argumentLists: readonly (readonly unknown[])[];
}) {
  const target = await contract.getAddress();
  const calls = argumentLists.map((list) => contract.interface.encodeFunctionData(method, list as unknown[]));
  const results = [];
  for (let at = 0; at < calls.length; at += CALLS) {
    const batch = calls.slice(at, at + CALLS);
    const [gas, data] = await meter.getFunction("measure").staticCall(target, batch, { gasLimit: GAS_LIMIT });
    for (let i = 0; i < batch.length; i++) {
      results.push(gas[i] > GAS_LIMIT ? undefined : contract.interface.decodeFunctionResult(method, data[i]));
    }
  }
  return results;
}
