/** `npm run status` */

import { CLOSURE_WORDS, FAULT_WORDS } from "../enums.ts";
import { decide, explain } from "../hedge/decide.ts";
import { readPolicy } from "../hedge/policy.ts";
import { readSnapshot } from "../snapshot.ts";
import {
  formatAssets,
  formatFixed,
  formatPercent,
  formatQuoteWad,
  formatSizeWad,
  formatTime,
  formatWad,
} from "../units.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { openSession, read } from "./shared/session.ts";

await runMain(async () => {
  const options = program("status", "Shows what the vault has, owes and risks, and what the keeper would do.")
    .parse()
    .opts<CommonOptions>();
  const session = await openSession(options);
  const { contracts, units } = session;
  const snapshot = await readSnapshot(contracts);
  const { spot, nav, book, hedge } = snapshot;
  const share = 10n ** BigInt(units.quoteDecimals + 6);
  const at = { blockTag: snapshot.blockNumber };
  const [bid, ask, policy] = await Promise.all([
    read(contracts, () => contracts.vault.previewRedeem(share, at)),
    read(contracts, () => contracts.vault.previewMint(share, at)),
    readPolicy(contracts),
  ]);

  const quote = (wad: bigint): string => formatQuoteWad(wad, units);
  const size = (wad: bigint): string => formatSizeWad(wad, units, { signed: true });
  const perShare = (assets: bigint): string => formatFixed(assets, units.quoteDecimals, { least: 4, most: 6 });
  const trust = spot.fault === "None" ? `of ${formatTime(spot.updatedAt)}` : `NOT TRUSTED: ${FAULT_WORDS[spot.fault]}`;
  const isFlat = hedge.notionalWad === 0n;
  const lines: [string, string][] = [
    ["block", `${snapshot.blockNumber}, ${formatTime(snapshot.timestamp)}`],
    ["spot", `${quote(spot.priceWad)}, ${trust}`],
    ["deposits and exits", nav.closure === "None" ? "open" : `closed: ${CLOSURE_WORDS[nav.closure]}`],
    ["NAV", `${quote(nav.midWad)} (bid ${quote(nav.bidWad)}, ask ${quote(nav.askWad)})`],
    [
      "per share",
      `${formatWad(nav.pricePerShareWad, { least: 4, most: 6 })} ${units.quote} (bid ${perShare(bid)}, ask ${perShare(ask)}); ${formatFixed(snapshot.totalSupplyShares, units.quoteDecimals + 6)} shares`,
    ],
    [
      "idle",
      `${formatAssets(snapshot.idleAssets, units)}, of which ${formatAssets(snapshot.owedAssets, units)} is owed to holders of settled options`,
    ],
    ["free to leave now", formatAssets(nav.freeLiquidityAssets, units)],
    [
      "options sold",
      `${formatFixed(book.callsWad, 18, { least: 0 })} calls, ${formatFixed(book.putsWad, 18, { least: 0 })} puts, worth ${quote(book.liabilityWad)}`,
    ],
    [
      "book greeks",
      `delta ${size(book.deltaWad)}, gamma ${formatWad(book.gammaWad, { signed: true, most: 6 })}, vega ${formatWad(book.vegaWad, { signed: true, most: 2 })}, theta ${formatWad(book.thetaWad, { signed: true, most: 2 })} a year`,
    ],
    [
      "net delta",
      `${size(hedge.netDeltaWad)} against a band of ±${formatSizeWad(hedge.bandWad, units)} (hedge ${size(hedge.sizeWad)})`,
    ],
    [
      "venue",
      `equity ${quote(hedge.equityWad)}, ${isFlat ? "no position" : `${formatPercent(hedge.marginRatioWad)} of the position's ${quote(hedge.notionalWad)}`}, maintenance margin ${quote(hedge.maintenanceMarginWad)}`,
    ],
    ["mark and index", `${quote(hedge.markWad)} and ${quote(hedge.indexWad)}`],
    [
      "funding",
      `${formatPercent(hedge.fundingRateWad, { signed: true })} a year (positive: longs pay shorts), ${quote(hedge.accruedFundingWad)} accrued and not settled`,
    ],
    ["keeper would", explain(decide(snapshot, policy), units)],
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  for (const [label, text] of lines) console.log(`${label.padEnd(width)}  ${text}`);
});
