/** Everything that one tick decides on, of one block, in one `eth_call`. */
import type { BlockTag } from "ethers";
import type { Contracts } from "./contracts.ts";
import {
  ACTIONS,
  type ChainAction,
  type ChainReason,
  CLOSURES,
  type Closure,
  FAULTS,
  type Fault,
  REASONS,
  SOURCES,
  type Source,
  SURFACE_CLOSURES,
  type SurfaceClosure,
} from "./enums.ts";
import { SnapshotError } from "./errors.ts";
import { asReadError } from "./explain.ts";

/** Sizes, prices, ratios and rates are WAD; assets are quote-token units; times are unix seconds. */
export interface Snapshot {
  blockNumber: number;
  timestamp: bigint;
  spot: {
    priceWad: bigint;
    updatedAt: bigint;
    fault: Fault;
    source: Source;
    /** ε, a part of the price. */
    doubtWad: bigint;
  };
  nav: {
    midWad: bigint;
    bidWad: bigint;
    askWad: bigint;
    /** Middle of NAV per whole share. */
    pricePerShareWad: bigint;
    venueEquityWad: bigint;
    freeLiquidityAssets: bigint;
    closure: Closure;
    /** Of what is owed and what the open options are worth, at most 1. */
    coverageWad: bigint;
  };
  surfaceClosure: SurfaceClosure;
  /** Expected carry is made of these: rates a year. `sampledAt` is 0 before the first sample. */
  funding: { sampledAt: bigint; fastWad: bigint; slowWad: bigint };
  /** Zero and zero until its first days are brought. */
  realised: { volatilityWad: bigint; asOf: bigint };
  /** When the checkpoint of sales was renewed; its spot is what an expiry that passes takes its delta at. */
  checkpointTime: bigint;
  /** The open options, from the vault's side. */
  book: {
    liabilityWad: bigint;
    deltaWad: bigint;
    gammaWad: bigint;
    vegaWad: bigint;
    thetaWad: bigint;
    callsWad: bigint;
    putsWad: bigint;
  };
  /** The chain's own view of what is to be done: `HedgeController.hedgeState()`. */
  hedge: {
    action: ChainAction;
    reason: ChainReason;
    spotWad: bigint;
    markWad: bigint;
    indexWad: bigint;
    bookDeltaWad: bigint;
    sizeWad: bigint;
    netDeltaWad: bigint;
    bandWad: bigint;
    tradeWad: bigint;
    equityWad: bigint;
    notionalWad: bigint;
    /** 2^256 − 1 without a position. */
    marginRatioWad: bigint;
    maintenanceMarginWad: bigint;
    /** Positive = to the venue. */
    marginMoveAssets: bigint;
    fundingRateWad: bigint;
    accruedFundingWad: bigint;
  };
  idleAssets: bigint;
  owedAssets: bigint;
  totalSupplyShares: bigint;
  liveExpiries: bigint[];
  /** Passed and not settled. */
  unsettledExpiries: bigint[];
}

/**
 * @param blockTag The snapshot says which block it is of; what follows is pinned to that one.
 * @throws {SnapshotError} when the lens reverts or speaks another version.
 */
export async function readSnapshot(contracts: Contracts, blockTag: BlockTag = "latest"): Promise<Snapshot> {
  let answer: Awaited<ReturnType<Contracts["lens"]["snapshot"]>>;
  try {
    answer = await contracts.lens.snapshot({ blockTag });
  } catch (error) {
    throw asReadError(error, { what: "the lens gave no snapshot", rpcUrl: contracts.deployment.rpcUrl });
  }
  const { valuation, book, hedge } = answer;
  return {
    blockNumber: Number(answer.blockNumber),
    timestamp: answer.timestamp,
    spot: {
      priceWad: valuation.spot,
      updatedAt: answer.spotUpdatedAt,
      fault: nameOf(FAULTS, answer.spotFault, "spotFault"),
      source: nameOf(SOURCES, answer.spotSource, "spotSource"),
      doubtWad: valuation.spotDoubt,
    },
    nav: {
      midWad: valuation.mid,
      bidWad: valuation.bid,
      askWad: valuation.ask,
      pricePerShareWad: answer.pricePerShareWad,
      venueEquityWad: valuation.venueEquity,
      freeLiquidityAssets: valuation.freeLiquidity,
      closure: nameOf(CLOSURES, valuation.closure, "closure"),
      coverageWad: valuation.coverage,
    },
    surfaceClosure: nameOf(SURFACE_CLOSURES, answer.surfaceClosure, "surfaceClosure"),
    funding: {
      sampledAt: answer.fundingAverages.sampledAt,
      fastWad: answer.fundingAverages.fast,
      slowWad: answer.fundingAverages.slow,
    },
    realised: { volatilityWad: answer.realisedVolatility, asOf: answer.realisedAsOf },
    checkpointTime: answer.checkpointTime,
    book: {
      liabilityWad: book.liability,
      deltaWad: book.delta,
      gammaWad: book.gamma,
      vegaWad: book.vega,
      thetaWad: book.theta,
      callsWad: book.calls,
      putsWad: book.puts,
    },
    hedge: {
      action: nameOf(ACTIONS, hedge.action, "action"),
      reason: nameOf(REASONS, hedge.reason, "reason"),
      spotWad: hedge.spot,
      markWad: hedge.markPrice,
      indexWad: hedge.indexPrice,
      bookDeltaWad: hedge.bookDelta,
      sizeWad: hedge.hedgeSize,
      netDeltaWad: hedge.netDelta,
      bandWad: hedge.band,
      tradeWad: hedge.trade,
      equityWad: hedge.equity,
      notionalWad: hedge.notional,
      marginRatioWad: hedge.marginRatio,
      maintenanceMarginWad: hedge.maintenanceMargin,
      marginMoveAssets: hedge.marginMove,
      fundingRateWad: hedge.fundingRate,
      accruedFundingWad: hedge.accruedFunding,
    },
    idleAssets: answer.idle,
    owedAssets: answer.owed,
    totalSupplyShares: answer.totalSupply,
    liveExpiries: [...answer.liveExpiries],
    unsettledExpiries: [...answer.unsettled],
  };
}

/** An enum value that this keeper does not know is no reason to guess. */
function nameOf<const T extends readonly string[]>(names: T, value: bigint, field: string): T[number] {
  const name = names[Number(value)];
  if (name === undefined) {
    throw new SnapshotError(
      `the lens answered ${field} = ${value}, expected 0 to ${names.length - 1}: the contracts are newer than this keeper; update it`,
    );
  }
  return name;
}
