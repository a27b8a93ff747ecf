/** Events over many blocks, in as many requests as a node asks for. */
import { isError } from "ethers";
import { asRpcError, isTransportError } from "./rpc.ts";

/**
 * Asks for the whole range first, and for half as much whenever the node does not answer that: each provider has another
 * limit, and none says it the same way.
 * @param fetch Both blocks are included.
 */
export async function logsInRanges<T>({
  from,
  to,
  fetch,
  rpcUrl,
}: {
  from: number;
  to: number;
  fetch: (from: number, to: number) => Promise<readonly T[]>;
  rpcUrl: string;
}): Promise<T[]> {
  const found: T[] = [];
  let size = to - from + 1;
  for (let at = from; at <= to; ) {
    const end = Math.min(at + size - 1, to);
    try {
      found.push(...(await fetch(at, end)));
      at = end + 1;
    } catch (error) {
      const isAway = isTransportError(error) && !isError(error, "TIMEOUT") && !isError(error, "SERVER_ERROR");
      if (isAway || end === at) throw asRpcError(error, rpcUrl);
      size = Math.floor((end - at + 1) / 2);
    }
  }
  return found;
}
