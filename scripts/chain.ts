/** `npm run chain -- [--port 8545] [--deployment deployments/local.json] [--price 3000] [--no-board]` */
import { rmSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { Contract, parseEther, Wallet } from "ethers";
import { writeDeployment } from "../keeper/deployment.ts";
import { ballastArtifact } from "./local-chain/artifacts.ts";
import { PortUnavailableError, type ServedChain, serveLocalChain } from "./local-chain/serve.ts";
import { FEED_HEARTBEAT_SECONDS } from "./local-chain/world.ts";

interface ChainOptions {
  readonly port: number;
  readonly deployment: string;
  readonly price: bigint;
  readonly board: boolean;
}

const port = (text: string): number => {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError(`expected a port from 0 to 65535, got "${text}"`);
  return Number(text);
};

const price = (text: string): bigint => {
  if (!/^\d+(\.\d{1,8})?$/.test(text) || Number(text) <= 0)
    throw new InvalidArgumentError(`expected a price in USDC such as 3000 or 2999.5, got "${text}"`);
  return parseEther(text);
};

const command = new Command("chain")
  .description("Serves a local chain with the real Perp v2 (Curie) and a deployed vault")
  .option("--port <port>", "where to serve RPC; 0 = any free port", port, 8545)
  .option("--deployment <file>", "where to write the addresses", "deployments/local.json")
  .option("--price <usdc>", "first price of ETH", price, parseEther("3000"))
  .option("--no-board", "list no options");

/**
 * A real feed writes a round each heartbeat even when nothing moves. Without it a chain that nobody touched for an hour
 * would refuse to trade. Curie takes the round over at once: one that it has not seen is extrapolated.
 */
function keepFeedFresh(chain: ServedChain): void {
  const { accounts, curie } = chain.deployment.local!;
  const signer = new Wallet(accounts.feed!.privateKey, chain.provider);
  const feed = new Contract(curie.aggregator, ballastArtifact("local/LocalAggregator").abi, signer);
  const indexFeed = new Contract(curie.priceFeed, ["function update()"], signer);
  const refresh = async () => {
    const { answer } = await feed.getFunction("latestRoundData")();
    await (await feed.getFunction("setAnswer")(answer)).wait();
    await (await indexFeed.getFunction("update")()).wait();
  };
  const everyMs = (FEED_HEARTBEAT_SECONDS / 2) * 1000;
  const report = (error: Error) => console.error(`chain: the feed missed a heartbeat: ${error.message}`);
  setInterval(() => void refresh().catch(report), everyMs).unref();
}

async function main(): Promise<void> {
  const options = command.parse().opts<ChainOptions>();
  rmSync(options.deployment, { force: true });
  console.log("chain: starting, and deploying the perpetual protocol and the vault ...");
  const started = Date.now();
  const chain = await serveLocalChain({ port: options.port, priceWad: options.price, listBoard: options.board });
  writeDeployment(options.deployment, chain.deployment);

  const { contracts, local, rpcUrl, chainId } = chain.deployment;
  const width = Math.max(...Object.keys({ ...contracts, ...local!.accounts }).map((key) => key.length));
  const list = (entries: Record<string, string>) => {
    for (const [name, address] of Object.entries(entries)) console.log(`  ${name.padEnd(width)}  ${address}`);
  };
  console.log("\nContracts");
  list(contracts);
  console.log("\nActors (well-known test keys, 10,000 ETH each)");
  list(Object.fromEntries(Object.entries(local!.accounts).map(([name, { address }]) => [name, address])));
  console.log(`\nchain: ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  console.log(`chain: RPC ${rpcUrl}, chain id ${chainId}, addresses in ${options.deployment}; Ctrl-C ends it`);

  keepFeedFresh(chain);
  // The chain lives in memory: there is nothing to save, and open connections of others need not be waited for.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
}

main().catch((error: unknown) => {
  console.error(error instanceof PortUnavailableError ? `chain: ${error.message}` : error);
  process.exit(1);
});
