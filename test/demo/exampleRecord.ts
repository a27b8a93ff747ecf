/** A made-up run with the shape of a real one: a short straddle's delta along a real path, hedged from outside a band. */
import { createPath, FAIR_VOLATILITY } from "../../scripts/demo/path.ts";
import type { DemoRecord, HedgeRecord, HourRecord, TradeRecord, VaultAccount } from "../../scripts/demo/record.ts";
import { hedgeStatistics } from "../../scripts/demo/statistics.ts";

const WAD = 10n ** 18n;
const START = Date.UTC(2026, 0, 2, 8) / 1000;
const SHARES = 300_000;
const BAND = 4;

export const wad = (value: number): bigint => BigInt(Math.round(value * 1e6)) * 10n ** 12n;

/** Its addends make its premium. */
export const exampleTrade: TradeRecord = {
  time: START,
  series: "ETH-09JAN26-3000-C",
  sizeWad: 2n * WAD,
  spotWad: 3_000n * WAD,
  markWad: wad(3_000.6),
  forwardWad: wad(3_006.33),
  volatilityWad: wad(0.681),
  valueWad: wad(116.25),
  worsePriceWad: wad(0.32),
  volatilityDoubtWad: wad(2.75),
  hedgingWad: wad(8.12),
  spotDoubtWad: wad(7.01),
  convexityWad: wad(0.11),
  carryDoubtWad: wad(1.19),
  skewWad: wad(1.5),
  premiumWad: wad(2 * (116.25 + 0.32 + 8.12 + 7.01 + 0.11 + 1.19) + 1.5),
};

export function exampleRecord(options: { seed: number; hours: number }): DemoRecord {
  const path = createPath(options);
  const hours: HourRecord[] = [];
  const hedges: HedgeRecord[] = [];
  let hedgeSize = 0;
  let unhedged = 1;
  let hedged = 1;
  let spotBefore = 3_000;
  let bookDelta = 0;
  for (const point of path) {
    const spot = Number(point.priceWad) / 1e18;
    const time = START + point.hour * 3_600;
    unhedged += (bookDelta * (spot - spotBefore) - (spot - spotBefore) ** 2 * 0.02 + 3) / SHARES;
    hedged += ((bookDelta + hedgeSize) * (spot - spotBefore) - (spot - spotBefore) ** 2 * 0.02 + 3) / SHARES;
    bookDelta = -30 * Math.tanh((spot - 2_950) / 300);
    const netDeltaBefore = bookDelta + hedgeSize;
    if (Math.abs(netDeltaBefore) > BAND) {
      hedges.push({
        time,
        sizeDeltaWad: wad(-netDeltaBefore),
        priceWad: point.priceWad,
        spotWad: point.priceWad,
        netDeltaBeforeWad: wad(netDeltaBefore),
        netDeltaAfterWad: 5n,
        bandWad: wad(BAND),
      });
      hedgeSize = -bookDelta;
    }
    const premium = Number(point.premiumWad) / 1e18;
    hours.push({
      hour: point.hour,
      time,
      spot,
      mark: spot * (1 + premium),
      fundingRate: premium,
      netDeltaBefore,
      netDeltaAfter: bookDelta + hedgeSize,
      bookDelta,
      hedgeSize,
      band: BAND,
      hedged: { navPerShare: hedged, bookDelta, shares: SHARES },
      unhedged: { navPerShare: unhedged, bookDelta, shares: SHARES },
    });
    spotBefore = spot;
  }
  const account = (hedgePnl: number, end: number): VaultAccount => ({
    depositedWad: 300_000n * WAD,
    withdrawnWad: (300_000n + 9_876n - 6_543n - 100n) * WAD + wad(hedgePnl),
    leftWad: 100n * WAD,
    premiumWad: 9_876n * WAD,
    payoutWad: 6_543n * WAD,
    hedgePnlWad: wad(hedgePnl),
    fundingWad: hedgePnl === 0 ? 0n : wad(12.34),
    feesWad: hedgePnl === 0 ? 0n : wad(567.89),
    navPerShareStart: 1,
    navPerShareEnd: end,
  });
  const last = hours.at(-1)!;
  return {
    seed: options.seed,
    volatility: FAIR_VOLATILITY,
    hours,
    hedges,
    events: [
      { time: START, text: "alice deposits 150,000.00 USDC in each vault" },
      { time: START, text: "board 1 is listed: 5 strikes from 2,700 to 3,300", mark: "board 1" },
      { time: (START + last.time) / 2, text: "board 1 settles at 2,693.00", mark: "board 2" },
      { time: last.time, text: "board 2 settles at 2,620.00", mark: "end" },
    ],
    example: exampleTrade,
    purchases: 91,
    contractsSold: 118.4,
    hedged: account(-1_234.56, last.hedged.navPerShare),
    unhedged: account(0, last.unhedged.navPerShare),
    statistics: hedgeStatistics({
      hedged: hours.map((hour) => hour.hedged),
      unhedged: hours.map((hour) => hour.unhedged),
      spot: hours.map((hour) => hour.spot),
    }),
  };
}
