/** What a run of the demo leaves behind: the checks, the table and the report read this and nothing else. */
import type { HedgeStatistics, HourOfVault } from "./statistics.ts";

/** The end of one hour: the price has moved, buyers have bought, the keeper has done its tick. */
export interface HourRecord {
  readonly hour: number;
  /** Unix seconds. */
  readonly time: number;
  /** Quote per underlying. */
  readonly spot: number;
  /** The venue's mark, quote per underlying. */
  readonly mark: number;
  /** Momentary funding rate a day, positive = longs pay shorts. */
  readonly fundingRate: number;
  /** Of the hedged vault, underlying: before the keeper's tick and after it. */
  readonly netDeltaBefore: number;
  readonly netDeltaAfter: number;
  /** Of the hedged vault after the tick, underlying. */
  readonly bookDelta: number;
  readonly hedgeSize: number;
  readonly band: number;
  readonly hedged: HourOfVault;
  readonly unhedged: HourOfVault;
}

/** One hedge as the chain recorded it, WAD. */
export interface HedgeRecord {
  readonly time: number;
  readonly sizeDeltaWad: bigint;
  readonly priceWad: bigint;
  readonly spotWad: bigint;
  readonly netDeltaBeforeWad: bigint;
  readonly netDeltaAfterWad: bigint;
  /** The band in force when it was sent. */
  readonly bandWad: bigint;
}

/** A vault's money from the first deposit to the last withdrawal, quote WAD. */
export interface VaultAccount {
  readonly depositedWad: bigint;
  readonly withdrawnWad: bigint;
  /** Still in the vault when everybody has left. */
  readonly leftWad: bigint;
  readonly premiumWad: bigint;
  readonly payoutWad: bigint;
  /** What the hedge brought: margin back − margin sent + equity still there. Funding and fees are inside. */
  readonly hedgePnlWad: bigint;
  /** Parts of the hedge's result. Funding is positive when received, fees are what was paid. */
  readonly fundingWad: bigint;
  readonly feesWad: bigint;
  /** NAV per whole share at the first hour and at the last one before the withdrawals, quote. */
  readonly navPerShareStart: number;
  readonly navPerShareEnd: number;
}

/** What the perpetual protocol says that the hedge's account made, quote WAD, from its own events. */
export interface VenueStatement {
  readonly tradingWad: bigint;
  /** Paid. */
  readonly feesWad: bigint;
  /** Positive = received. */
  readonly fundingWad: bigint;
  /** Times that the account was paid out: each rounds down to a whole unit of the token. */
  readonly payouts: number;
}

export interface EventRecord {
  readonly time: number;
  readonly text: string;
  /** A word or two for the charts; without it the event is only in the list. */
  readonly mark?: string;
}

/** One purchase, explained: how its price came about. Quote WAD, of one option unless it says otherwise. */
export interface TradeRecord {
  readonly time: number;
  /** As the command line names it. */
  readonly series: string;
  readonly sizeWad: bigint;
  readonly spotWad: bigint;
  readonly markWad: bigint;
  readonly forwardWad: bigint;
  /** Annual, WAD. */
  readonly volatilityWad: bigint;
  readonly valueWad: bigint;
  /** What the worse of spot and mark adds. */
  readonly worsePriceWad: bigint;
  /** The half-spread's addends; of the first two the greater counts. */
  readonly volatilityDoubtWad: bigint;
  readonly hedgingWad: bigint;
  readonly spotDoubtWad: bigint;
  readonly convexityWad: bigint;
  readonly carryDoubtWad: bigint;
  /** For the whole size. */
  readonly skewWad: bigint;
  /** For the whole size. */
  readonly premiumWad: bigint;
}

export interface DemoRecord {
  readonly seed: number;
  /** Annual, at the money, as the curator posts it. */
  readonly volatility: number;
  readonly hours: readonly HourRecord[];
  readonly hedges: readonly HedgeRecord[];
  readonly events: readonly EventRecord[];
  /** The first purchase of the run, explained. */
  readonly example: TradeRecord | undefined;
  readonly purchases: number;
  readonly contractsSold: number;
  readonly hedged: VaultAccount;
  readonly unhedged: VaultAccount;
  readonly statistics: HedgeStatistics;
}

/** What the vault's owners made together: premium − payout + hedge. */
export function vaultResult(account: VaultAccount): bigint {
  return account.premiumWad - account.payoutWad + account.hedgePnlWad;
}

/** Zero when the table adds up: result − (what leavers took out and what is left − what was paid in). */
export function residual(account: VaultAccount): bigint {
  return vaultResult(account) - (account.withdrawnWad + account.leftWad - account.depositedWad);
}

/** The hedge that left the largest |net delta| behind. */
export function largestLeftover(hedges: readonly HedgeRecord[]): HedgeRecord | undefined {
  return hedges.reduce<HedgeRecord | undefined>(
    (largest, hedge) =>
      largest === undefined || abs(hedge.netDeltaAfterWad) > abs(largest.netDeltaAfterWad) ? hedge : largest,
    undefined,
  );
}

export function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
