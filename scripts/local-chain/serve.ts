/** Serves a local chain with the whole world on it, and its pull prices over HTTP, in this process. */
import { createServer } from "node:net";
import { type JsonRpcProvider, Wallet } from "ethers";
import { network } from "hardhat";
import type { Deployment } from "../../keeper/deployment.ts";
import { localAccounts } from "./accounts.ts";
import { chainPriceSource, serveHermes } from "./hermes.ts";
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

/** Hardhat's server ends the process when its port is taken, so that is found out before. */
async function assertPortIsFree(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (cause) =>
      reject(
        new PortUnavailableError(
          `cannot serve RPC on ${HOST}:${port}: is another chain running there? Choose another port with --port`,
          { cause },
        ),
      ),
    );
    probe.listen(port, HOST, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}

/** @param options.port 0 = any free port. */
export async function serveLocalChain(
  options: { readonly port: number } & Pick<WorldOptions, "priceWad" | "listBoard" | "seedDeposit">,
): Promise<ServedChain> {
  await assertPortIsFree(options.port);
  const server = await network.createServer("local", HOST, options.port);
  const { port } = await server.listen();
  const rpcUrl = `http://${HOST}:${port}`;
  const provider = connectLocalRpc({ url: rpcUrl, chainId: LOCAL_CHAIN_ID });
  const world = await buildWorld({ ...options, provider, rpcUrl, chainId: LOCAL_CHAIN_ID });
  const prices = await serveHermes({
    source: chainPriceSource({ provider, aggregator: world.contracts.feed }),
    id: world.pull!.id,
    publisher: new Wallet(localAccounts().feed.privateKey),
  });
  return {
    deployment: { ...world, pull: { ...world.pull!, serviceUrl: prices.url } },
    provider,
    close: async () => {
      await prices.close();
      provider.destroy();
      await server.close();
    },
  };
}
