/** The contracts' enums, in their order, and what they mean in words: the one table that every message takes them from. */

/** ISpotOracle.Fault */
export const FAULTS = [
  "None",
  "Unreadable",
  "DecimalsChanged",
  "Incomplete",
  "NotPositive",
  "Future",
  "Stale",
  "OutsideBand",
  "SequencerDown",
  "SequencerGrace",
  "SourcesApart",
  "QuoteOffPeg",
] as const;
/** ISpotOracle.Source */
export const SOURCES = ["Push", "Pull"] as const;
/** IRiskEngine.Closure */
export const CLOSURES = [
  "None",
  "InProgress",
  "PriceUntrusted",
  "SurfaceClamped",
  "SurfaceStale",
  "ExpiryUnsettled",
  "VenueUnreadable",
  "Insolvent",
  "VenueNotTradable",
  "VenueOffMark",
  "Expired",
  "NearExpiry",
  "Unposted",
  "CarryClamped",
  "SizeBelowMinimum",
  "DeltaOutOfBounds",
  "NoVegaCapacity",
  "VegaSpent",
  "RoundDeltaSpent",
  "VenueDepthSpent",
  "CollateralShort",
  "CashShort",
] as const;
/** IVolatilitySurface.Closure */
export const SURFACE_CLOSURES = ["None", "Clamped", "Stale"] as const;
/** IHedgeController.Action */
export const ACTIONS = ["Hold", "Hedge", "TopUp", "FreeMargin"] as const;
/** IHedgeController.Reason */
export const REASONS = [
  "WithinBand",
  "OutsideBand",
  "NoOpenInterest",
  "BelowMinimumNotional",
  "PriceUntrusted",
  "VenueUnreadable",
  "VenueNotTradable",
  "MarginBelowFloor",
  "MarginAboveCeiling",
] as const;
/** IExpiryPriceOracle.Rule */
export const SETTLEMENT_RULES = ["None", "FirstRound", "PullUpdate", "LastRound"] as const;
/** IAuctions.State */
export const AUCTION_STATES = ["Scheduled", "Open", "SoldOut", "Ended", "Cancelled"] as const;
/** IAutoLister.Waiting */
export const LISTER_WAITS = ["Nothing", "Expiry", "Interval", "Surface", "Price", "Full", "Day", "Board"] as const;

export type Fault = (typeof FAULTS)[number];
export type Source = (typeof SOURCES)[number];
export type Closure = (typeof CLOSURES)[number];
export type SurfaceClosure = (typeof SURFACE_CLOSURES)[number];
export type ChainAction = (typeof ACTIONS)[number];
export type ChainReason = (typeof REASONS)[number];
export type AuctionState = (typeof AUCTION_STATES)[number];
export type ListerWait = (typeof LISTER_WAITS)[number];

export const CLOSURE_WORDS: Readonly<Record<Closure, string>> = {
  None: "open",
  InProgress: "another call of the vault is in progress",
  PriceUntrusted: "the spot price is not to be trusted now",
  SurfaceClamped: "the last post of volatility went further than it may and was cut short",
  SurfaceStale: "no volatility has been posted for too long",
  ExpiryUnsettled: "an expiry has passed and waits for settlement (`npm run settle`)",
  VenueUnreadable: "the perpetual venue cannot be read",
  Insolvent: "the vault's shares are worth nothing",
  VenueNotTradable: "the perpetual venue is not tradable now",
  VenueOffMark: "the perpetual venue's mark is too far from spot",
  Expired: "the series has expired",
  NearExpiry: "nothing is sold in the last hour of a series",
  Unposted: "the expiry has no volatility yet",
  CarryClamped: "expected funding is at the end of the range that is priced",
  SizeBelowMinimum: "the size is below the smallest trade",
  DeltaOutOfBounds: "the series is too far in or out of the money",
  NoVegaCapacity: "the expiry takes no more vega than the curator allows",
  VegaSpent: "the options sold hold as much vega as the vault bears",
  RoundDeltaSpent: "as much delta as one price of the feed allows has been sold: wait for the next price",
  VenueDepthSpent: "the perpetual venue could not take the hedge of so much",
  CollateralShort: "the vault could not cover the worst loss of so much",
  CashShort: "the vault has too little idle cash to buy so much back",
};

export const FAULT_WORDS: Readonly<Record<Fault, string>> = {
  None: "trusted",
  Unreadable: "the feed cannot be read",
  DecimalsChanged: "the feed's decimals have changed",
  Incomplete: "the newest round has no answer",
  NotPositive: "the newest answer is not positive",
  Future: "the newest round is from the future",
  Stale: "the newest round is too old",
  OutsideBand: "the price is outside the band in which the feed is believed",
  SequencerDown: "the chain's sequencer is down",
  SequencerGrace: "the chain's sequencer came back only just now",
  SourcesApart: "push and pull price are too far apart",
  QuoteOffPeg: "the quote token is off its peg",
};

export const SURFACE_CLOSURE_WORDS: Readonly<Record<SurfaceClosure, string>> = {
  None: "fresh",
  Clamped: CLOSURE_WORDS.SurfaceClamped,
  Stale: CLOSURE_WORDS.SurfaceStale,
};

export const AUCTION_STATE_WORDS: Readonly<Record<AuctionState, string>> = {
  Scheduled: "it starts later",
  Open: "it is open",
  SoldOut: "everything is sold",
  Ended: "its window is over",
  Cancelled: "the curator has cancelled it",
};

export const LISTER_WAIT_WORDS: Readonly<Record<ListerWait, string>> = {
  Nothing: "every target has a strike",
  Expiry: "the expiry is not one of those that are kept listed",
  Interval: "strikes were listed less than an hour ago",
  Surface: "the expiry's volatility is missing, cut short or too old",
  Price: CLOSURE_WORDS.PriceUntrusted,
  Full: "the expiry has as many strikes as are listed this way",
  Day: "the strikes of this day are used up",
  Board: "the board is full",
};
