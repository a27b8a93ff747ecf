/** Reaching a node: one request a call, a time limit, and failures as sentences without what a URL may hide. */
import { FetchRequest, isError, JsonRpcProvider, Network } from "ethers";
import { BallastError, RpcFailedError, RpcUnreachableError, WrongChainError } from "./errors.ts";

export const DEFAULT_REQUEST_TIMEOUT_MS = 20_000;

export interface RpcOptions {
  url: string;
  chainId: number;
  timeoutMs?: number;
}

/** No request is made here. The chain id is taken as given: {@link assertChain} compares it once. */
export function openProvider({ url, chainId, timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS }: RpcOptions): JsonRpcProvider {
  const request = new FetchRequest(url);
  request.timeout = timeoutMs;
  return new JsonRpcProvider(request, Network.from(chainId), {
    staticNetwork: true,
    // An answer of 250 ms ago belongs to another block than the one that is decided on.
    cacheTimeout: -1,
    batchMaxCount: 1,
  });
}

/**
 * @throws {RpcUnreachableError} when nobody answers.
 * @throws {WrongChainError} when the node serves another chain than the deployment is on.
 */
export async function assertChain(provider: JsonRpcProvider, { url, chainId }: RpcOptions): Promise<void> {
  let answer: string;
  try {
    answer = await provider.send("eth_chainId", []);
  } catch (error) {
    throw asRpcError(error, url);
  }
  if (BigInt(answer) !== BigInt(chainId)) {
    throw new WrongChainError(
      `wrong chain: the deployment is on chain ${chainId}, the node at ${hostOf(url)} serves chain ${BigInt(answer)}; name the right node with --rpc or the right file with --deployment`,
    );
  }
}

/** Host and port only: paths and user names of RPC URLs carry keys. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the given URL";
}

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
  "TIMEOUT",
]);

/** Whatever a request threw, as one of our errors. Reverts are not handled here: see explain.ts. */
export function asRpcError(error: unknown, url: string): BallastError {
  if (error instanceof BallastError) return error;
  const code = codeOf(error);
  if (code !== undefined && UNREACHABLE.has(code)) {
    return new RpcUnreachableError(
      `cannot reach the node at ${hostOf(url)} (${code}): expected a JSON-RPC node there; start one with \`npm run chain\`, or name another with --rpc`,
      { cause: error },
    );
  }
  if (isError(error, "SERVER_ERROR")) {
    const status = error.response?.statusCode;
    return new RpcFailedError(
      `the node at ${hostOf(url)} answered with HTTP ${status ?? "without a status"}: check the URL given with --rpc and its quota`,
      { cause: error },
    );
  }
  return new RpcFailedError(`the node at ${hostOf(url)} answered with an error: ${shortMessageOf(error)}`, {
    cause: error,
  });
}

/** True when `error` is the network's or the node's fault and not ours. */
export function isTransportError(error: unknown): boolean {
  const code = codeOf(error);
  return (code !== undefined && UNREACHABLE.has(code)) || isError(error, "SERVER_ERROR");
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The node's own words, else ethers' short ones: its long messages repeat the whole request, URL included. */
export function shortMessageOf(error: unknown): string {
  const words =
    propertyOf(propertyOf(propertyOf(error, "info"), "error"), "message") ??
    propertyOf(propertyOf(error, "error"), "message");
  const message = words ?? propertyOf(error, "shortMessage") ?? propertyOf(error, "message") ?? error;
  return String(message).split("\n")[0]!;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
