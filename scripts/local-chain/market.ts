import { Contract, formatEther, MaxUint256, type Signer } from "ethers";
import type { LocalMarketMover } from "../../types/index.ts";
import { ballastArtifact, packageArtifact } from "./artifacts.ts";
import { type Curie, toFeedAnswer } from "./curie.ts";
import { sqrtPriceX96AtTick, toSqrtPriceX96, WAD } from "./prices.ts";
import { type DevProvider, devProviderOf } from "./provider.ts";
import { Transactor } from "./transactor.ts";

/** Curie moves its anchor after 15 s, and its mark leans on a 15 s average: one second more settles both. */
const SETTLE_SECONDS = 16;
/** The pool needs 30 minutes of history before any margin check passes ("OLD"). */
const HISTORY_SECONDS = 1_900;
const RANGE_TICKS = 6_000; // the maker's range: −45 % … +82 % around the start
const TICK_SPACING = 60;
const MAKER_BASE_WAD = 20_000n * WAD; // with as much quote at the start price
const MARGIN = 200_000_000n; // whole tokens, for the maker and for the arbitrageur

export class StepTooShortError extends Error {
  constructor(seconds: number, needed: number) {
    super(`A step of ${seconds} s is too short for this move: the market needs at least ${needed} s to follow it.`);
    this.name = "StepTooShortError";
  }
}

export class PriceOutsideLiquidityError extends Error {
  constructor(priceWad: bigint) {
    super(
      `The price ${formatEther(priceWad)} lies outside the maker's range of ±${RANGE_TICKS} ticks around the start. ` +
        "Start the local chain at a price nearer to where the path goes.",
    );
    this.name = "PriceOutsideLiquidityError";
  }
}

export interface MarketStep {
  /** The new index price, quote per base, WAD. */
  readonly priceWad: bigint;
  /** How far the clock advances in all, from the latest block to the last block of the step. */
  readonly seconds: number;
  /** How far above the index the arbitrageur holds the mark, WAD: the funding rate per day. 0 unless told. */
  readonly premiumWad?: bigint;
}

export interface MarketStepResult {
  /** Time of the step's last block, the one to read and to hedge on. */
  readonly timestamp: number;
  /** Trades of the arbitrageur, at least 1. */
  readonly trades: number;
}

/** A Curie market with a maker, an arbitrageur and a clock: the outside world of a local chain. */
export interface Market {
  readonly curie: Curie;
  readonly mover: LocalMarketMover;
  /** Moves the clock and the price, and has the market follow: mark within .15 % of `priceWad · (1 + premiumWad)`. */
  step(step: MarketStep): Promise<MarketStepResult>;
  /** Moves the clock alone and mines a block. The feed grows stale meanwhile. */
  wait(seconds: number): Promise<number>;
}

/** Brings a fresh Curie to life: waits for the pool's history, provides liquidity, funds the arbitrageur. */
export async function createMarket(options: { readonly curie: Curie; readonly signer: Signer }): Promise<Market> {
  const { curie, signer } = options;
  const { addresses } = curie;
  const provider = devProviderOf(signer);
  await advance(provider, HISTORY_SECONDS);

  const [slot0, decimals, transactor] = await Promise.all([
    curie.pool.slot0(),
    curie.usdc.decimals(),
    Transactor.create(signer),
  ]);
  const tick = Number(slot0.tick);
  const lowerTick = Math.floor((tick - RANGE_TICKS) / TICK_SPACING) * TICK_SPACING;
  const upperTick = Math.ceil((tick + RANGE_TICKS) / TICK_SPACING) * TICK_SPACING;
  const margin = MARGIN * 10n ** decimals;
  const moverArtifact = ballastArtifact("local/LocalMarketMover");
  const usdcArtifact = ballastArtifact("local/LocalUsdc");

  const mover = await transactor.deploy("LocalMarketMover", moverArtifact, [
    addresses.aggregator,
    addresses.priceFeed,
    addresses.pool,
    addresses.clearingHouse,
    addresses.baseToken,
    sqrtPriceX96AtTick(lowerTick),
    sqrtPriceX96AtTick(upperTick),
  ]);
  await transactor.call(addresses.usdc, usdcArtifact, "mint", [mover, margin]);
  await transactor.call(mover, moverArtifact, "depositMargin", [margin]);

  await transactor.call(addresses.usdc, usdcArtifact, "mint", [transactor.address, margin]);
  await transactor.call(addresses.usdc, usdcArtifact, "approve", [addresses.vault, margin]);
  const vaultArtifact = packageArtifact("@perp/curie-contract", "Vault");
  await transactor.call(addresses.vault, vaultArtifact, "deposit", [addresses.usdc, margin]);
  const clearingHouseArtifact = packageArtifact("@perp/curie-contract", "ClearingHouse");
  await transactor.call(addresses.clearingHouse, clearingHouseArtifact, "addLiquidity", [
    {
      baseToken: addresses.baseToken,
      base: MAKER_BASE_WAD,
      quote: (MAKER_BASE_WAD * slot0.sqrtPriceX96 ** 2n) >> 192n,
      lowerTick,
      upperTick,
      minBase: 0n,
      minQuote: 0n,
      useTakerBalance: false,
      deadline: MaxUint256,
    },
  ]);
  await transactor.confirm();
  await advance(provider, SETTLE_SECONDS);
  return connectMarket({ curie, signer, marketMover: mover });
}

/** A market that is already alive: `marketMover` is the address that `createMarket` gave as `market.mover`. */
export async function connectMarket(options: {
  readonly curie: Curie;
  readonly signer: Signer;
  readonly marketMover: string;
}): Promise<Market> {
  const { curie, signer, marketMover } = options;
  const provider = devProviderOf(signer);
  const moverArtifact = ballastArtifact("local/LocalMarketMover");
  const mover = new Contract(marketMover, moverArtifact.abi, signer) as unknown as LocalMarketMover;
  const [maxSqrtRatioWad, minSqrtPriceX96, maxSqrtPriceX96] = await Promise.all([
    mover.MAX_SQRT_RATIO(),
    mover.MIN_SQRT_PRICE_X96(),
    mover.MAX_SQRT_PRICE_X96(),
  ]);

  async function step({ priceWad, seconds, premiumWad = 0n }: MarketStep): Promise<MarketStepResult> {
    const target = toSqrtPriceX96((priceWad * (WAD + premiumWad)) / WAD);
    if (target <= minSqrtPriceX96 || target >= maxSqrtPriceX96) throw new PriceOutsideLiquidityError(priceWad);

    const [now, slot0, transactor] = await Promise.all([
      latestTimestamp(provider),
      curie.pool.slot0(),
      Transactor.create(signer),
    ]);
    const trades = countTrades(slot0.sqrtPriceX96, target, maxSqrtRatioWad);
    const needed = SETTLE_SECONDS * (trades + 1);
    if (seconds < needed) throw new StepTooShortError(seconds, needed);

    const end = now + seconds;
    for (let trade = 0; trade < trades; trade++) {
      await provider.send("evm_setNextBlockTimestamp", [end - SETTLE_SECONDS * (trades - trade)]);
      if (trade === 0) await transactor.call(marketMover, moverArtifact, "move", [toFeedAnswer(priceWad), target]);
      else await transactor.call(marketMover, moverArtifact, "arbitrage", [target]);
    }
    await transactor.confirm();
    await provider.send("evm_mine", [end]);
    return { timestamp: end, trades };
  }

  return { curie, mover, step, wait: (seconds) => advance(provider, seconds) };
}

/** How many trades of at most 990 ticks lead from one root price to another; the first also posts the price. */
function countTrades(current: bigint, target: bigint, maxSqrtRatioWad: bigint): number {
  let reached = current;
  let trades = 1;
  for (;;) {
    const furthest = target > reached ? (reached * maxSqrtRatioWad) / WAD : (reached * WAD) / maxSqrtRatioWad;
    if (target > reached ? target <= furthest : target >= furthest) return trades;
    reached = furthest;
    trades++;
  }
}

async function latestTimestamp(provider: DevProvider): Promise<number> {
  const block = await provider.getBlock("latest");
  if (block === null) throw new Error("The chain has no latest block: is it running?");
  return block.timestamp;
}

async function advance(provider: DevProvider, seconds: number): Promise<number> {
  const timestamp = (await latestTimestamp(provider)) + seconds;
  await provider.send("evm_mine", [timestamp]);
  return timestamp;
}
