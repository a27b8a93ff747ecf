/** `npm run chain -- [--port 8545] [--deployment deployments/local.json] [--price 3000] [--no-board] [--no-steward]` */
import { rmSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { parseEther } from "ethers";
import { writeDeployment } from "../keeper/deployment.ts";
import { PortUnavailableError, type ServedChain, serveLocalChain } from "./local-chain/serve.ts";
import { createSteward } from "./local-chain/steward.ts";

interface ChainOptions {
  readonly port: number;
  readonly deployment: string;
  readonly price: bigint;
  readonly board: boolean;
  readonly steward: boolean;
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
  .description("Serves a local chain with the real Perp v2 (Curie), a deployed vault, and pull prices over HTTP")
  .option("--port <port>", "where to serve RPC; 0 = any free port", port, 8545)
  .option("--deployment <file>", "where to write the addresses", "deployments/local.json")
  .option("--price <usdc>", "first price of ETH", price, parseEther("3000"))
  .option("--no-board", "list no options")
  .option("--no-steward", "do nothing that falls due as time passes: a test wants no blocks but its own");

/** How often the steward looks: often enough that a clock that somebody set forward finds the market alive. */
const LOOK_EVERY_MS = 2_000;

/**
 * Keeps the market alive as its operators would. The steward acts only while the chain is quiet: in the middle of
 * somebody's move of the market a block of his would come in between.
 */
function keepAlive({ deployment, provider }: ServedChain): void {
  const steward = createSteward({ deployment, provider });
  let lastBlock = -1;
  const look = async () => {
    const block = await provider.getBlockNumber();
    const isQuiet = block === lastBlock;
    if (isQuiet) await steward.tend();
    lastBlock = isQuiet ? await provider.getBlockNumber() : block;
  };
  const report = (error: Error) =>
    console.error(`chain: something due was not done, again in a moment: ${error.message}`);
  const next = () => setTimeout(() => void look().catch(report).then(next), LOOK_EVERY_MS).unref();
  next();
}

async function main(): Promise<void> {
  const options = command.parse().opts<ChainOptions>();
  rmSync(options.deployment, { force: true });
  console.log("chain: starting, and deploying the perpetual protocol and the vault ...");
  const started = Date.now();
  const chain = await serveLocalChain({ port: options.port, priceWad: options.price, listBoard: options.board });
  writeDeployment(options.deployment, chain.deployment);

  const { contracts, local, pull, rpcUrl, chainId } = chain.deployment;
  const width = Math.max(...Object.keys({ ...contracts, ...local!.accounts }).map((key) => key.length));
  const list = (entries: Record<string, string>) => {
    for (const [name, address] of Object.entries(entries)) console.log(`  ${name.padEnd(width)}  ${address}`);
  };
  console.log("\nContracts");
  list(contracts);
  console.log("\nActors (well-known test keys, 10,000 ETH each)");
  list(Object.fromEntries(Object.entries(local!.accounts).map(([name, { address }]) => [name, address])));
  console.log(`\nchain: ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  console.log(`chain: pull prices ${pull?.serviceUrl}, feed ${pull?.id} of the contract ${pull?.pyth}`);
  console.log(`chain: RPC ${rpcUrl}, chain id ${chainId}, addresses in ${options.deployment}; Ctrl-C ends it`);

  if (options.steward) keepAlive(chain);
  // The chain lives in memory: there is nothing to save, and open connections of others need not be waited for.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0));
}

main().catch((error: unknown) => {
  console.error(error instanceof PortUnavailableError ? `chain: ${error.message}` : error);
  process.exit(1);
});
