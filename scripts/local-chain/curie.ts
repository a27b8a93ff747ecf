import { Contract, MaxUint256, type Signer } from "ethers";
import type {
  ICurieAccountBalance,
  ICurieBaseToken,
  ICurieClearingHouse,
  ICurieCollateralManager,
  ICurieConfig,
  ICurieExchange,
  ICurieIndexFeed,
  ICurieMarginVault,
  IUniswapV3PoolPrice,
  LocalAggregator,
  LocalUsdc,
} from "../../types/index.ts";
import { ballastArtifact, type ContractArtifact, packageArtifact } from "./artifacts.ts";
import { toSqrtPriceX96, WAD } from "./prices.ts";
import { Transactor } from "./transactor.ts";

/** Where a local Curie lives. Plain strings: goes into the deployment file as it is. */
export interface CurieAddresses {
  readonly usdc: string;
  readonly aggregator: string;
  readonly priceFeed: string;
  readonly clearingHouse: string;
  readonly clearingHouseConfig: string;
  readonly vault: string;
  readonly accountBalance: string;
  readonly exchange: string;
  readonly insuranceFund: string;
  readonly collateralManager: string;
  readonly baseToken: string;
  readonly quoteToken: string;
  readonly pool: string;
}

/** A local Curie: addresses, and its contracts connected to the signer that deployed (or connected to) it. */
export interface Curie {
  readonly addresses: CurieAddresses;
  readonly usdc: LocalUsdc;
  readonly aggregator: LocalAggregator;
  /** Curie's cache in front of the aggregator. */
  readonly priceFeed: ICurieIndexFeed;
  readonly clearingHouse: ICurieClearingHouse;
  readonly clearingHouseConfig: ICurieConfig;
  readonly vault: ICurieMarginVault;
  readonly accountBalance: ICurieAccountBalance;
  readonly collateralManager: ICurieCollateralManager;
  readonly exchange: ICurieExchange;
  readonly baseToken: ICurieBaseToken;
  readonly pool: IUniswapV3PoolPrice;
}

export interface DeployCurieOptions {
  /** Deploys and owns everything; any ethers signer of a local chain. */
  readonly signer: Signer;
  /** The pool's and the feed's first price, quote per base, WAD; 3,000 unless told. */
  readonly priceWad?: bigint;
  /** 6 unless told. */
  readonly usdcDecimals?: number;
  /** Seconds after which Curie's feed counts as timed out; a day unless told. */
  readonly feedTimeout?: number;
}

const FEED_DECIMALS = 8;
const POOL_FEE = 3_000; // .3 %: fixes the tick spacing of 60; the fee traders pay is EXCHANGE_FEE_RATIO
const EXCHANGE_FEE_RATIO = 1_000; // .1 %
const INSURANCE_FUND_FEE_RATIO = 100_000; // 10 % of the fee
const MAX_PRICE_SPREAD_RATIO = 100_000; // 10 % between mark and index
const MAX_TICKS_WITHIN_BLOCK = 1_000; // Curie's hard cap
const MARK_PREMIUM_INTERVAL = 900; // 15 minutes: the interval that the mark price and funding ask the feed for
/** The pool must remember 30 minutes: more slots than there are trading blocks in that time, else it reverts "OLD". */
const OBSERVATION_CARDINALITY = 240;

const artifacts = {
  curie: (name: string) => packageArtifact("@perp/curie-contract", name),
  oracle: (name: string) => packageArtifact("@perp/perp-oracle-contract", name),
  uniswap: (name: string) => packageArtifact("@uniswap/v3-core", name),
};

/** The answer a feed of 8 decimals posts for a price. */
export function toFeedAnswer(priceWad: bigint): bigint {
  return priceWad / 10n ** BigInt(18 - FEED_DECIMALS);
}

/**
 * Deploys Perp v2 "Curie" from its published bytecode, with a local USDC and a local feed: one market, no liquidity.
 * `createMarket` (market.ts) brings it to life. The contracts run as bare implementations, without proxies.
 */
export async function deployCurie(options: DeployCurieOptions): Promise<Curie> {
  const { signer, priceWad = 3_000n * WAD, usdcDecimals = 6, feedTimeout = 86_400 } = options;
  const transactor = await Transactor.create(signer);
  const deploy = (name: string, artifact: ContractArtifact, args: readonly unknown[] = []) =>
    transactor.deploy(name, artifact, args);
  const deployCore = (name: string) => deploy(name, artifacts.curie(name));
  const call = (to: string, name: string, method: string, args: readonly unknown[]) =>
    transactor.call(to, artifacts.curie(name), method, args);

  const usdc = await deploy("LocalUsdc", ballastArtifact("local/LocalUsdc"), [usdcDecimals]);
  const aggregator = await deploy("LocalAggregator", ballastArtifact("local/LocalAggregator"), [
    FEED_DECIMALS,
    toFeedAnswer(priceWad),
  ]);
  const feedArtifact = artifacts.oracle("ChainlinkPriceFeedV3");
  const priceFeed = await deploy("ChainlinkPriceFeedV3", feedArtifact, [
    aggregator,
    feedTimeout,
    MARK_PREMIUM_INTERVAL,
  ]);
  await transactor.call(priceFeed, feedArtifact, "update");
  const dispatcher = await deploy("PriceFeedDispatcher", artifacts.oracle("PriceFeedDispatcher"), [priceFeed]);
  const factoryArtifact = artifacts.uniswap("UniswapV3Factory");
  const factory = await deploy("UniswapV3Factory", factoryArtifact);

  // Curie wants the base token's address below the quote token's: the lower of the next two addresses becomes the base.
  const baseFirst = BigInt(transactor.addressAhead(0)) < BigInt(transactor.addressAhead(1));
  const first = await deployCore(baseFirst ? "BaseToken" : "QuoteToken");
  const second = await deployCore(baseFirst ? "QuoteToken" : "BaseToken");
  const [baseToken, quoteToken] = baseFirst ? [first, second] : [second, first];

  const clearingHouseConfig = await deployCore("ClearingHouseConfig");
  const marketRegistry = await deployCore("MarketRegistry");
  const orderBook = await deployCore("OrderBook");
  const accountBalance = await deployCore("AccountBalance");
  const exchange = await deployCore("Exchange");
  const insuranceFund = await deployCore("InsuranceFund");
  const vault = await deployCore("Vault");
  const collateralManager = await deployCore("CollateralManager");
  const clearingHouse = await deployCore("ClearingHouse");
  const delegateApproval = await deployCore("DelegateApproval");

  await call(quoteToken, "QuoteToken", "initialize", ["vUSD", "vUSD"]);
  await call(baseToken, "BaseToken", "initialize", ["vETH", "vETH", dispatcher]);
  await call(clearingHouseConfig, "ClearingHouseConfig", "initialize", []);
  await call(marketRegistry, "MarketRegistry", "initialize", [factory, quoteToken]);
  await call(orderBook, "OrderBook", "initialize", [marketRegistry]);
  await call(accountBalance, "AccountBalance", "initialize", [clearingHouseConfig, orderBook]);
  await call(exchange, "Exchange", "initialize", [marketRegistry, orderBook, clearingHouseConfig]);
  await call(insuranceFund, "InsuranceFund", "initialize", [usdc]);
  await call(vault, "Vault", "initialize", [insuranceFund, clearingHouseConfig, accountBalance, exchange]);
  await call(collateralManager, "CollateralManager", "initialize", [
    clearingHouseConfig,
    vault,
    5, // collateral tokens per account
    750_000, // debt over non-settlement collateral, 75 %
    500_000, // share liquidated at once, 50 %
    20_000, // maintenance margin buffer, 2 %
    30_000, // insurance fund's fee on it, 3 %
    10_000_000_000n, // debt threshold, 10,000 USDC
    500_000_000n, // dust, 500 USDC
  ]);
  await call(insuranceFund, "InsuranceFund", "setVault", [vault]);
  await call(accountBalance, "AccountBalance", "setVault", [vault]);
  await call(vault, "Vault", "setCollateralManager", [collateralManager]);
  await call(exchange, "Exchange", "setAccountBalance", [accountBalance]);
  await call(orderBook, "OrderBook", "setExchange", [exchange]);
  await call(clearingHouse, "ClearingHouse", "initialize", [
    clearingHouseConfig,
    vault,
    quoteToken,
    factory,
    exchange,
    accountBalance,
    insuranceFund,
  ]);
  await call(marketRegistry, "MarketRegistry", "setClearingHouse", [clearingHouse]);
  await call(orderBook, "OrderBook", "setClearingHouse", [clearingHouse]);
  await call(exchange, "Exchange", "setClearingHouse", [clearingHouse]);
  await call(accountBalance, "AccountBalance", "setClearingHouse", [clearingHouse]);
  await call(vault, "Vault", "setClearingHouse", [clearingHouse]);
  await call(delegateApproval, "DelegateApproval", "initialize", []);
  await call(clearingHouse, "ClearingHouse", "setDelegateApproval", [delegateApproval]);
  await call(clearingHouseConfig, "ClearingHouseConfig", "setSettlementTokenBalanceCap", [MaxUint256]);

  await transactor.call(factory, factoryArtifact, "createPool", [baseToken, quoteToken, POOL_FEE]);
  await transactor.confirm();
  const factoryContract = new Contract(factory, factoryArtifact.abi, signer);
  const pool: string = await factoryContract.getFunction("getPool")(baseToken, quoteToken, POOL_FEE);
  const poolArtifact = artifacts.uniswap("UniswapV3Pool");
  await transactor.call(pool, poolArtifact, "initialize", [toSqrtPriceX96(priceWad)]);
  await transactor.call(pool, poolArtifact, "increaseObservationCardinalityNext", [OBSERVATION_CARDINALITY]);

  for (const [token, name] of [
    [quoteToken, "QuoteToken"],
    [baseToken, "BaseToken"],
  ] as const) {
    await call(token, name, "addWhitelist", [clearingHouse]);
    await call(token, name, "addWhitelist", [pool]);
    await call(token, name, "mintMaximumTo", [clearingHouse]);
  }
  await call(marketRegistry, "MarketRegistry", "addPool", [baseToken, POOL_FEE]);
  await call(marketRegistry, "MarketRegistry", "setFeeRatio", [baseToken, EXCHANGE_FEE_RATIO]);
  await call(marketRegistry, "MarketRegistry", "setInsuranceFundFeeRatio", [baseToken, INSURANCE_FUND_FEE_RATIO]);
  await call(marketRegistry, "MarketRegistry", "setMarketMaxPriceSpreadRatio", [baseToken, MAX_PRICE_SPREAD_RATIO]);
  await call(exchange, "Exchange", "setMaxTickCrossedWithinBlock", [baseToken, MAX_TICKS_WITHIN_BLOCK]);
  await transactor.confirm();

  const addresses: CurieAddresses = {
    usdc,
    aggregator,
    priceFeed,
    clearingHouse,
    clearingHouseConfig,
    vault,
    accountBalance,
    exchange,
    insuranceFund,
    collateralManager,
    baseToken,
    quoteToken,
    pool,
  };
  return connectCurie({ addresses, signer });
}

/** The contracts of a Curie that is already there, from a deployment file for instance. */
export function connectCurie(options: { readonly addresses: CurieAddresses; readonly signer: Signer }): Curie {
  const { addresses, signer } = options;
  const at = (address: string, artifact: ContractArtifact): unknown => new Contract(address, artifact.abi, signer);
  return {
    addresses,
    usdc: at(addresses.usdc, ballastArtifact("local/LocalUsdc")) as LocalUsdc,
    aggregator: at(addresses.aggregator, ballastArtifact("local/LocalAggregator")) as LocalAggregator,
    priceFeed: at(addresses.priceFeed, artifacts.oracle("ChainlinkPriceFeedV3")) as ICurieIndexFeed,
    clearingHouse: at(addresses.clearingHouse, artifacts.curie("ClearingHouse")) as ICurieClearingHouse,
    clearingHouseConfig: at(addresses.clearingHouseConfig, artifacts.curie("ClearingHouseConfig")) as ICurieConfig,
    vault: at(addresses.vault, artifacts.curie("Vault")) as ICurieMarginVault,
    accountBalance: at(addresses.accountBalance, artifacts.curie("AccountBalance")) as ICurieAccountBalance,
    collateralManager: at(
      addresses.collateralManager,
      artifacts.curie("CollateralManager"),
    ) as unknown as ICurieCollateralManager,
    exchange: at(addresses.exchange, artifacts.curie("Exchange")) as ICurieExchange,
    baseToken: at(addresses.baseToken, artifacts.curie("BaseToken")) as ICurieBaseToken,
    pool: at(addresses.pool, artifacts.uniswap("UniswapV3Pool")) as IUniswapV3PoolPrice,
  };
}

/** The margin and size of {@link holdReference}'s position: a long that no price can liquidate. */
const REFERENCE_MARGIN = 5_000n; // whole tokens
const REFERENCE_SIZE = WAD; // 1 of the base token

/**
 * Takes a small long that stays. Curie tells what a unit has paid in funding only through an account with a position;
 * this one is there for an adapter that has none of its own yet (`CurieVenue.nameFundingReference`).
 * @returns Its account.
 */
export async function holdReference(options: { readonly curie: Curie; readonly signer: Signer }): Promise<string> {
  const { curie, signer } = options;
  const { usdc, vault, clearingHouse, baseToken } = curie.addresses;
  const transactor = await Transactor.create(signer);
  const margin = REFERENCE_MARGIN * 10n ** (await curie.usdc.decimals());
  const token = ballastArtifact("local/LocalUsdc");
  await transactor.call(usdc, token, "mint", [transactor.address, margin]);
  await transactor.call(usdc, token, "approve", [vault, margin]);
  await transactor.call(vault, artifacts.curie("Vault"), "deposit", [usdc, margin]);
  await transactor.call(clearingHouse, artifacts.curie("ClearingHouse"), "openPosition", [
    {
      baseToken,
      isBaseToQuote: false,
      isExactInput: false,
      amount: REFERENCE_SIZE,
      oppositeAmountBound: 0n,
      deadline: MaxUint256,
      sqrtPriceLimitX96: 0n,
      referralCode: `0x${"0".repeat(64)}`,
    },
  ]);
  await transactor.confirm();
  return transactor.address;
}
