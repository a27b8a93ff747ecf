/** `npm run move -- --to 3150 [--hours 1]`: moves the local market to another price, Curie's mark with it. */
import { Command, InvalidArgumentError } from "commander";
import { formatEther, parseEther, Wallet } from "ethers";
import { readDeployment } from "../keeper/deployment.ts";
import { BallastError } from "../keeper/errors.ts";
import { assertChain } from "../keeper/rpc.ts";
import { connectCurie } from "./local-chain/curie.ts";
import { connectMarket, PriceOutsideLiquidityError, StepTooShortError } from "./local-chain/market.ts";
import { connectLocalRpc } from "./local-chain/provider.ts";
import { createSteward } from "./local-chain/steward.ts";

/** There is no market to move: this is not a local chain. */
class NotLocalError extends BallastError {}

const price = (text: string): bigint => {
  if (!/^\d+(\.\d{1,8})?$/.test(text) || Number(text) <= 0)
    throw new InvalidArgumentError(`expected a price in USDC such as 3150, got "${text}"`);
  return parseEther(text);
};

const hours = (text: string): number => {
  const value = Number(text);
  if (!(value >= 0.05 && value <= 720)) throw new InvalidArgumentError(`expected 0.05 to 720 hours, got "${text}"`);
  return value;
};

const command = new Command("move")
  .description(
    "Moves the local market: the feed, the arbitrageur's trades on the real venue, the clock, and what falls due",
  )
  .requiredOption("--to <usdc>", "the new price of ETH", price)
  .option("--hours <hours>", "how long the move takes", hours, 1)
  .option("--deployment <file>", "deployment file of the chain", "deployments/local.json");

/** One step of the market takes an hour at most: a feed that is silent for longer counts as stale. */
const LONGEST_STEP_SECONDS = 3_600;

async function main(): Promise<void> {
  const options = command.parse().opts<{ to: bigint; hours: number; deployment: string }>();
  const deployment = readDeployment(options.deployment);
  if (deployment.local === undefined)
    throw new NotLocalError(`${options.deployment} is not of a local chain: only a local market can be moved`);
  const provider = connectLocalRpc({ url: deployment.rpcUrl, chainId: deployment.chainId });
  await assertChain(provider, { url: deployment.rpcUrl, chainId: deployment.chainId });
  const signer = new Wallet(deployment.local.accounts.arbitrageur!.privateKey, provider);
  const curie = connectCurie({ addresses: deployment.local.curie, signer });
  const market = await connectMarket({ curie, signer, marketMover: deployment.local.marketMover });

  const steward = createSteward({ deployment, provider });

  const [, answer] = await curie.aggregator.latestRoundData();
  const from = answer * 10n ** 10n;
  const total = Math.round(options.hours * 3_600);
  const steps = Math.ceil(total / LONGEST_STEP_SECONDS);
  for (let step = 1; step <= steps; step++) {
    const priceWad = from + ((options.to - from) * BigInt(step)) / BigInt(steps);
    await market.step({ priceWad, seconds: Math.floor(total / steps) });
    await steward.tend();
  }
  const [index, mark] = await Promise.all([
    curie.aggregator.latestRoundData(),
    curie.accountBalance.getMarkPrice(deployment.local.curie.baseToken),
  ]);
  const usdc = (wad: bigint) => Number(formatEther(wad)).toFixed(2);
  console.log(
    `ETH moved from ${usdc(from)} to ${usdc(index[1] * 10n ** 10n)} USDC in ${options.hours} h; the venue's mark is ${usdc(mark)} USDC.`,
  );
  provider.destroy();
}

const isForPeople = (error: unknown): error is Error =>
  error instanceof BallastError || error instanceof PriceOutsideLiquidityError || error instanceof StepTooShortError;

main().catch((error: unknown) => {
  console.error(isForPeople(error) ? `move: ${error.message}` : error);
  process.exit(1);
});
