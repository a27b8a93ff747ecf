/** Feeds, oracles and their misbehaviour for the tests in test/oracles. */
import { parseEther, ZeroAddress, ZeroHash } from "ethers";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import {
  bringUpdates,
  ETH_USD_PULL_ID,
  encodePullUpdate,
  PULL_EXPONENT,
  type PullUpdate,
  toPullScale,
} from "../../scripts/local-chain/pyth.ts";
import type { LocalAggregator, LocalPyth } from "../../types/index.ts";
import { ethers, networkHelpers } from "./system.ts";

export const PULL_ID = ETH_USD_PULL_ID;
const MINUTE = 60;

/** Deploys a contract of ours from the first account and connects to it with the same. */
export async function deployContract<T>(path: string, args: readonly unknown[] = []): Promise<T & { address: string }> {
  const [signer] = await ethers.getSigners();
  const { abi, bytecode } = ballastArtifact(path);
  const contract = await new ethers.ContractFactory(abi as never, bytecode, signer).deploy(...args);
  await contract.waitForDeployment();
  return Object.assign(contract, { address: await contract.getAddress() }) as unknown as T & { address: string };
}

/** A whole price in the scale of a feed. */
export const answer = (price: number, decimals = 8): bigint => parseEther(`${price}`) / 10n ** BigInt(18 - decimals);

export const pushFeed = (price: number, decimals = 8) =>
  deployContract<LocalAggregator>("local/LocalAggregator", [decimals, answer(price, decimals)]);

export const pullFeed = () => deployContract<LocalPyth>("local/LocalPyth", [ZeroAddress, 1n]);

/** The parameters of a SpotOracle on a push feed alone; a test overrides what it is about. */
export const spotConfig = (push: string) => ({
  push,
  heartbeat: 3_600,
  deviation: parseEther("0.005"),
  minPrice: parseEther("300"),
  maxPrice: parseEther("30000"),
  pull: ZeroAddress,
  pullId: ZeroHash,
  maxApart: parseEther("0.015"),
  sequencer: ZeroAddress,
  grace: 60 * MINUTE,
  quoteFeed: ZeroAddress,
  quoteHeartbeat: 86_400,
  pegTolerance: parseEther("0.02"),
});

export type SpotConfig = ReturnType<typeof spotConfig>;

/** A price for the local pull feed, published `age` seconds before the block that will bring it. */
export async function pullUpdate(
  price: number,
  { age = 0, confidence = 0, ...rest }: { age?: number; confidence?: number } & Partial<PullUpdate> = {},
): Promise<PullUpdate> {
  const publishTime = BigInt(await networkHelpers.time.latest()) + 1n - BigInt(age);
  return {
    id: PULL_ID,
    price: toPullScale(parseEther(`${price}`)),
    conf: toPullScale(parseEther(`${confidence}`)),
    expo: PULL_EXPONENT,
    publishTime,
    prevPublishTime: publishTime - 1n,
    ...rest,
  };
}

/** Brings a price on chain in the next second. */
export async function bring(pyth: LocalPyth, update: PullUpdate): Promise<void> {
  await networkHelpers.time.setNextBlockTimestamp((await networkHelpers.time.latest()) + 1);
  await bringUpdates(pyth, [await encodePullUpdate(update)]);
}
