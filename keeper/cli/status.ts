/** `npm run status` */

import { dueChores, explainChore } from "../chores/decide.ts";
import { CLOSURE_WORDS, FAULT_WORDS, SURFACE_CLOSURE_WORDS } from "../enums.ts";
import { decide, explain } from "../hedge/decide.ts";
import { readPolicy } from "../hedge/policy.ts";
import { readSnapshot } from "../snapshot.ts";
import {
  formatAssets,
  formatDuration,
  formatFixed,
  formatPercent,
  formatQuoteWad,
  formatSizeWad,
  formatTime,
  formatWad,
} from "../units.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { openSession, read } from "./shared/session.ts";

const WEEK_SECONDS = 7n * 86_400n;

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
  const [bid, ask, summary, carry, policy] = await Promise.all([
    read(contracts, () => contracts.vault.previewRedeem(share, at)),
    read(contracts, () => contracts.vault.previewMint(share, at)),
    read(contracts, () => contracts.surface.summary(at)),
    read(contracts, () => contracts.fundingOracle.carry(WEEK_SECONDS, at)),
    readPolicy(contracts),
  ]);

  const quote = (wad: bigint): string => formatQuoteWad(wad, units);
  const size = (wad: bigint): string => formatSizeWad(wad, units, { signed: true });
  const perShare = (assets: bigint): string => formatFixed(assets, units.quoteDecimals, { least: 4, most: 6 });
  const trust =
    spot.fault === "None"
      ? `${spot.source === "Pull" ? "pull" : "push"} price of ${formatTime(spot.updatedAt)}, doubt ε ${formatPercent(spot.doubtWad, { most: 3 })}`
      : `NOT TRUSTED: ${spot.fault}, ${FAULT_WORDS[spot.fault]}`;
  const ageOf = (time: bigint): string => formatDuration(snapshot.timestamp - time);
  const { realised, funding, surfaceClosure } = snapshot;
  const isFlat = hedge.notionalWad === 0n;
  const lines: [string, string][] = [
    ["block", `${snapshot.blockNumber}, ${formatTime(snapshot.timestamp)}`],
    ["spot", `${quote(spot.priceWad)}, ${trust}`],
    ["deposits and exits", nav.closure === "None" ? "open" : `closed: ${nav.closure}, ${CLOSURE_WORDS[nav.closure]}`],
    ["NAV", `${quote(nav.midWad)} (bid ${quote(nav.bidWad)}, ask ${quote(nav.askWad)})`],
    ["coverage", `${formatPercent(nav.coverageWad)} of what is owed and open`],
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
      "volatility surface",
      summary.oldestPostedAt === 0n
        ? "nothing is posted"
        : `${surfaceClosure === "None" ? "" : `CLOSES SALES: ${surfaceClosure}, `}${SURFACE_CLOSURE_WORDS[surfaceClosure]}, oldest post ${ageOf(summary.oldestPostedAt)} ago, highest at the money ${formatPercent(summary.highestAtTheMoney)}`,
    ],
    [
      "realised volatility",
      realised.asOf === 0n
        ? "not ready: its first days are still to be brought"
        : `${formatPercent(realised.volatilityWad)}, ${ageOf(realised.asOf)} old`,
    ],
    [
      "expected carry",
      `${formatPercent(carry.b, { signed: true })} a year for a week (fast ${formatPercent(funding.fastWad, { signed: true })}, slow ${formatPercent(funding.slowWad, { signed: true })}; ${funding.sampledAt === 0n ? "no sample yet" : `sampled ${ageOf(funding.sampledAt)} ago`})`,
    ],
    ["checkpoint of sales", snapshot.checkpointTime === 0n ? "none yet" : `${ageOf(snapshot.checkpointTime)} old`],
    [
      "funding",
      `${formatPercent(hedge.fundingRateWad, { signed: true })} a year (positive: longs pay shorts), ${quote(hedge.accruedFundingWad)} accrued and not settled`,
    ],
    ["keeper would", explain(decide(snapshot, policy), units)],
    ...dueChores(snapshot).map((chore): [string, string] => ["", explainChore(chore)]),
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  for (const [label, text] of lines) console.log(`${label.padEnd(width)}  ${text}`);
});
