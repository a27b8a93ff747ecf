/** Reverts as sentences: the error's name, then what it says with its values in a person's units. */
import {
  AbiCoder,
  decodeBytes32String,
  type ErrorDescription,
  type ErrorFragment,
  Interface,
  isError,
  type Result,
} from "ethers";
import { errorInterface } from "./contracts.ts";
import {
  AUCTION_STATE_WORDS,
  AUCTION_STATES,
  CLOSURE_WORDS,
  CLOSURES,
  LISTER_WAIT_WORDS,
  LISTER_WAITS,
  SURFACE_CLOSURE_WORDS,
  SURFACE_CLOSURES,
} from "./enums.ts";
import { type BallastError, SnapshotError } from "./errors.ts";
import { numberOf, phaseOf } from "./rounds.ts";
import { asRpcError } from "./rpc.ts";
import { describeSeries } from "./series.ts";
import {
  DEFAULT_UNITS,
  formatAssets,
  formatFixed,
  formatPercent,
  formatQuoteWad,
  formatSizeWad,
  formatTime,
  formatWad,
  type Units,
} from "./units.ts";

/** How the values of an error are shown. Contracts that share an error may name a value differently: `one|other`. */
class Show {
  readonly #args: Result;
  readonly #units: Units;
  readonly #fragment: ErrorFragment;

  constructor({ args, fragment }: Pick<ErrorDescription, "args" | "fragment">, units: Units) {
    this.#args = args;
    this.#fragment = fragment;
    this.#units = units;
  }

  text(name: string): string {
    const names = name.split("|");
    return String(this.#args[this.#fragment.inputs.findIndex((input) => names.includes(input.name))]);
  }
  big(name: string): bigint {
    return BigInt(this.text(name));
  }
  delta(name: string): string {
    return formatSizeWad(this.big(name), this.#units, { signed: true });
  }
  size(name: string): string {
    return formatSizeWad(this.big(name), this.#units);
  }
  /** A plain WAD number. */
  number(name: string): string {
    return formatWad(this.big(name), { least: 0 });
  }
  options(name: string): string {
    return `${formatFixed(this.big(name), 18, { least: 0 })} options`;
  }
  price(name: string): string {
    return formatQuoteWad(this.big(name), this.#units);
  }
  assets(name: string): string {
    return formatAssets(this.big(name), this.#units, { most: this.#units.quoteDecimals });
  }
  shares(name: string): string {
    return `${formatFixed(this.big(name), this.#units.quoteDecimals + 6, { most: this.#units.quoteDecimals + 6 })} shares`;
  }
  percent(name: string): string {
    return formatPercent(this.big(name));
  }
  /** Volatility in units of 1e-4. */
  points(name: string): string {
    return formatPercent(this.big(name) * 10n ** 14n);
  }
  /** e^k as a share, of k in units of 2^-96. */
  moneyness(name: string): string {
    return `${(100 * Math.exp(Number(this.big(name)) / 2 ** 96)).toFixed(1)} %`;
  }
  time(name: string): string {
    return formatTime(this.big(name));
  }
  series(name: string): string {
    return describeSeries(this.big(name), this.#units.underlying);
  }
  closure(name: string): string {
    return this.#wordOf(name, CLOSURES, CLOSURE_WORDS);
  }
  surfaceClosure(name: string): string {
    return this.#wordOf(name, SURFACE_CLOSURES, SURFACE_CLOSURE_WORDS);
  }
  auctionState(name: string): string {
    return this.#wordOf(name, AUCTION_STATES, AUCTION_STATE_WORDS);
  }
  listerWait(name: string): string {
    return this.#wordOf(name, LISTER_WAITS, LISTER_WAIT_WORDS);
  }
  round(name: string): string {
    const id = this.big(name);
    return `${numberOf(id)} of phase ${phaseOf(id)}`;
  }
  /** Up to 31 characters in a word. */
  label(name: string): string {
    try {
      return decodeBytes32String(this.text(name));
    } catch {
      return this.text(name);
    }
  }

  #wordOf<const T extends string>(name: string, names: readonly T[], words: Readonly<Record<T, string>>): string {
    const found = names[Number(this.big(name))];
    return found === undefined ? `reason ${this.big(name)}` : words[found];
  }
}

/** Errors of Ballast, by name; whoever adds an error adds its sentence here, and a test says so. */
const SENTENCES: Readonly<Record<string, (show: Show) => string>> = {
  // HedgeController
  WithinBand: (s) => `net delta ${s.delta("netDelta")} is inside the band ±${s.size("band")}`,
  WrongDirection: (s) =>
    `a trade of ${s.delta("sizeDelta")} does not bring net delta ${s.delta("netDelta")} towards zero`,
  BelowMinimumNotional: (s) => `the trade is worth ${s.price("notional")}, the minimum is ${s.price("minimum")}`,
  LimitBeyondSlippageBound: (s) =>
    `the limit price ${s.price("limitPrice")} is worse than the bound ${s.price("bound")}`,
  HedgeDidNotReduce: (s) =>
    `the venue's fill took net delta from ${s.delta("netDeltaBefore")} to ${s.delta("netDeltaAfter")}`,
  LeverageTooHigh: (s) =>
    `equity ${s.price("equity")} is below ${s.percent("floorRatio")} of the position's notional ${s.price("notional")} after the trade`,
  VenueUnreadable: () => "the perpetual venue did not answer",
  VenueNotTradable: () => "the perpetual venue is paused or its price feed is unusable",
  MarginWithinCorridor: (s) =>
    `the margin ratio ${s.percent("marginRatio")} is inside its corridor ${s.percent("floorRatio")} to ${s.percent("ceilingRatio")}`,
  NothingToMove: (s) =>
    `the margin ratio ${s.percent("marginRatio")} is outside its corridor, but nothing is free to move`,
  InsufficientGas: (s) => `${s.text("available")} gas was left where a read needs ${s.text("required")}: send more gas`,
  DeadlinePassed: (s) => `the deadline ${s.time("deadline")} is before the block's time ${s.time("blockTimestamp")}`,
  // OptionMarket
  ExpiryTooSoon: (s) => `the expiry ${s.time("expiry")} is before ${s.time("minimum")}, the earliest allowed`,
  ExpiryTooFar: (s) => `the expiry ${s.time("expiry")} is after ${s.time("maximum")}, the latest allowed`,
  ExpiryNotOnCalendar: (s) =>
    `${s.time("expiry")} is not on the calendar: a Friday at 08:00 UTC, and the last one of its month when it is more than five weeks ahead`,
  ExpiryAlreadyListed: (s) => `the expiry ${s.time("expiry")} is listed already`,
  ExpiryNotListed: (s) => `the expiry ${s.time("expiry")} is not listed`,
  ExpiryAlreadySettled: (s) => `the expiry ${s.time("expiry")} is settled already`,
  ExpiryNotSettled: (s) => `the expiry ${s.time("expiry")} is not settled yet`,
  StrikeAlreadyListed: (s) => `the strike ${s.price("strike")} of ${s.time("expiry")} is listed already`,
  TooManySeries: (s) => `${s.text("series")} live series, the most is ${s.text("maximum")}`,
  TooManyExpiries: (s) => `${s.text("expiries")} live expiries, the most is ${s.text("maximum")}`,
  TooManyStrikesToday: (s) => `${s.text("strikes")} strikes listed on one day, the most is ${s.text("maximum")}`,
  SeriesNotListed: (s) => `the series ${s.series("id|seriesId")} is not listed`,
  VegaCapacityOutOfBounds: (s) =>
    `a vega capacity of ${s.price("vegaCapacity")}: expected ${s.price("minimum")} to ${s.price("maximum")}, which follow NAV and what it was`,
  VegaCapacityTooSoon: (s) =>
    `the vega capacity may change again at ${s.time("earliest")}, the block's time is ${s.time("blockTimestamp")}`,
  NotAuctions: (s) => `${s.text("caller")} is not the auctions' contract`,
  PremiumAboveLimit: (s) => `the premium is ${s.assets("premium")}, above the most allowed, ${s.assets("maximum")}`,
  ProceedsBelowLimit: (s) => `the sale brings ${s.assets("proceeds")}, less than allowed, ${s.assets("minimum")}`,
  ZeroAddress: () => "an address is zero",
  ZeroAmount: () => "the amount is zero, or so small that it rounds to zero",
  MalformedSeriesId: (s) => `${s.text("id")} is not the id of a series`,
  StrikeNotPackable: (s) =>
    `the strike ${s.price("strikeWad")} cannot be stored: expected a multiple of 1e-9 above zero`,
  OpenInterestNotPackable: (s) => `an open interest of ${s.options("openInterestWad")} cannot be stored`,
  // OptionPricer
  SaleClosed: (s) => `sales of the expiry ${s.time("expiry")} closed at ${s.time("closesAt")}, an hour before`,
  SeriesExpired: (s) => `the series expired at ${s.time("expiry")}, the block's time is ${s.time("blockTimestamp")}`,
  SurfaceUnposted: (s) => `no volatility has been posted for ${s.time("expiry")} yet`,
  SurfaceClosed: (s) => `the volatility surface closes sales: ${s.surfaceClosure("closure")}`,
  SizeBelowMinimum: (s) => `${s.options("size")}, the smallest trade is ${s.options("minimum")}`,
  DeltaOutOfBounds: (s) =>
    `a delta of ${s.number("delta")} is not offered: expected ${s.number("minimum")} to ${s.number("maximum")} either way`,
  MarkApart: (s) =>
    `the venue's mark ${s.price("markPrice")} is more than ${s.percent("limit")} from spot ${s.price("spot")}`,
  CarryClamped: (s) =>
    `expected funding of ${s.percent("carry")} a year is the end of the range that is priced: this side is not sold`,
  NoVegaCapacity: (s) =>
    `the expiry would be short ${s.price("shortVegaAfter")} of vega, its capacity is ${s.price("capacity")}: buy less`,
  // SaleLimits, RiskEngine and OptionVault
  SalesClosed: (s) => `sales are closed: ${s.closure("closure")}`,
  VaultClosed: (s) => `deposits and withdrawals are closed: ${s.closure("closure")}`,
  InsufficientCollateral: (s) =>
    `at a spot of ${s.price("stressedSpot")} the vault would have ${s.price("available")}, and needs ${s.price("required")}`,
  VegaSpent: (s) =>
    `the options sold may hold ${s.price("left")} more vega, this sale has ${s.price("vega")}: buy less`,
  RoundDeltaSpent: (s) =>
    `this price of the feed allows ${s.size("left")} more delta to be sold, this sale has ${s.size("delta")}: wait for the next price, or buy less`,
  VenueDepthSpent: (s) =>
    `the venue could take the hedge of ${s.size("left")} more delta, this sale has ${s.size("delta")}: buy less`,
  ReentrantRead: () => "prices cannot be read while another call of the vault is in progress",
  ReentrantCall: () => "another call is in progress",
  NotSystem: (s) => `${s.text("caller")} is not the contract that may call this`,
  InsufficientIdle: (s) =>
    `${s.assets("requested")} asked for, ${s.assets("available")} lie idle and free in the vault`,
  TransferShort: (s) => `the token delivered ${s.assets("received")} instead of ${s.assets("expected")}`,
  TooManyDecimals: (s) => `${s.text("decimals")} decimals, the most is 18`,
  NotMarket: (s) => `${s.text("caller")} is not the market`,
  // SpotOracle, GasPriceOracle and what the oracles share
  FeedUnreadable: (s) => `the feed ${s.text("feed")} cannot be read`,
  FeedDecimalsChanged: (s) => `the feed has ${s.text("actual")} decimals, at its adoption it had ${s.text("expected")}`,
  RoundIncomplete: (s) => `the feed's round ${s.round("roundId")} has no answer`,
  PriceNotPositive: (s) => `the feed answered ${s.text("answer")}`,
  PriceFromTheFuture: (s) => `the feed's price says ${s.time("updatedAt")}, the block says ${s.time("blockTimestamp")}`,
  PriceStale: (s) =>
    `the feed's price is of ${s.time("updatedAt")}, the oldest accepted is of ${s.time("oldestAccepted")}`,
  PriceOutsideBand: (s) =>
    `a price of ${s.price("price")} is outside ${s.price("minPrice")} to ${s.price("maxPrice")}, in which the feed is believed`,
  SequencerDown: (s) => `the chain's sequencer is down since ${s.time("since")}`,
  SequencerInGrace: (s) =>
    `the chain's sequencer is up again since ${s.time("upSince")}: prices are trusted from ${s.time("trustedFrom")} on`,
  SourcesApart: (s) =>
    `the push price ${s.price("pushPrice")} and the pull price ${s.price("pullPrice")} differ by more than ${s.percent("limit")}`,
  QuoteTokenOffPeg: (s) => `the quote token is worth ${s.number("price")}, more than ${s.percent("tolerance")} off 1`,
  ParameterOutOfBounds: (s) =>
    `the parameter ${s.label("parameter")} is ${s.text("value")}: expected ${s.text("min")} to ${s.text("max")}`,
  BoundsOutOfOrder: (s) =>
    `gas prices from ${s.text("minGasPrice")} to ${s.text("maxGasPrice")} wei: expected zero or more, in order`,
  // ExpiryPriceOracle
  ExpiryNotAhead: (s) =>
    `the expiry ${s.time("expiry")} does not lie ahead, the block's time is ${s.time("blockTimestamp")}`,
  FeedHasNoRound: (s) => `the feed ${s.text("feed")} has no round with an answer`,
  NotListed: (s) => `the expiry ${s.time("expiry")} was never listed`,
  NotProved: (s) => `no price is proved for ${s.time("expiry")} yet`,
  NotExpired: (s) => `the expiry ${s.time("expiry")} lies ahead, the block's time is ${s.time("blockTimestamp")}`,
  WrongNumberOfPhases: (s) =>
    `${s.text("given")} boundaries were given, the feed has ${s.text("expected")} phases to prove: search again, it may have changed`,
  WrongPhase: (s) =>
    `round ${s.round("roundId")} comes where one of phase ${s.text("phase|expectedPhase")} is expected`,
  RoundBeforeExpiry: (s) =>
    `round ${s.round("roundId")} is of ${s.time("updatedAt")}, before the expiry ${s.time("expiry")}`,
  NotTheFirstRound: (s) =>
    `round ${s.round("roundId")} is not the first after expiry: round ${s.round("earlierRoundId")} of ${s.time("earlierUpdatedAt")} is earlier`,
  FirstRoundBehindIncomplete: (s) =>
    `round ${s.round("roundId")} is not the first after expiry: behind rounds without an answer lies round ${s.round("earlierRoundId")} of ${s.time("earlierUpdatedAt")}`,
  TooManyIncompleteRounds: (s) =>
    `more than ${s.text("steppedOver")} rounds without an answer lie before round ${s.round("roundId")}`,
  EarlierRoundInOtherPhase: (s) =>
    `round ${s.round("roundId")} is not the first after expiry: round ${s.round("otherRoundId")} of ${s.time("otherUpdatedAt")} is`,
  RoundAfterWindow: (s) =>
    `round ${s.round("roundId")} is of ${s.time("updatedAt")}, after the window that ends at ${s.time("windowEnd")}`,
  RoundOfThisBlock: (s) =>
    `round ${s.round("roundId")} is of this very block, ${s.time("updatedAt")}: prove it in the next one`,
  FirstRuleClosed: (s) => `it is proved that the feed has no round within three hours of ${s.time("expiry")}`,
  BoundaryNotBeforeExpiry: (s) =>
    `the boundary ${s.round("roundId")} is of ${s.time("updatedAt")}, not before the expiry ${s.time("expiry")}`,
  NotTheLastRound: (s) =>
    `round ${s.round("roundId")} is not the last: round ${s.round("laterRoundId")} of ${s.time("updatedAt|laterUpdatedAt")} is`,
  WindowOpen: (s) =>
    `the feed may write a round until ${s.time("windowEnd")}, the block's time is ${s.time("blockTimestamp")}`,
  FirstRoundExists: (s) => `round ${s.round("roundId")} of ${s.time("updatedAt")} settles: prove that one`,
  FirstRuleOpen: (s) => `it is not proved yet that the feed has no round within three hours of ${s.time("expiry")}`,
  NoPullFeed: () => "there is no pull feed to bring a price to",
  PullPriceUnusable: (s) => `the pull price ${s.text("price")} with exponent ${s.text("exponent")} cannot be used`,
  FeeTooLow: (s) => `${s.text("paid")} wei was sent, the pull feed's fee is ${s.text("fee")} wei`,
  SecondRuleClosed: (s) =>
    `a pull update settles until ${s.time("closedAt")}, the block's time is ${s.time("blockTimestamp")}`,
  SecondRuleOpen: (s) =>
    `a pull update may be shown until ${s.time("closesAt")}, the block's time is ${s.time("blockTimestamp")}`,
  LaterRoundInOtherPhase: (s) =>
    `round ${s.round("roundId")} is not the last before expiry: round ${s.round("otherRoundId")} of ${s.time("otherUpdatedAt")} is`,
  // Auctions
  SizeOutOfBounds: (s) =>
    `an auction of ${s.options("size")}: expected ${s.options("minimum")} to ${s.options("maximum")}`,
  StartInThePast: (s) => `the start ${s.time("start")} is before the block's time ${s.time("blockTimestamp")}`,
  WindowOutOfBounds: (s) =>
    `a window of ${s.text("window")} seconds: expected ${s.text("minimum")} to ${s.text("maximum")}`,
  EndTooLate: (s) => `the end ${s.time("end")} is not before ${s.time("closesAt")}, when sales of the series close`,
  FactorOutOfBounds: (s) => `a factor of ${s.number("factor")}, the most is ${s.number("maximum")}`,
  FactorRises: (s) =>
    `the factor rises from ${s.number("firstFactor")} to ${s.number("lastFactor")}: expected one that falls`,
  UnknownAuction: (s) => `there is no auction ${s.text("auctionId")}`,
  NotStarted: (s) =>
    `auction ${s.text("auctionId")} starts at ${s.time("start")}, the block's time is ${s.time("blockTimestamp")}`,
  AuctionOver: (s) => `auction ${s.text("auctionId")} sells nothing now: ${s.auctionState("state")}`,
  FillBelowMinimum: (s) => `${s.options("size")}, the smallest fill is ${s.options("minimum")}`,
  FillAboveRemaining: (s) => `${s.options("size")} asked for, ${s.options("remaining")} are left`,
  RestBelowMinimum: (s) =>
    `${s.options("rest")} would be left, less than the smallest fill of ${s.options("minimum")}: take the rest too, or less`,
  // AutoLister
  NothingToList: (s) => `there is nothing to list before ${s.time("nextAt")}: ${s.listerWait("waiting")}`,
  WeekliesOutOfBounds: (s) =>
    `${s.text("weeklies")} weekly expiries, expected ${s.text("minimum")} to ${s.text("maximum")}`,
  MonthEndsOutOfBounds: (s) => `${s.text("monthEnds")} month ends, the most is ${s.text("maximum")}`,
  SpacingOutOfBounds: (s) =>
    `a spacing of ${s.number("spacing")} deviations, expected ${s.number("minimum")} to ${s.number("maximum")}`,
  TargetsOutOfBounds: (s) => `${s.text("targets")} deltas, expected ${s.text("minimum")} to ${s.text("maximum")}`,
  // BallastRouter
  InvalidReceiver: (s) => `${s.text("receiver")} cannot receive: what arrives there would be lost`,
  ForeignToken: (s) =>
    `${s.text("token")} is neither the quote token nor the vault's shares: no permit is taken for it`,
  PermitRefused: (s) => `the token ${s.text("token")} refused the permit`,
  SharesBelowMinimum: (s) => `the deposit brings ${s.shares("shares")}, less than allowed, ${s.shares("minimum")}`,
  AssetsBelowMinimum: (s) => `the shares bring ${s.assets("assets")}, less than allowed, ${s.assets("minimum")}`,
  RefundFailed: (s) => `${s.text("caller")} could not take back ${s.text("value")} wei: send the exact fee`,
  // VolatilitySurface
  NotTheMarket: (s) => `${s.text("caller")} is not the market`,
  ExpiryAlreadyLive: (s) => `the expiry ${s.time("expiry")} is on the surface already`,
  ExpiryNotLive: (s) => `the expiry ${s.time("expiry")} is not on the surface`,
  ExpiryOutOfRange: (s) =>
    `the expiry ${s.time("expiry")} does not lie ahead, the block's time is ${s.time("blockTimestamp")}`,
  ExpiryStillAhead: (s) =>
    `the expiry ${s.time("expiry")} lies ahead, the block's time is ${s.time("blockTimestamp")}, and keeps its slice`,
  NotPosted: (s) => `no volatility has been posted for ${s.time("expiry")}`,
  PriceOutOfRange: (s) => `the price ${s.text("price")} is zero or too large to have a logarithm`,
  HeartbeatOutOfRange: (s) => `a heartbeat of ${s.text("heartbeat")} seconds, allowed are 1 to 24 hours`,
  EmptyPost: () => "no slice was posted",
  ExpiriesNotAscending: (s) => `${s.time("expiry")} comes after ${s.time("previous")}: post in order, each once`,
  SpreadOutOfRange: (s) =>
    `a spread of ${s.points("spread")} for ${s.time("expiry")}, allowed are ${s.points("minimum")} to ${s.points("maximum")}`,
  CorrelationOutOfRange: (s) =>
    `the slice of ${s.time("expiry")} has a rho of ${s.text("rho")} millionths: expected less than 1 in size`,
  NoCurvature: (s) => `the slice of ${s.time("expiry")} has a sigma of zero`,
  VarianceNotPositive: (s) => `the slice of ${s.time("expiry")} has a least variance of zero or below`,
  WingTooSteep: (s) => `the wings of the slice of ${s.time("expiry")} are steeper than any density allows`,
  ButterflyArbitrage: (s) =>
    `the slice of ${s.time("expiry")} gives a negative density at ${s.moneyness("kQ96")} of the forward`,
  CalendarArbitrage: (s) =>
    `total variance falls from ${s.time("near")} to ${s.time("far")} at ${s.moneyness("kQ96")} of the forward`,
  CalendarWingArbitrage: (s) => `the wings of ${s.time("far")} are flatter than those of ${s.time("near")}: they cross`,
  AtTheMoneyOutOfRange: (s) =>
    `${s.percent("volatility")} at the money for ${s.time("expiry")}, allowed are ${s.percent("minimum")} to ${s.percent("maximum")}`,
  AtTheMoneyOutsideFence: (s) =>
    `${s.percent("volatility")} at the money for ${s.time("expiry")}, realised volatility allows ${s.percent("lowest")} to ${s.percent("highest")}`,
  RealisedVolatilityStale: (s) =>
    `realised volatility is of ${s.time("asOf")}, the oldest accepted is of ${s.time("oldestAccepted")}: bring the hours since`,
  PostTooSoon: (s) =>
    `the slice of ${s.time("expiry")} may move again at ${s.time("earliest")}, the block's time is ${s.time("blockTimestamp")}`,
  // RealisedVolatilityOracle
  NotAWholeHour: (s) => `${s.time("timestamp")} is not a whole hour`,
  HourNotOver: (s) => `the hour of ${s.time("hour")} is not over, the block's time is ${s.time("blockTimestamp")}`,
  NoRounds: () => "no round was brought",
  MissingPhase: (s) => `for ${s.time("hour")} a round of the feed's phase ${s.text("phase")} is missing`,
  RoundAfterHour: (s) =>
    `round ${s.round("roundId")} is of ${s.time("updatedAt")}, after the hour of ${s.time("hour")}`,
  NotReady: (s) => `${s.text("samples")} hours have been brought, ${s.text("needed")} are needed`,
  // FundingOracle
  SampleTooSoon: (s) =>
    `the next sample is due at ${s.time("earliest")}, the block's time is ${s.time("blockTimestamp")}`,
  NoVenueReadable: () => "no venue tells what it has charged",
  GasTooLow: (s) => `${s.text("gasLeft")} gas is left where ${s.text("needed")} are needed: send more gas`,
  TooManyVenues: (s) => `${s.text("venues")} venues, the most is ${s.text("maximum")}`,
  // CurieVenue
  CumulativeFundingUnknown: () =>
    "the venue does not tell its funding while we have no position: name an account that has one (`nameFundingReference`)",
  NotAFundingReference: (s) => `${s.text("account")} has orders, or a position of less than .001`,
  FundingReferenceServes: (s) => `${s.text("account")} is named already and still serves`,
  NotController: (s) => `${s.text("caller")} is not the controller`,
  WorseThanLimit: (s) => `the venue's price ${s.price("price")} is worse than the limit ${s.price("limitPrice")}`,
  ZeroSize: () => "the trade is of size zero",
  PartialFill: (s) => `the venue filled ${s.delta("filled")} of ${s.delta("sizeDelta")}`,
  // OpenZeppelin, as far as a user of Ballast meets them
  AccessManagedUnauthorized: (s) => `the account ${s.text("caller")} lacks the role for this call`,
  ERC4626ExceededMaxWithdraw: (s) =>
    `${s.assets("assets")} asked for, ${s.assets("max")} can be withdrawn by ${s.text("owner")} now`,
  ERC4626ExceededMaxRedeem: (s) =>
    `${s.shares("shares")} offered, ${s.shares("max")} can be redeemed by ${s.text("owner")} now`,
  ERC6909InsufficientBalance: (s) =>
    `${s.text("sender")} holds ${s.options("balance")} of ${s.series("id")}, ${s.options("needed")} are needed`,
};

/** Errors of the pull feed's own contract, whose artifact is not ours: a price that is brought, or settles, meets them. */
const PULL_SENTENCES: Readonly<Record<string, string>> = {
  InsufficientFee: "the value sent does not pay the pull feed's fee",
  InvalidUpdateData: "the pull feed does not take these prices: they are not signed by its publishers",
  PriceFeedNotFound: "the pull feed does not know this price",
  PriceFeedNotFoundWithinRange: "the update is not the first one in the time asked for",
  StalePrice: "the pull feed's price is too old",
};
const PULL_ERRORS = new Interface(Object.keys(PULL_SENTENCES).map((name) => `error ${name}()`));

/** What Curie's revert strings mean for a hedge. The protocol's own code stays in the sentence. */
const CURIE_CODES: Readonly<Record<string, string>> = {
  CH_NEFCI: "not enough free collateral on the venue for this trade: its impact eats into the margin",
  CH_IIC: "the venue has bad debt and an empty insurance fund",
  CH_F0S: "the venue's pool has no liquidity at this price",
  CH_TMRS: "the venue would pay more than the limit price allows",
  CH_TMRL: "the venue would pay more than the limit price allows",
  CH_TLRS: "the venue would fill worse than the limit price",
  CH_TLRL: "the venue would fill worse than the limit price",
  EX_OPLAS: "the venue's pool may not move so far in so little time: wait 15 seconds, or trade less",
  EX_OPLBS: "the venue's pool may not move so far in one block: trade less",
  EX_OPB: "the venue's price is too far from its index in the direction of this trade",
  OLD: "the venue's pool has too short a price history",
};

/** Names with a sentence of their own, for the test that compares them with the ABIs. */
export const explainedErrors: readonly string[] = Object.keys(SENTENCES);

const ERROR_STRING = "0x08c379a0";
const PANIC = "0x4e487b71";

/**
 * One sentence for what a call reverted with.
 * @example explainRevert("0x…") // "WithinBand: net delta +0.031 ETH is inside the band ±0.50 ETH"
 */
export function explainRevert(data: string, units: Units = DEFAULT_UNITS): string {
  if (data === "0x") return "the call reverted without a reason";
  const selector = data.slice(0, 10);
  try {
    if (selector === ERROR_STRING)
      return explainText(AbiCoder.defaultAbiCoder().decode(["string"], `0x${data.slice(10)}`)[0]);
    if (selector === PANIC) {
      const code: bigint = AbiCoder.defaultAbiCoder().decode(["uint256"], `0x${data.slice(10)}`)[0];
      return `Panic: the contract stopped at a failed check of the compiler (code 0x${code.toString(16)})`;
    }
    const parsed = errorInterface().parseError(data) ?? PULL_ERRORS.parseError(data);
    if (parsed !== null) return explainParsed(parsed, units);
  } catch {
    // Data that does not decode as its selector says is shown as it is, below.
  }
  return `the call reverted with an error that these contracts do not have (selector ${selector})`;
}

function explainParsed(description: ErrorDescription, units: Units): string {
  const { name, args, fragment } = description;
  const sentence = SENTENCES[name];
  if (sentence !== undefined) return `${name}: ${sentence(new Show(description, units))}`;
  const ofPull = PULL_SENTENCES[name];
  if (ofPull !== undefined && args.length === 0) return `${name}: ${ofPull}`;
  const values = fragment.inputs.map((input, i) => `${input.name} = ${String(args[i])}`).join(", ");
  return values === "" ? name : `${name}: ${values}`;
}

function explainText(text: string): string {
  const meaning = CURIE_CODES[text];
  return meaning === undefined ? `the call reverted: ${text}` : `${text}: ${meaning}`;
}

/** The revert data inside whatever ethers or a node threw, or undefined when the error is not a revert. */
export function revertDataOf(error: unknown): string | undefined {
  for (let depth = 0, at: unknown = error; depth < 8 && typeof at === "object" && at !== null; depth++) {
    const data = "data" in at ? at.data : undefined;
    if (typeof data === "string" && isRevertData(data)) return data;
    if (typeof data === "object" && data !== null) at = data;
    else if ("info" in at) at = at.info;
    else if ("error" in at) at = at.error;
    else if ("cause" in at) at = at.cause;
    else break;
  }
  // Nodes that give no data at all for a revert: ethers says so with null.
  return isError(error, "CALL_EXCEPTION") ? "0x" : undefined;
}

/** Nothing, or a selector and words behind it. A bare transaction hash is neither. */
function isRevertData(data: string): boolean {
  return data === "0x" || (/^0x[0-9a-fA-F]{8,}$/.test(data) && data.length % 2 === 0 && data.length !== 66);
}

/**
 * Whatever a read of our own contracts threw, as one of our errors.
 * @param what Begins the sentence when the contract itself refused.
 */
export function asReadError(
  error: unknown,
  { what, rpcUrl, units }: { what: string; rpcUrl: string; units?: Units },
): BallastError {
  const data = revertDataOf(error);
  if (data !== undefined && data !== "0x")
    return new SnapshotError(`${what}: ${explainRevert(data, units)}`, { cause: error });
  // An address without a contract answers nothing, which decodes as nothing.
  if (data === "0x" || isError(error, "BAD_DATA")) {
    return new SnapshotError(
      `${what}: the contract does not answer; the deployment file is of another chain, or of one that has been restarted since: write it again with \`npm run chain\``,
      { cause: error },
    );
  }
  return asRpcError(error, rpcUrl);
}
