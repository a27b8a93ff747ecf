/** Snapshots as the chain would give them: `HedgeController.hedgeState()` written down once more, for tests. */

import type { Fault } from "../../keeper/enums.ts";
import type { Policy } from "../../keeper/hedge/policy.ts";
import { DEFAULT_SETTINGS } from "../../keeper/hedge/policy.ts";
import type { Snapshot } from "../../keeper/snapshot.ts";

const WAD = 10n ** 18n;
const NO_POSITION = (1n << 256n) - 1n;

/** Constants of the contracts as deployed. */
export const policy: Policy = {
  bandPerContractWad: WAD / 10n,
  minNotionalWad: 100n * WAD,
  maxSlippageWad: WAD / 100n,
  marginFloorWad: (22n * WAD) / 100n,
  marginTargetWad: (35n * WAD) / 100n,
  marginCeilingWad: (60n * WAD) / 100n,
  assetScale: 10n ** 12n,
  ...DEFAULT_SETTINGS,
};

/** What a block is made of, before anything is derived from it. */
export interface World {
  spotWad: bigint;
  markWad: bigint;
  fault: Fault;
  bookDeltaWad: bigint;
  callsWad: bigint;
  putsWad: bigint;
  sizeWad: bigint;
  /** `State.cash − State.entryNotional` of the venue. */
  cashWad: bigint;
  isReadable: boolean;
  isTradable: boolean;
  withdrawableAssets: bigint;
  idleAssets: bigint;
  owedAssets: bigint;
  unsettledExpiries: bigint[];
}

/** Ten calls sold with half a delta each, nothing hedged yet, plenty of money. */
export const quietWorld: World = {
  spotWad: 3000n * WAD,
  markWad: 3000n * WAD,
  fault: "None",
  bookDeltaWad: -5n * WAD,
  callsWad: 10n * WAD,
  putsWad: 0n,
  sizeWad: 0n,
  cashWad: 0n,
  isReadable: true,
  isTradable: true,
  withdrawableAssets: 0n,
  idleAssets: 100_000n * 10n ** 6n,
  owedAssets: 0n,
  unsettledExpiries: [],
};

const abs = (x: bigint): bigint => (x < 0n ? -x : x);
const greatest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

export function snapshotOf(changes: Partial<World> = {}): Snapshot {
  const world = { ...quietWorld, ...changes };
  const isTrusted = world.fault === "None";
  const sizeWad = world.isReadable ? world.sizeWad : 0n;
  const equityAtSpot = world.isReadable ? world.cashWad + (sizeWad * world.spotWad) / WAD : 0n;
  const hedge = hedgeOf(world, { isTrusted, sizeWad, equityAtSpot });
  return {
    blockNumber: 100,
    timestamp: 1_767_400_000n,
    spot: {
      priceWad: world.spotWad,
      updatedAt: 1_767_399_000n,
      fault: world.fault,
      source: "Push",
      doubtWad: WAD / 200n,
    },
    nav: {
      midWad: 100_000n * WAD,
      bidWad: 99_900n * WAD,
      askWad: 100_100n * WAD,
      pricePerShareWad: WAD,
      venueEquityWad: equityAtSpot,
      freeLiquidityAssets: 1_000n * 10n ** 6n,
      closure: isTrusted ? "None" : "PriceUntrusted",
      coverageWad: WAD,
    },
    surfaceClosure: "None",
    funding: { sampledAt: 1_767_399_900n, fastWad: WAD / 10n, slowWad: WAD / 10n },
    realised: { volatilityWad: (65n * WAD) / 100n, asOf: 1_767_398_400n },
    checkpointTime: 1_767_399_900n,
    book: {
      liabilityWad: 1_000n * WAD,
      deltaWad: world.bookDeltaWad,
      gammaWad: 0n,
      vegaWad: 0n,
      thetaWad: 0n,
      callsWad: world.callsWad,
      putsWad: world.putsWad,
    },
    hedge,
    idleAssets: world.idleAssets,
    owedAssets: world.owedAssets,
    totalSupplyShares: 10n ** 17n,
    liveExpiries: [1_767_945_600n, ...world.unsettledExpiries],
    unsettledExpiries: world.unsettledExpiries,
  };
}

function hedgeOf(
  world: World,
  { isTrusted, sizeWad, equityAtSpot }: { isTrusted: boolean; sizeWad: bigint; equityAtSpot: bigint },
): Snapshot["hedge"] {
  const state: Snapshot["hedge"] = {
    action: "Hold",
    reason: "WithinBand",
    spotWad: world.spotWad,
    markWad: world.isReadable ? world.markWad : 0n,
    indexWad: world.isReadable ? world.spotWad : 0n,
    bookDeltaWad: 0n,
    sizeWad,
    netDeltaWad: 0n,
    bandWad: 0n,
    tradeWad: 0n,
    equityWad: 0n,
    notionalWad: 0n,
    marginRatioWad: 0n,
    maintenanceMarginWad: 0n,
    marginMoveAssets: 0n,
    fundingRateWad: 0n,
    accruedFundingWad: 0n,
  };
  if (!isTrusted) return { ...state, reason: "PriceUntrusted" };
  const contracts = greatest(world.callsWad, world.putsWad);
  state.bookDeltaWad = world.bookDeltaWad;
  state.netDeltaWad = world.bookDeltaWad + sizeWad;
  state.bandWad = (policy.bandPerContractWad * contracts) / WAD;
  if (!world.isReadable) return { ...state, reason: "VenueUnreadable" };
  state.equityWad = equityAtSpot;
  state.notionalWad = (abs(sizeWad) * world.spotWad) / WAD;
  state.marginRatioWad =
    state.notionalWad === 0n ? NO_POSITION : equityAtSpot > 0n ? (equityAtSpot * WAD) / state.notionalWad : 0n;
  state.marginMoveAssets = marginMove(world, state);
  return { ...state, ...verdict(world, state) };
}

function marginMove(world: World, { equityWad, notionalWad }: Snapshot["hedge"]): bigint {
  const target = (notionalWad * policy.marginTargetWad) / WAD;
  const isLost = equityWad < 0n || (equityWad === 0n && notionalWad !== 0n);
  if (!isLost && equityWad < (notionalWad * policy.marginFloorWad) / WAD) {
    const wanted = (target - equityWad + policy.assetScale - 1n) / policy.assetScale;
    const free = world.idleAssets > world.owedAssets ? world.idleAssets - world.owedAssets : 0n;
    return least(wanted, free);
  }
  if (equityWad > (notionalWad * policy.marginCeilingWad) / WAD) {
    return -least((equityWad - target) / policy.assetScale, world.withdrawableAssets);
  }
  return 0n;
}

function verdict(world: World, state: Snapshot["hedge"]): Pick<Snapshot["hedge"], "action" | "reason" | "tradeWad"> {
  const isEmpty = world.callsWad === 0n && world.putsWad === 0n;
  const isOutside = abs(state.netDeltaWad) > state.bandWad;
  const trade = -state.netDeltaWad;
  const isWorthwhile =
    trade !== 0n && (state.sizeWad + trade === 0n || (abs(trade) * world.spotWad) / WAD >= policy.minNotionalWad);
  if (isOutside && isWorthwhile && world.isTradable) {
    return { action: "Hedge", reason: isEmpty ? "NoOpenInterest" : "OutsideBand", tradeWad: trade };
  }
  if (state.marginMoveAssets > 0n) return { action: "TopUp", reason: "MarginBelowFloor", tradeWad: 0n };
  if (state.marginMoveAssets < 0n) return { action: "FreeMargin", reason: "MarginAboveCeiling", tradeWad: 0n };
  if (state.marginRatioWad < policy.marginFloorWad) return { action: "Hold", reason: "MarginBelowFloor", tradeWad: 0n };
  if (isOutside) {
    return { action: "Hold", reason: world.isTradable ? "BelowMinimumNotional" : "VenueNotTradable", tradeWad: 0n };
  }
  return { action: "Hold", reason: isEmpty ? "NoOpenInterest" : "WithinBand", tradeWad: 0n };
}
