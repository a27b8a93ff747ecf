/**
 * What is to be done now: one pure function of one snapshot. It computes everything again from the book, the position
 * and the contracts' constants, and holds when the chain's own answer differs: then one of the two is wrong, and neither
 * should move money.
 */
import { FAULT_WORDS, type Fault } from "../enums.ts";
import type { Snapshot } from "../snapshot.ts";
import {
  abs,
  ceilDiv,
  DEFAULT_UNITS,
  formatPercent,
  formatQuoteWad,
  formatSizeWad,
  formatTime,
  max,
  min,
  type Units,
  WAD,
} from "../units.ts";
import type { Policy } from "./policy.ts";

/** The numbers behind a decision. */
export interface Figures {
  blockNumber: number;
  spotWad: bigint;
  markWad: bigint;
  bookDeltaWad: bigint;
  hedgeSizeWad: bigint;
  netDeltaWad: bigint;
  bandWad: bigint;
  equityWad: bigint;
  notionalWad: bigint;
  /** 2^256 − 1 without a position. */
  marginRatioWad: bigint;
  fundingRateWad: bigint;
}

/** A figure on which this function and the chain do not agree. */
export interface Disagreement {
  figure: string;
  ours: string;
  theirs: string;
}

export type Hold = { action: "hold"; figures: Figures } & (
  | { reason: "withinBand" | "noOpenInterest" | "venueUnreadable" | "venueNotTradable" }
  | { reason: "priceUntrusted"; fault: Fault }
  | { reason: "belowMinimumNotional"; tradeWad: bigint; minNotionalWad: bigint }
  | { reason: "markBeyondBound"; boundWad: bigint }
  | { reason: "insufficientMargin"; neededWad: bigint; availableWad: bigint }
  | { reason: "marginMoveTooSmall"; moveWad: bigint; minMoveWad: bigint }
  | { reason: "disagreement"; disagreement: Disagreement }
);

export type Hedge = {
  action: "hedge";
  reason: "outsideBand" | "noOpenInterest";
  figures: Figures;
  sizeDeltaWad: bigint;
  /** Worst average fill, the venue's fee included. */
  limitPriceWad: bigint;
  deadline: bigint;
  netDeltaAfterWad: bigint;
  /** True when free margin allows only a part of what would bring net delta to neutral. */
  isPartial: boolean;
};

export type MoveMargin = {
  figures: Figures;
  /** Positive = to the venue. */
  marginMoveAssets: bigint;
  marginMoveWad: bigint;
} & ({ action: "topUp"; reason: "marginBelowFloor" } | { action: "freeMargin"; reason: "marginAboveCeiling" });

export type Settle = { action: "settle"; reason: "expiryPassed"; figures: Figures; expiries: bigint[] };

export type Decision = Hold | Hedge | MoveMargin | Settle;

export function decide(snapshot: Snapshot, policy: Policy): Decision {
  const figures = figuresOf(snapshot);
  if (snapshot.unsettledExpiries.length > 0) {
    return { action: "settle", reason: "expiryPassed", figures, expiries: snapshot.unsettledExpiries };
  }
  const { hedge, spot } = snapshot;
  if (spot.fault !== "None") return { action: "hold", reason: "priceUntrusted", fault: spot.fault, figures };
  if (hedge.reason === "VenueUnreadable") return { action: "hold", reason: "venueUnreadable", figures };

  const disagreement = compare(snapshot, policy);
  if (disagreement !== undefined) return { action: "hold", reason: "disagreement", disagreement, figures };

  switch (hedge.action) {
    case "Hedge":
      return decideHedge(snapshot, policy, figures);
    case "TopUp":
    case "FreeMargin":
      return decideMargin(snapshot, policy, figures);
    case "Hold":
      return explainHold(snapshot, policy, figures);
  }
}

// ------------------------------------------------------------------ our own computation

/** Largest |net delta| that is left alone. */
export function bandOf({ book }: Snapshot, { bandPerContractWad }: Policy): bigint {
  return (bandPerContractWad * max(book.callsWad, book.putsWad)) / WAD;
}

/** A trade is worth sending when it is large enough, or closes the position. */
export function isWorthwhile(sizeDeltaWad: bigint, snapshot: Snapshot, { minNotionalWad }: Policy): boolean {
  if (sizeDeltaWad === 0n) return false;
  if (snapshot.hedge.sizeWad + sizeDeltaWad === 0n) return true;
  return (abs(sizeDeltaWad) * snapshot.spot.priceWad) / WAD >= minNotionalWad;
}

/** The contract's own bound for a limit price on the side of `sizeDeltaWad`. */
export function slippageBound(sizeDeltaWad: bigint, spotWad: bigint, { maxSlippageWad }: Policy): bigint {
  return sizeDeltaWad > 0n ? (spotWad * (WAD + maxSlippageWad)) / WAD : ceilDiv(spotWad * (WAD - maxSlippageWad), WAD);
}

/**
 * Worst average fill to accept: the configured slippage away from mark or spot, whichever is worse for us (the mark is
 * where the venue trades; right after a jump it lags), and never past the contract's bound.
 */
export function limitPrice(sizeDeltaWad: bigint, { hedge, spot }: Snapshot, policy: Policy): bigint {
  const bound = slippageBound(sizeDeltaWad, spot.priceWad, policy);
  if (sizeDeltaWad > 0n) {
    const reference = max(hedge.markWad, spot.priceWad);
    return min((reference * (WAD + policy.slippageWad)) / WAD, bound);
  }
  const reference = min(hedge.markWad, spot.priceWad);
  return max(ceilDiv(reference * (WAD - policy.slippageWad), WAD), bound);
}

/** The first figure that the chain gives otherwise than we compute it, or undefined. */
function compare(snapshot: Snapshot, policy: Policy): Disagreement | undefined {
  const { hedge, book, nav, spot } = snapshot;
  const netDelta = book.deltaWad + hedge.sizeWad;
  const band = bandOf(snapshot, policy);
  const notional = (abs(hedge.sizeWad) * spot.priceWad) / WAD;
  const ratio = notional === 0n ? (1n << 256n) - 1n : hedge.equityWad > 0n ? (hedge.equityWad * WAD) / notional : 0n;
  const figures: [string, bigint, bigint][] = [
    ["spot", spot.priceWad, hedge.spotWad],
    ["book delta", book.deltaWad, hedge.bookDeltaWad],
    ["net delta", netDelta, hedge.netDeltaWad],
    ["band", band, hedge.bandWad],
    ["venue equity", nav.venueEquityWad, hedge.equityWad],
    ["notional", notional, hedge.notionalWad],
    ["margin ratio", ratio, hedge.marginRatioWad],
  ];
  for (const [figure, ours, theirs] of figures) {
    if (ours !== theirs) return { figure, ours: String(ours), theirs: String(theirs) };
  }

  const needsTrade = abs(netDelta) > band && isWorthwhile(-netDelta, snapshot, policy);
  // That a venue is not tradable is the chain's to know; it shows in the reason, or in a margin action that is not
  // preceded by the trade.
  const mayBeUntradable = hedge.action !== "Hold" || ["VenueNotTradable", "MarginBelowFloor"].includes(hedge.reason);
  const trade = hedge.action === "Hedge" ? -netDelta : 0n;
  if (hedge.tradeWad !== trade) return { figure: "trade", ours: String(trade), theirs: String(hedge.tradeWad) };
  if (hedge.action === "Hedge" ? !needsTrade : needsTrade && !mayBeUntradable) {
    return { figure: "action", ours: needsTrade ? "Hedge" : "no hedge", theirs: `${hedge.action} (${hedge.reason})` };
  }
  return compareReason(snapshot) ?? compareMargin(snapshot, policy);
}

function compareReason({ hedge, book }: Snapshot): Disagreement | undefined {
  const isOutside = abs(hedge.netDeltaWad) > hedge.bandWad;
  const isEmpty = book.callsWad === 0n && book.putsWad === 0n;
  const possible: Readonly<Record<Snapshot["hedge"]["action"], readonly string[]>> = {
    Hedge: [isEmpty ? "NoOpenInterest" : "OutsideBand"],
    TopUp: ["MarginBelowFloor"],
    FreeMargin: ["MarginAboveCeiling"],
    Hold: isOutside
      ? ["MarginBelowFloor", "BelowMinimumNotional", "VenueNotTradable"]
      : ["MarginBelowFloor", isEmpty ? "NoOpenInterest" : "WithinBand"],
  };
  const reasons = possible[hedge.action];
  if (reasons.includes(hedge.reason)) return undefined;
  return { figure: "reason", ours: reasons.join(" or "), theirs: `${hedge.action} (${hedge.reason})` };
}

/** Under water: what is beyond the margin is the venue's loss, and what were sent after it would be gone. */
const isLost = ({ equityWad, sizeWad }: Snapshot["hedge"]): boolean =>
  equityWad < 0n || (equityWad === 0n && sizeWad !== 0n);

/** Margin that we would move. What the venue would release is the chain's to know, so that way it is an upper bound. */
function compareMargin(snapshot: Snapshot, policy: Policy): Disagreement | undefined {
  const { hedge } = snapshot;
  if (hedge.action === "Hedge") return undefined;
  const target = (hedge.notionalWad * policy.marginTargetWad) / WAD;
  const isBelow = !isLost(hedge) && hedge.equityWad < (hedge.notionalWad * policy.marginFloorWad) / WAD;
  const isAbove = hedge.equityWad > (hedge.notionalWad * policy.marginCeilingWad) / WAD;
  const move = hedge.marginMoveAssets;
  const toVenue = isBelow ? min(ceilDiv(target - hedge.equityWad, policy.assetScale), freeAssets(snapshot)) : 0n;
  const fromVenue = isAbove ? (hedge.equityWad - target) / policy.assetScale : 0n;
  if (max(move, 0n) !== toVenue) return { figure: "margin to the venue", ours: String(toVenue), theirs: String(move) };
  if (-move > fromVenue)
    return { figure: "margin from the venue", ours: `at most ${fromVenue}`, theirs: String(-move) };
  const action = move > 0n ? "TopUp" : move < 0n ? "FreeMargin" : "Hold";
  return hedge.action === action ? undefined : { figure: "action", ours: action, theirs: hedge.action };
}

function freeAssets({ idleAssets, owedAssets }: Snapshot): bigint {
  return max(idleAssets - owedAssets, 0n);
}

// ------------------------------------------------------------------ the branches

function decideHedge(snapshot: Snapshot, policy: Policy, figures: Figures): Decision {
  const { hedge, spot, book } = snapshot;
  // Delta drifts until this is mined: what would cross zero by then the contract cuts off.
  const whole = -hedge.netDeltaWad;
  const boundWad = slippageBound(whole, spot.priceWad, policy);
  if (whole > 0n ? hedge.markWad > boundWad : hedge.markWad < boundWad) {
    return { action: "hold", reason: "markBeyondBound", boundWad, figures };
  }
  const limitPriceWad = limitPrice(whole, snapshot, policy);
  const { sizeDeltaWad, neededWad, availableWad } = affordableTrade({ whole, limitPriceWad, snapshot, policy });
  if (!isWorthwhile(sizeDeltaWad, snapshot, policy)) {
    return { action: "hold", reason: "insufficientMargin", neededWad, availableWad, figures };
  }
  return {
    action: "hedge",
    reason: book.callsWad === 0n && book.putsWad === 0n ? "noOpenInterest" : "outsideBand",
    sizeDeltaWad,
    limitPriceWad,
    deadline: snapshot.timestamp + policy.deadlineSeconds,
    netDeltaAfterWad: hedge.netDeltaWad + sizeDeltaWad,
    isPartial: sizeDeltaWad !== whole,
    figures,
  };
}

/**
 * The whole trade, or the largest part of it after which equity is still above the floor when the fill is at the limit
 * price. Before an increase the controller tops margin up to its target, from what is free, when equity could fall below
 * the floor of the position to come; a reduction needs no margin.
 */
function affordableTrade(input: TradeInput): { sizeDeltaWad: bigint; neededWad: bigint; availableWad: bigint } {
  const { whole, limitPriceWad, snapshot, policy } = input;
  const { sizeWad, equityWad } = snapshot.hedge;
  const spotWad = snapshot.spot.priceWad;
  const wanted = sizeWad + whole;
  const cover = coverOf(wanted, input);

  // What the margin carries after the cost of the whole trade: with everything that is free, and as it is.
  const costWad = costOf(whole, limitPriceWad, spotWad);
  const carriedBy = (equity: bigint): bigint =>
    (max(equity - costWad, 0n) * WAD * WAD) / (policy.marginFloorWad * spotWad);
  const toppedUp = carriedBy(equityWad + freeAssets(snapshot) * policy.assetScale);
  const sizes = [abs(wanted), toppedUp, carriedBy(equityWad)].filter(
    (size) => size <= abs(wanted) && size > abs(sizeWad),
  );
  const largest = sizes.find((size) => isCovered(wanted > 0n ? size : -size, input)) ?? min(abs(sizeWad), abs(wanted));
  return { sizeDeltaWad: (wanted > 0n ? largest : -largest) - sizeWad, ...cover };
}

interface TradeInput {
  whole: bigint;
  limitPriceWad: bigint;
  snapshot: Snapshot;
  policy: Policy;
}

function isCovered(sizeTo: bigint, input: TradeInput): boolean {
  const { neededWad, availableWad } = coverOf(sizeTo, input);
  return availableWad >= neededWad;
}

/** The floor for a position of `sizeTo`, and the equity that it would have after top-up and a fill at the limit. */
function coverOf(
  sizeTo: bigint,
  { limitPriceWad, snapshot, policy }: TradeInput,
): { neededWad: bigint; availableWad: bigint } {
  const { sizeWad, equityWad } = snapshot.hedge;
  const spotWad = snapshot.spot.priceWad;
  const notional = (abs(sizeTo) * spotWad) / WAD;
  const neededWad = (notional * policy.marginFloorWad) / WAD;
  const targetWad = (notional * policy.marginTargetWad) / WAD;
  // The controller tops up unless the trade keeps the floor even at the dearest fill that it allows.
  const dearestWad = (((abs(sizeTo - sizeWad) * spotWad) / WAD) * policy.maxSlippageWad) / WAD;
  const needsTopUp = !isLost(snapshot.hedge) && equityWad < neededWad + dearestWad;
  const topUpWad = needsTopUp ? min(targetWad - equityWad, freeAssets(snapshot) * policy.assetScale) : 0n;
  return { neededWad, availableWad: equityWad + topUpWad - costOf(sizeTo - sizeWad, limitPriceWad, spotWad) };
}

const costOf = (sizeDeltaWad: bigint, limitPriceWad: bigint, spotWad: bigint): bigint =>
  ceilDiv(abs(sizeDeltaWad) * abs(limitPriceWad - spotWad), WAD);

function decideMargin(snapshot: Snapshot, policy: Policy, figures: Figures): Decision {
  const { marginMoveAssets } = snapshot.hedge;
  const marginMoveWad = marginMoveAssets * policy.assetScale;
  if (abs(marginMoveWad) < policy.minMarginMoveWad) {
    return {
      action: "hold",
      reason: "marginMoveTooSmall",
      moveWad: marginMoveWad,
      minMoveWad: policy.minMarginMoveWad,
      figures,
    };
  }
  return marginMoveAssets > 0n
    ? { action: "topUp", reason: "marginBelowFloor", marginMoveAssets, marginMoveWad, figures }
    : { action: "freeMargin", reason: "marginAboveCeiling", marginMoveAssets, marginMoveWad, figures };
}

function explainHold(snapshot: Snapshot, policy: Policy, figures: Figures): Hold {
  const { hedge } = snapshot;
  switch (hedge.reason) {
    case "MarginBelowFloor":
      return {
        action: "hold",
        reason: "insufficientMargin",
        neededWad: (hedge.notionalWad * policy.marginFloorWad) / WAD,
        availableWad: hedge.equityWad,
        figures,
      };
    case "BelowMinimumNotional":
      return {
        action: "hold",
        reason: "belowMinimumNotional",
        tradeWad: -hedge.netDeltaWad,
        minNotionalWad: policy.minNotionalWad,
        figures,
      };
    case "VenueNotTradable":
      return { action: "hold", reason: "venueNotTradable", figures };
    case "NoOpenInterest":
      return { action: "hold", reason: "noOpenInterest", figures };
    case "WithinBand":
      return { action: "hold", reason: "withinBand", figures };
    default:
      // `compare` has refused every other pair of action and reason.
      return {
        action: "hold",
        reason: "disagreement",
        disagreement: { figure: "reason", ours: "a reason to hold", theirs: hedge.reason },
        figures,
      };
  }
}

function figuresOf({ blockNumber, spot, hedge }: Snapshot): Figures {
  return {
    blockNumber,
    spotWad: spot.priceWad,
    markWad: hedge.markWad,
    bookDeltaWad: hedge.bookDeltaWad,
    hedgeSizeWad: hedge.sizeWad,
    netDeltaWad: hedge.netDeltaWad,
    bandWad: hedge.bandWad,
    equityWad: hedge.equityWad,
    notionalWad: hedge.notionalWad,
    marginRatioWad: hedge.marginRatioWad,
    fundingRateWad: hedge.fundingRateWad,
  };
}

// ------------------------------------------------------------------ words

/** One line for a person. */
export function explain(decision: Decision, units: Units = DEFAULT_UNITS): string {
  const { figures } = decision;
  const size = (wad: bigint): string => formatSizeWad(wad, units);
  const signed = (wad: bigint): string => formatSizeWad(wad, units, { signed: true });
  const quote = (wad: bigint): string => formatQuoteWad(wad, units);
  const net = `net delta ${signed(figures.netDeltaWad)} (book ${signed(figures.bookDeltaWad)}, hedge ${signed(figures.hedgeSizeWad)})`;
  const ratio =
    figures.notionalWad === 0n ? "without a position" : `at ${formatPercent(figures.marginRatioWad)} of its notional`;
  switch (decision.action) {
    case "hedge": {
      const isBuy = decision.sizeDeltaWad > 0n;
      const why =
        decision.reason === "noOpenInterest"
          ? `no option is open, so the position of ${signed(figures.hedgeSizeWad)} is closed`
          : `${net} is outside the band ±${size(figures.bandWad)}`;
      const part = decision.isPartial
        ? `; free margin allows this part, ${signed(decision.netDeltaAfterWad)} stays`
        : "";
      return `hedge: ${isBuy ? "buy" : "sell"} ${size(abs(decision.sizeDeltaWad))} at ${isBuy ? "most" : "least"} ${quote(decision.limitPriceWad)}: ${why}${part}`;
    }
    case "topUp":
      return `top up: send ${quote(decision.marginMoveWad)} to the venue: margin is ${ratio}, below the floor`;
    case "freeMargin":
      return `free margin: fetch ${quote(-decision.marginMoveWad)} from the venue: margin is ${quote(figures.equityWad)} ${ratio}, above the ceiling`;
    case "settle":
      return `settle: ${decision.expiries.map(formatTime).join(", ")} passed and ${decision.expiries.length === 1 ? "waits" : "wait"} for settlement`;
    case "hold":
      return `hold: ${explainHoldReason(decision, { net, size, signed, quote })}`;
  }
}

type Formats = {
  net: string;
  size: (wad: bigint) => string;
  signed: (wad: bigint) => string;
  quote: (wad: bigint) => string;
};

function explainHoldReason(decision: Hold, { net, size, signed, quote }: Formats): string {
  const { figures } = decision;
  switch (decision.reason) {
    case "withinBand":
      return `${net} is within the band ±${size(figures.bandWad)}`;
    case "noOpenInterest":
      return "no option is open and no position is held";
    case "priceUntrusted":
      return `the spot price is not to be trusted: ${FAULT_WORDS[decision.fault]}`;
    case "venueUnreadable":
      return "the perpetual venue cannot be read";
    case "venueNotTradable":
      return `${net} is outside the band ±${size(figures.bandWad)}, but the venue is not tradable now`;
    case "belowMinimumNotional":
      return `${net} is outside the band ±${size(figures.bandWad)}, but a trade of ${signed(decision.tradeWad)} is below the minimum of ${quote(decision.minNotionalWad)}`;
    case "markBeyondBound":
      return `${net} is outside the band ±${size(figures.bandWad)}, but the venue's mark ${quote(figures.markWad)} is beyond the bound ${quote(decision.boundWad)} around spot ${quote(figures.spotWad)}`;
    case "insufficientMargin":
      return `${net}: the position needs ${quote(decision.neededWad)} of margin, ${quote(decision.availableWad)} would be there and nothing more is free`;
    case "marginMoveTooSmall":
      return `${net}; a margin move of ${quote(decision.moveWad)} is below the smallest of ${quote(decision.minMoveWad)}`;
    case "disagreement": {
      const { figure, ours, theirs } = decision.disagreement;
      return `this keeper and the chain disagree on ${figure}: computed ${ours}, the chain says ${theirs}; nothing is sent until they agree`;
    }
  }
}
