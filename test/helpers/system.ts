/** The whole of Ballast on an in-process chain, for the unit tests: on the real Curie, or on a venue told to misbehave. */
import { Contract, MaxUint256, parseEther, ZeroAddress } from "ethers";
import { network } from "hardhat";
import { unpackSlice } from "../../keeper/math/svi.ts";
import { postOf } from "../../keeper/surface/calibrate.ts";
import { findHourlyRounds } from "../../keeper/volatility/hourlyRounds.ts";
import { curieVenue, deployBallast, type Settings, type VenueDeployment } from "../../scripts/deploy/deployBallast.ts";
import type { PullFeed } from "../../scripts/deploy/parameters.ts";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import { type Curie, deployCurie, holdReference } from "../../scripts/local-chain/curie.ts";
import { seedHistory } from "../../scripts/local-chain/history.ts";
import { createMarket, type Market } from "../../scripts/local-chain/market.ts";
import { deployPyth, ETH_USD_PULL_ID } from "../../scripts/local-chain/pyth.ts";
import type {
  AccessManager,
  Auctions,
  AutoLister,
  BallastLens,
  BallastRouter,
  CurieVenue,
  ExpiryPriceOracle,
  FundingOracle,
  GasPriceOracle,
  HedgeController,
  LocalAggregator,
  LocalPyth,
  LocalUsdc,
  MisbehavingVenue,
  OptionMarket,
  OptionPricer,
  OptionToken,
  OptionVault,
  RealisedVolatilityOracle,
  RiskEngine,
  SaleLimits,
  SpotOracle,
  ToldRealisedVolatility,
  VolatilitySurface,
} from "../../types/index.ts";

export const HOUR = 3_600;
export const DAY = 86_400;
export const WEEK = 7 * DAY;
/** The volatility that the tests post. */
export const VOLATILITY = parseEther("0.65");
/** Quote tokens of six decimals. */
export const usdc = (whole: number | bigint): bigint => BigInt(whole) * 10n ** 6n;
export const eth = (amount: string | number): bigint => parseEther(String(amount));

/** IRiskEngine.Closure. */
export const CLOSURE = {
  none: 0n,
  inProgress: 1n,
  priceUntrusted: 2n,
  surfaceClamped: 3n,
  surfaceStale: 4n,
  expiryUnsettled: 5n,
  venueUnreadable: 6n,
  insolvent: 7n,
  venueNotTradable: 8n,
  venueOffMark: 9n,
  expired: 10n,
  nearExpiry: 11n,
  unposted: 12n,
  carryClamped: 13n,
  sizeBelowMinimum: 14n,
  deltaOutOfBounds: 15n,
  noVegaCapacity: 16n,
  vegaSpent: 17n,
  roundDeltaSpent: 18n,
  venueDepthSpent: 19n,
  collateralShort: 20n,
  cashShort: 21n,
} as const;

/** One connection for a test file; its chain is reset by `loadFixture`. */
export const connection = await network.create();
export const { ethers, networkHelpers } = connection;
export const { provider } = ethers;
const { time } = networkHelpers;

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
  readonly pull?: PullFeed;
  readonly sequencer?: string;
  /** A realised volatility that is told; without one the feed's own history counts. */
  readonly realisedVolatility?: string;
  readonly settings?: Partial<Settings>;
}

/** Deploys Ballast on what is given and connects to it; contracts have no signer until `connect`. */
export async function deploySystem(parts: SystemParts) {
  const signers = await namedSigners();
  const addresses = await deployBallast({
    deployer: signers.deployer,
    ...parts,
    governor: signers.governor.address,
    curator: signers.curator.address,
    keeper: signers.keeper.address,
  });
  return {
    ...signers,
    addresses,
    parts,
    usdcToken: at<LocalUsdc>("local/LocalUsdc", parts.quoteToken),
    feed: at<LocalAggregator>("local/LocalAggregator", parts.feed),
    pyth: at<LocalPyth>("local/LocalPyth", parts.pull?.pyth ?? ZeroAddress),
    manager: at<AccessManager>("@openzeppelin/contracts/access/manager/AccessManager", addresses.accessManager),
    oracle: at<SpotOracle>("oracles/SpotOracle", addresses.oracle),
    gasPriceOracle: at<GasPriceOracle>("oracles/GasPriceOracle", addresses.gasPriceOracle),
    realised: at<RealisedVolatilityOracle>("oracles/RealisedVolatilityOracle", addresses.realisedVolatility),
    surface: at<VolatilitySurface>("oracles/VolatilitySurface", addresses.surface),
    funding: at<FundingOracle>("oracles/FundingOracle", addresses.fundingOracle),
    expiryPrices: at<ExpiryPriceOracle>("oracles/ExpiryPriceOracle", addresses.expiryPriceOracle),
    vault: at<OptionVault>("OptionVault", addresses.vault),
    market: at<OptionMarket>("OptionMarket", addresses.market),
    pricer: at<OptionPricer>("OptionPricer", addresses.pricer),
    token: at<OptionToken>("OptionToken", addresses.optionToken),
    riskEngine: at<RiskEngine>("RiskEngine", addresses.riskEngine),
    saleLimits: at<SaleLimits>("SaleLimits", addresses.saleLimits),
    controller: at<HedgeController>("HedgeController", addresses.controller),
    auctions: at<Auctions>("auction/Auctions", addresses.auctions),
    autoLister: at<AutoLister>("AutoLister", addresses.autoLister),
    router: at<BallastRouter>("BallastRouter", addresses.router),
    lens: at<BallastLens>("lens/BallastLens", addresses.lens),
  };
}

export type System = Awaited<ReturnType<typeof deploySystem>>;
export interface CurieSystem extends System {
  readonly curie: Curie;
  readonly world$: Market;
  readonly venue: CurieVenue;
}

/**
 * Ballast on the real Curie at 3,000, the feeds fresh with ten days of history, nobody in the vault. Time stands shortly
 * before a Friday's 08:00 UTC, so that the next board lives a week and some minutes.
 */
export async function systemOnCurie(): Promise<CurieSystem> {
  await beginOnFriday();
  const { world } = await namedSigners();
  const curie = await deployCurie({ signer: world });
  await seedHistory({ signer: world, aggregator: curie.addresses.aggregator, priceWad: eth(3_000) });
  const pyth = await deployPyth({ signer: world });
  const world$ = await createMarket({ curie, signer: world });
  const reference = await holdReference({ curie, signer: (await namedSigners()).stranger });
  const system = await deploySystem({
    quoteToken: curie.addresses.usdc,
    feed: curie.addresses.aggregator,
    pull: { pyth, id: ETH_USD_PULL_ID },
    venue: curieVenue(curie.addresses),
  });
  await world$.step({ priceWad: eth(3_000), seconds: 120 });
  await bringHours(system);
  const venue = at<CurieVenue>("venues/CurieVenue", system.addresses.venue);
  await venue.connect(system.stranger).nameFundingReference(reference);
  return { ...system, curie, world$, venue };
}

export interface MisbehavingSystem extends System {
  readonly venue: MisbehavingVenue;
  /** What the surface is fenced by: 60 %, as old as it is told. */
  readonly told: ToldRealisedVolatility;
  /** Of the sequencer, where there is one. */
  readonly uptime: LocalAggregator;
}

export interface MisbehavingParts {
  /** Another quote token of six decimals. */
  readonly tokenPath?: string;
  readonly feedDecimals?: number;
  /** With the uptime feed of a sequencer: answer 0 = up. */
  readonly hasSequencer?: boolean;
}

/** Ballast on a venue that does what it is told, at 3,000, with realised volatility told. Time as in {@link systemOnCurie}. */
export async function systemOnMisbehavingVenue(parts: MisbehavingParts = {}): Promise<MisbehavingSystem> {
  const { tokenPath = "local/LocalUsdc", feedDecimals = 8, hasSequencer = false } = parts;
  await beginOnFriday();
  const { deployer, stranger } = await namedSigners();
  const deploy = async (path: string, args: readonly unknown[]) => {
    const { abi, bytecode } = ballastArtifact(path);
    const contract = await new ethers.ContractFactory(abi as never, bytecode, deployer).deploy(...args);
    await contract.waitForDeployment();
    return contract.getAddress();
  };
  const quoteToken = await deploy(tokenPath, tokenPath === "local/LocalUsdc" ? [6] : []);
  const feed = await deploy("local/LocalAggregator", [feedDecimals, 3_000n * 10n ** BigInt(feedDecimals)]);
  const pyth = await deployPyth({ signer: stranger });
  const sequencer = hasSequencer ? await deploy("local/LocalAggregator", [0, 0]) : undefined;
  const realisedVolatility = await deploy("mocks/ToldRealisedVolatility", [eth("0.6")]);
  const told = at<ToldRealisedVolatility>("mocks/ToldRealisedVolatility", realisedVolatility);
  await told.connect(stranger).setFeed(feed);
  const venue: VenueDeployment = {
    artifact: ballastArtifact("mocks/MisbehavingVenue"),
    constructorArguments: ({ controller, vault }) => [controller, vault, quoteToken],
  };
  const pull = { pyth, id: ETH_USD_PULL_ID };
  const system = await deploySystem({ quoteToken, feed, venue, pull, realisedVolatility, sequencer });
  if (sequencer !== undefined) {
    // Up since now: prices are trusted after the grace.
    await time.increase(HOUR + 1);
    await refreshFeed(system);
  }
  const uptime = at<LocalAggregator>("local/LocalAggregator", sequencer ?? ZeroAddress);
  return { ...system, told, uptime, venue: at<MisbehavingVenue>("mocks/MisbehavingVenue", system.addresses.venue) };
}

/** Sets the clock to the next Friday, an hour before its expiry. */
async function beginOnFriday(): Promise<void> {
  const now = await time.latest();
  const beginning = nextFriday(BigInt(now)) - BigInt(HOUR);
  await time.increaseTo(beginning > now ? beginning : beginning + BigInt(WEEK));
}

/** The first Friday 08:00 UTC after `timestamp`. */
export function nextFriday(timestamp: bigint): bigint {
  const first = BigInt(DAY + 8 * HOUR); // 2 January 1970
  return ((timestamp - first) / BigInt(WEEK) + 1n) * BigInt(WEEK) + first;
}

type Signer = System["alice"];

/** Mints what is needed and deposits it. */
export async function deposit(system: System, who: Signer, assets: bigint): Promise<void> {
  await system.usdcToken.connect(who).mint(who.address, assets);
  await system.usdcToken.connect(who).approve(system.addresses.vault, assets);
  await system.vault.connect(who).deposit(assets, who.address);
}

/** As `IVolatilitySurface.Post` has it, without the expiry. */
export type Slice = Omit<ReturnType<typeof postOf>, "expiry">;

/** The same volatility at every strike, WAD. */
export const flatSlice = (volatility: bigint): Slice => ({
  a: (volatility * volatility) / 10n ** 27n,
  b: 0n,
  rho: 0n,
  m: 0n,
  sigma: 10n ** 7n,
  spread: 150n,
});

/** Posts the same slice, or a flat one, for every live expiry ahead. */
export async function postSurface(system: System, shape: bigint | Slice = VOLATILITY): Promise<void> {
  const now = BigInt(await time.latest());
  const slice = typeof shape === "bigint" ? flatSlice(shape) : shape;
  const expiries = [...(await system.surface.expiries())].filter((expiry) => expiry > now + 1n);
  await system.surface.connect(system.curator).post(expiries.map((expiry) => ({ expiry, ...slice })));
}

/** Posts the slices in force once more, as far as they may be by now. */
export async function repostSurface(system: System): Promise<void> {
  const now = BigInt(await time.latest());
  const posts = [];
  for (const expiry of await system.surface.expiries()) {
    const word = await system.surface.sliceOf(expiry);
    const { nextPostAt } = await system.surface.statusOf(expiry);
    if (expiry > now + 1n && nextPostAt <= now && word !== 0n) posts.push(postOf(expiry, unpackSlice(word)));
  }
  if (posts.length > 0) await system.surface.connect(system.curator).post(posts);
}

/** Sets V_cap, as far as a tenth of bid NAV allows unless told. */
export async function setVegaCapacity(system: System, capacity?: bigint): Promise<bigint> {
  const most = (await system.riskEngine.valuation()).bid / 10n;
  await system.market.connect(system.curator).setVegaCapacity(capacity ?? most);
  return capacity ?? most;
}

export interface Board {
  /** Whole quote per underlying. */
  readonly strikes?: readonly number[];
  /** Which Friday from now, the first one at least six days ahead being 1. */
  readonly week?: number;
  /** Volatility, WAD, or a slice; 65 % everywhere unless told. */
  readonly shape?: bigint | Slice;
}

/**
 * Lists an expiry with strikes, posts its slice (and the others' anew), sets V_cap where there is none yet, and returns
 * the expiry: the Friday a week ahead unless told.
 */
export async function listBoard(system: System, board: Board = {}): Promise<bigint> {
  const { strikes = [2_700, 2_850, 3_000, 3_150, 3_300], week = 1, shape } = board;
  const now = BigInt(await time.latest());
  const expiry = nextFriday(now + BigInt(6 * DAY)) + BigInt((week - 1) * WEEK);
  await system.market.connect(system.curator).listExpiry(expiry);
  await system.market.connect(system.curator).listStrikes(expiry, strikes.map(eth));
  const slice = shape === undefined || typeof shape === "bigint" ? flatSlice(shape ?? VOLATILITY) : shape;
  await system.surface.connect(system.curator).post([{ expiry, ...slice }]);
  const [capacity, { bid }] = await Promise.all([system.market.vegaCapacity(), system.riskEngine.valuation()]);
  if (capacity === 0n && bid > 10n) await setVegaCapacity(system);
  return expiry;
}

/** The number that names a series: see SeriesId.sol. */
export function seriesId(expiry: bigint, strike: number, kind: "call" | "put"): bigint {
  return (expiry << 65n) | (kind === "call" ? 1n << 64n : 0n) | (eth(strike) / 10n ** 9n);
}

/** Gives a buyer money and the market his approval. */
export async function fund(system: System, who: Signer, assets: bigint): Promise<void> {
  await system.usdcToken.connect(who).mint(who.address, assets);
  await system.usdcToken.connect(who).approve(system.addresses.market, MaxUint256);
}

/** Mints the premium and more, and buys. */
export async function buy(system: System, who: Signer, id: bigint, size: bigint): Promise<bigint> {
  const { premium } = (await system.market.quote(id, size)).price;
  await fund(system, who, premium * 2n);
  await system.market.connect(who).buy(id, size, premium * 2n, MaxUint256, who.address);
  return premium;
}

/**
 * Buys more than one round of the feed allows: as much as each round takes, with a round of the same price in between.
 * @param most Of delta that is bought in all before the keeper hedges; he does not unless told.
 */
export async function buyMuch(system: System, who: Signer, id: bigint, size: bigint, most?: bigint): Promise<void> {
  let left = size;
  let unhedged = 0n;
  while (left > 0n) {
    await refreshFeed(system);
    const { price, limits } = await system.market.quote(id, left);
    const delta = price.delta < 0n ? -price.delta : price.delta;
    // A little less: the limits move with the premium and the seconds.
    const fits = delta === 0n ? left : (limits.roundDeltaLeft * 98n * eth(1)) / (100n * price.jumpDelta);
    const part = fits < left ? fits : left;
    await buy(system, who, id, part);
    left -= part;
    unhedged += (part * delta) / eth(1);
    if (most !== undefined && unhedged > most) {
      await rebalance(system);
      unhedged = 0n;
    }
  }
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

/** A new round of the same answer. */
export async function refreshFeed(system: System): Promise<void> {
  const { answer } = await system.feed.latestRoundData();
  await system.feed.connect(system.stranger).setAnswer(answer);
}

/** Posts a price to the feed alone; the venue's mark stays where it is. */
export async function setFeed(system: System, price: number): Promise<void> {
  const decimals = await system.feed.decimals();
  await system.feed.connect(system.stranger).setAnswer(eth(price) / 10n ** (18n - decimals));
}

/** Posts a price to the feed and to a venue that takes its mark from us. On Curie use `world$.step`. */
export async function setPrice(system: System | MisbehavingSystem, price: number): Promise<void> {
  await setFeed(system, price);
  if (!("told" in system)) return;
  const { venue, stranger } = system;
  await venue.connect(stranger).setMark(eth(price));
}

/** Brings the hours that are over to the realised volatility, as anybody may. */
export async function bringHours(system: System): Promise<void> {
  const { realised, feed, stranger } = system;
  for (;;) {
    const [grid, { roundId }, now] = await Promise.all([realised.grid(), feed.latestRoundData(), time.latest()]);
    const { roundIds } = await findHourlyRounds({
      grid,
      latestId: roundId,
      timestamp: BigInt(now),
      maxHours: 200,
      readRound: async (id) => {
        try {
          const { answer, updatedAt } = await feed.getRoundData(id);
          return { id, answer, updatedAt };
        } catch {
          return undefined;
        }
      },
    });
    if (roundIds.length === 0) return;
    await realised.connect(stranger).bring(roundIds);
  }
}

/** A fresh round, the hours brought, and the surface posted again: what keeps the vault open as time passes. */
export async function keepFresh(system: System | MisbehavingSystem): Promise<void> {
  await refreshFeed(system);
  if (!("told" in system)) await bringHours(system);
  await repostSurface(system);
}

/** Proves the price of an expiry by the feed's first round at or after it, in the phase of the latest round. */
export async function prove(system: System, expiry: bigint): Promise<bigint> {
  const { expiryPrices, feed, stranger } = system;
  let roundId = await latestRound(system);
  for (let id = roundId - 1n; (id & ((1n << 64n) - 1n)) > 0n; id--) {
    const { answer, updatedAt } = await feed.getRoundData(id);
    if (updatedAt < expiry) break;
    if (answer > 0n) roundId = id;
  }
  await expiryPrices.connect(stranger).proveFirstRound(expiry, roundId, []);
  return expiryPrices.settlementPrice(expiry);
}

/** Goes to the expiry, has the feed say `price`, proves that round and settles. Anybody may do all of it. */
export async function settleAt(system: System, expiry: bigint, price: number): Promise<void> {
  if (BigInt(await time.latest()) < expiry) await time.increaseTo(expiry);
  await setPrice(system, price);
  // The proof wants a block after the round's.
  await prove(system, expiry);
  await system.market.connect(system.stranger).settle(expiry);
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
