/** The whole of Ballast on an in-process chain, for the unit tests: on the real Curie, or on a venue told to misbehave. */
import { Contract, MaxUint256, parseEther } from "ethers";
import { network } from "hardhat";
import { curieVenue, deployBallast, type VenueDeployment } from "../../scripts/deploy/deployBallast.ts";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import { type Curie, deployCurie } from "../../scripts/local-chain/curie.ts";
import { createMarket, type Market } from "../../scripts/local-chain/market.ts";
import { FEED_HEARTBEAT_SECONDS } from "../../scripts/local-chain/world.ts";
import type {
  AccessManager,
  BallastLens,
  ChainlinkSpotOracle,
  CurieVenue,
  HedgeController,
  LocalAggregator,
  LocalUsdc,
  MisbehavingVenue,
  OptionMarket,
  OptionToken,
  OptionVault,
  RiskEngine,
} from "../../types/index.ts";

export const HOUR = 3_600;
export const DAY = 86_400;
export const WEEK = 7 * DAY;
/** The volatility that the tests list at. */
export const VOLATILITY = parseEther("0.65");
/** A million quote tokens of six decimals. */
export const usdc = (whole: number | bigint): bigint => BigInt(whole) * 10n ** 6n;
export const eth = (amount: string | number): bigint => parseEther(String(amount));

/** One connection for a test file; its chain is reset by `loadFixture`. */
export const connection = await network.create();
export const { ethers, networkHelpers } = connection;
const { provider } = ethers;

async function namedSigners() {
  const [deployer, governor, curator, keeper, alice, bob, carol, dave, erin, stranger, world] =
    await ethers.getSigners();
  return { deployer, governor, curator, keeper, alice, bob, carol, dave, erin, stranger, world } as Record<
    "deployer" | "governor" | "curator" | "keeper" | "alice" | "bob" | "carol" | "dave" | "erin" | "stranger" | "world",
    typeof deployer & object
  >;
}

/** A contract of ours at an address, typed by the caller. */
export function at<T>(path: string, address: string): T {
  const [signer] = [provider];
  return new Contract(address, ballastArtifact(path).abi, signer) as unknown as T;
}

export interface SystemParts {
  readonly quoteToken: string;
  readonly feed: string;
  readonly venue: VenueDeployment;
}

/** Deploys Ballast on what is given and connects to it; contracts have no signer until `connect`. */
export async function deploySystem(parts: SystemParts) {
  const signers = await namedSigners();
  const addresses = await deployBallast({
    deployer: signers.deployer,
    ...parts,
    heartbeatSeconds: FEED_HEARTBEAT_SECONDS,
    governor: signers.governor.address,
    curator: signers.curator.address,
    keeper: signers.keeper.address,
  });
  return {
    ...signers,
    addresses,
    usdcToken: at<LocalUsdc>("local/LocalUsdc", parts.quoteToken),
    feed: at<LocalAggregator>("local/LocalAggregator", parts.feed),
    manager: at<AccessManager>("@openzeppelin/contracts/access/manager/AccessManager", addresses.accessManager),
    oracle: at<ChainlinkSpotOracle>("oracles/ChainlinkSpotOracle", addresses.oracle),
    vault: at<OptionVault>("OptionVault", addresses.vault),
    market: at<OptionMarket>("OptionMarket", addresses.market),
    token: at<OptionToken>("OptionToken", addresses.optionToken),
    riskEngine: at<RiskEngine>("RiskEngine", addresses.riskEngine),
    controller: at<HedgeController>("HedgeController", addresses.controller),
    lens: at<BallastLens>("lens/BallastLens", addresses.lens),
  };
}

export type System = Awaited<ReturnType<typeof deploySystem>>;
export interface CurieSystem extends System {
  readonly curie: Curie;
  readonly world$: Market;
  readonly venue: CurieVenue;
}

/** Ballast on the real Curie at 3,000, the feed fresh, nobody in the vault. */
export async function systemOnCurie(): Promise<CurieSystem> {
  const { world } = await namedSigners();
  const curie = await deployCurie({ signer: world });
  const world$ = await createMarket({ curie, signer: world });
  const system = await deploySystem({
    quoteToken: curie.addresses.usdc,
    feed: curie.addresses.aggregator,
    venue: curieVenue(curie.addresses),
  });
  await world$.step({ priceWad: eth(3_000), seconds: 120 });
  return { ...system, curie, world$, venue: at<CurieVenue>("venues/CurieVenue", system.addresses.venue) };
}

export interface MisbehavingSystem extends System {
  readonly venue: MisbehavingVenue;
}

/** Ballast on a venue that does what it is told, at 3,000. `tokenPath` names another quote token of six decimals. */
export async function systemOnMisbehavingVenue(tokenPath = "local/LocalUsdc"): Promise<MisbehavingSystem> {
  const { deployer } = await namedSigners();
  const deploy = async (path: string, args: readonly unknown[]) => {
    const { abi, bytecode } = ballastArtifact(path);
    const contract = await new ethers.ContractFactory(abi as never, bytecode, deployer).deploy(...args);
    await contract.waitForDeployment();
    return contract.getAddress();
  };
  const quoteToken = await deploy(tokenPath, tokenPath === "local/LocalUsdc" ? [6] : []);
  const feed = await deploy("local/LocalAggregator", [8, 3_000n * 10n ** 8n]);
  const venue: VenueDeployment = {
    artifact: ballastArtifact("mocks/MisbehavingVenue"),
    constructorArguments: ({ controller, vault }) => [controller, vault, quoteToken],
  };
  const system = await deploySystem({ quoteToken, feed, venue });
  return { ...system, venue: at<MisbehavingVenue>("mocks/MisbehavingVenue", system.addresses.venue) };
}

type Signer = System["alice"];

/** Mints what is needed and deposits it. */
export async function deposit(system: System, who: Signer, assets: bigint): Promise<void> {
  await system.usdcToken.connect(who).mint(who.address, assets);
  await system.usdcToken.connect(who).approve(system.addresses.vault, assets);
  await system.vault.connect(who).deposit(assets, who.address);
}

/** Lists an expiry with strikes (whole quote per underlying) at 65 % and returns it. */
export async function listBoard(
  system: System,
  strikes: readonly number[] = [2_700, 2_850, 3_000, 3_150, 3_300],
  seconds = WEEK,
): Promise<bigint> {
  const expiry = BigInt(await networkHelpers.time.latest()) + BigInt(seconds);
  await system.market.connect(system.curator).listExpiry(expiry, VOLATILITY);
  await system.market.connect(system.curator).listStrikes(expiry, strikes.map(eth));
  return expiry;
}

/** The number that names a series: see SeriesId.sol. */
export function seriesId(expiry: bigint, strike: number, kind: "call" | "put"): bigint {
  return (expiry << 65n) | (kind === "call" ? 1n << 64n : 0n) | (eth(strike) / 10n ** 9n);
}

/** Mints the premium and more, and buys. */
export async function buy(system: System, who: Signer, id: bigint, size: bigint): Promise<bigint> {
  const { premium } = await system.market.quote(id, size);
  await system.usdcToken.connect(who).mint(who.address, premium * 2n);
  await system.usdcToken.connect(who).approve(system.addresses.market, MaxUint256);
  await system.market.connect(who).buy(id, size, premium * 2n, MaxUint256, who.address);
  return premium;
}

/** The keeper trades the whole net delta with the widest limit that the contract allows. */
export async function rebalance(system: System) {
  const state = await system.controller.hedgeState();
  return system.controller
    .connect(system.keeper)
    .rebalance(state.trade, widestLimit(state.trade, state.spot), MaxUint256, { gasLimit: 10_000_000n });
}

/** One per cent to the worse side of spot. */
export function widestLimit(trade: bigint, spot: bigint): bigint {
  return trade > 0n ? (spot * 101n) / 100n : (spot * 99n + 99n) / 100n;
}

/** The feed's latest round. */
export async function latestRound(system: System): Promise<bigint> {
  return (await system.feed.latestRoundData()).roundId;
}

/** Posts a price to the feed alone; the venue's mark stays where it is. */
export async function setPrice(system: System, price: number): Promise<void> {
  await system.feed.connect(system.stranger).setAnswer(BigInt(Math.round(price * 1e8)));
}

/** The struct as an object that `setState` takes. */
export function stateOf(state: Awaited<ReturnType<MisbehavingVenue["state"]>>) {
  const {
    size,
    cash,
    entryNotional,
    accruedFunding,
    markPrice,
    indexPrice,
    fundingRate,
    maintenanceMargin,
    withdrawable,
    tradable,
  } = state;
  return {
    size,
    cash,
    entryNotional,
    accruedFunding,
    markPrice,
    indexPrice,
    fundingRate,
    maintenanceMargin,
    withdrawable,
    tradable,
  };
}
