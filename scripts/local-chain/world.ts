/**
 * Builds the whole world on a local chain: the quote token, a push feed, the real Curie with a maker and an
 * arbitrageur, Ballast on top of it, a seed deposit and a first board of options.
 */
import { Contract, type Provider, Wallet } from "ethers";
import type { Deployment } from "../../keeper/deployment.ts";
import { curieVenue, deployBallast } from "../deploy/deployBallast.ts";
import { localAccounts } from "./accounts.ts";
import { ballastArtifact } from "./artifacts.ts";
import { fiveStrikes, nextFridayExpiry } from "./board.ts";
import { deployCurie } from "./curie.ts";
import { createMarket } from "./market.ts";
import { WAD } from "./prices.ts";
import { Transactor } from "./transactor.ts";

/** Seconds between rounds that the local feed promises, as Chainlink's ETH/USD does on mainnet. */
export const FEED_HEARTBEAT_SECONDS = 3_600;
/** The volatility at which the first board is listed. */
export const FIRST_BOARD_VOLATILITY = (65n * WAD) / 100n;
/** Locked for ever, so that the share price never starts from nothing again. Whole quote tokens. */
export const SEED_DEPOSIT = 1_000n;
const NOBODY = "0x000000000000000000000000000000000000dEaD";

export interface WorldOptions {
  readonly provider: Provider;
  /** Where others reach this chain; goes into the deployment file. */
  readonly rpcUrl: string;
  readonly chainId: number;
  /** Quote per underlying, WAD; 3,000 unless told. */
  readonly priceWad?: bigint;
  /** False leaves the market without a listed expiry. */
  readonly listBoard?: boolean;
}

export async function buildWorld(options: WorldOptions): Promise<Deployment> {
  const { provider, rpcUrl, chainId, priceWad = 3_000n * WAD, listBoard = true } = options;
  const accounts = localAccounts();
  const signer = (actor: keyof typeof accounts) => new Wallet(accounts[actor].privateKey, provider);

  const curie = await deployCurie({ signer: signer("arbitrageur"), priceWad });
  const market = await createMarket({ curie, signer: signer("arbitrageur") });
  const ballast = await deployBallast({
    deployer: signer("deployer"),
    quoteToken: curie.addresses.usdc,
    feed: curie.addresses.aggregator,
    heartbeatSeconds: FEED_HEARTBEAT_SECONDS,
    venue: curieVenue(curie.addresses),
    governor: accounts.governor.address,
    curator: accounts.curator.address,
    keeper: accounts.keeper.address,
  });
  // A round of the present hour: the feed has been silent while the pool gathered its history.
  await market.step({ priceWad, seconds: 120 });

  const seed = await Transactor.create(signer("governor"));
  const token = ballastArtifact("local/LocalUsdc");
  const decimals = BigInt(await new Contract(curie.addresses.usdc, token.abi, provider).getFunction("decimals")());
  const assets = SEED_DEPOSIT * 10n ** decimals;
  await seed.call(curie.addresses.usdc, token, "mint", [accounts.governor.address, assets]);
  await seed.call(curie.addresses.usdc, token, "approve", [ballast.vault, assets]);
  await seed.call(ballast.vault, ballastArtifact("OptionVault"), "deposit", [assets, NOBODY]);
  await seed.confirm();

  if (listBoard) {
    const latest = await provider.getBlock("latest");
    const expiry = nextFridayExpiry(latest!.timestamp);
    const curator = await Transactor.create(signer("curator"));
    const artifact = ballastArtifact("OptionMarket");
    await curator.call(ballast.market, artifact, "listExpiry", [expiry, FIRST_BOARD_VOLATILITY]);
    await curator.call(ballast.market, artifact, "listStrikes", [expiry, fiveStrikes(priceWad)]);
    await curator.confirm();
  }

  return {
    version: 1,
    chainId,
    rpcUrl,
    contracts: { quoteToken: curie.addresses.usdc, feed: curie.addresses.aggregator, ...ballast },
    local: { accounts, marketMover: await market.mover.getAddress(), curie: curie.addresses },
  };
}
