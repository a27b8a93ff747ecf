/**
 * Builds the whole world on a local chain: the quote token, a push feed with a past, a pull feed, the real Curie with a
 * maker and an arbitrageur, Ballast on top of it, a seed deposit and a first board of options with its smile.
 */
import { Contract, Wallet } from "ethers";
import { DEPLOYMENT_VERSION, type Deployment } from "../../keeper/deployment.ts";
import { curieVenue, deployBallast } from "../deploy/deployBallast.ts";
import { localAccounts } from "./accounts.ts";
import { ballastArtifact } from "./artifacts.ts";
import { fiveStrikes, nextFridayExpiry } from "./board.ts";
import { deployCurie, holdReference } from "./curie.ts";
import { seedHistory } from "./history.ts";
import { createMarket } from "./market.ts";
import { WAD } from "./prices.ts";
import type { DevProvider } from "./provider.ts";
import { deployPyth, ETH_USD_PULL_ID } from "./pyth.ts";
import { createSteward } from "./steward.ts";
import { Transactor } from "./transactor.ts";

/**
 * Locked for ever, so that the share price never starts from nothing again. Whole quote tokens; so many that the first
 * board can be traded at once: V_cap follows NAV slowly, and a round of the feed sells a twentieth of NAV in delta.
 */
export const SEED_DEPOSIT = 1_000_000n;
const NOBODY = "0x000000000000000000000000000000000000dEaD";

export interface WorldOptions {
  readonly provider: DevProvider;
  /** Where others reach this chain; goes into the deployment file. */
  readonly rpcUrl: string;
  readonly chainId: number;
  /** Quote per underlying, WAD; 3,000 unless told. */
  readonly priceWad?: bigint;
  /** False leaves the market without a listed expiry, and V_cap at nothing. */
  readonly listBoard?: boolean;
  /** Whole quote tokens; {@link SEED_DEPOSIT} unless told. */
  readonly seedDeposit?: bigint;
}

export async function buildWorld(options: WorldOptions): Promise<Deployment> {
  const { provider, rpcUrl, chainId, priceWad = 3_000n * WAD, listBoard = true, seedDeposit = SEED_DEPOSIT } = options;
  const accounts = localAccounts();
  const signer = (actor: keyof typeof accounts) => new Wallet(accounts[actor].privateKey, provider);

  const curie = await deployCurie({ signer: signer("arbitrageur"), priceWad });
  const { usdc, aggregator } = curie.addresses;
  await seedHistory({ signer: signer("feed"), aggregator, priceWad });
  const pyth = await deployPyth({ signer: signer("feed"), publisher: signer("feed") });
  const market = await createMarket({ curie, signer: signer("arbitrageur") });
  const reference = await holdReference({ curie, signer: signer("feed") });
  const pull = { pyth, id: ETH_USD_PULL_ID };
  const ballast = await deployBallast({
    deployer: signer("deployer"),
    quoteToken: usdc,
    feed: aggregator,
    pull,
    venue: curieVenue(curie.addresses),
    governor: accounts.governor.address,
    curator: accounts.curator.address,
    keeper: accounts.keeper.address,
  });
  const deployment: Deployment = {
    version: DEPLOYMENT_VERSION,
    chainId,
    rpcUrl,
    contracts: { quoteToken: usdc, feed: aggregator, ...ballast },
    pull,
    local: { accounts, marketMover: await market.mover.getAddress(), curie: curie.addresses },
  };
  // A round of the present hour: the feed has been silent while the pool gathered its history.
  await market.step({ priceWad, seconds: 120 });

  const messenger = await Transactor.create(signer("feed"));
  await messenger.call(ballast.venue, ballastArtifact("venues/CurieVenue"), "nameFundingReference", [reference]);
  await messenger.confirm();

  const seed = await Transactor.create(signer("governor"));
  const token = ballastArtifact("local/LocalUsdc");
  const decimals = BigInt(await new Contract(usdc, token.abi, provider).getFunction("decimals")());
  const assets = seedDeposit * 10n ** decimals;
  await seed.call(usdc, token, "mint", [accounts.governor.address, assets]);
  await seed.call(usdc, token, "approve", [ballast.vault, assets]);
  await seed.call(ballast.vault, ballastArtifact("OptionVault"), "deposit", [assets, NOBODY]);
  await seed.confirm();

  if (listBoard) {
    const latest = await provider.getBlock("latest");
    const expiry = nextFridayExpiry(latest!.timestamp);
    const curator = await Transactor.create(signer("curator"));
    const artifact = ballastArtifact("OptionMarket");
    await curator.call(ballast.market, artifact, "listExpiry", [expiry]);
    await curator.call(ballast.market, artifact, "listStrikes", [expiry, fiveStrikes(priceWad)]);
    await curator.confirm();
    await createSteward({ deployment, provider }).tend();
  }
  return deployment;
}
