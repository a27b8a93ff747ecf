/** Serves a local chain with the whole world on it, in this process. */
import type { JsonRpcProvider } from "ethers";
import { network } from "hardhat";
import type { Deployment } from "../../keeper/deployment.ts";
import { connectLocalRpc } from "./provider.ts";
import { buildWorld, type WorldOptions } from "./world.ts";

export const LOCAL_CHAIN_ID = 31_337;
const HOST = "127.0.0.1";

export interface ServedChain {
  readonly deployment: Deployment;
  readonly provider: JsonRpcProvider;
  close(): Promise<void>;
}

/** The chosen port cannot be served. */
export class PortUnavailableError extends Error {
  override name = "PortUnavailableError";
}

/** @param options.port 0 = any free port. */
export async function serveLocalChain(
  options: { readonly port: number } & Pick<WorldOptions, "priceWad" | "listBoard">,
): Promise<ServedChain> {
  const server = await network.createServer("local", HOST, options.port);
  let port: number;
  try {
    ({ port } = await server.listen());
  } catch (cause) {
    throw new PortUnavailableError(
      `cannot serve RPC on ${HOST}:${options.port}: is another chain running there? Choose another port with --port`,
      { cause },
    );
  }
  const rpcUrl = `http://${HOST}:${port}`;
  const provider = connectLocalRpc({ url: rpcUrl, chainId: LOCAL_CHAIN_ID });
  const deployment = await buildWorld({ ...options, provider, rpcUrl, chainId: LOCAL_CHAIN_ID });
  return {
    deployment,
    provider,
    close: async () => {
      provider.destroy();
      await server.close();
    },
  };
}
