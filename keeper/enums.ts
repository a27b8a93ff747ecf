/** The contracts' enums, in their order, and what they mean in words. */

export const FAULTS = [
  "None",
  "Unreadable",
  "DecimalsChanged",
  "Incomplete",
  "NotPositive",
  "Future",
  "Stale",
] as const;
export const CLOSURES = [
  "None",
  "PriceUntrusted",
  "ExpiryUnsettled",
  "VenueUnreadable",
  "Insolvent",
  "InProgress",
] as const;
export const ACTIONS = ["Hold", "Hedge", "TopUp", "FreeMargin"] as const;
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

export type Fault = (typeof FAULTS)[number];
export type Closure = (typeof CLOSURES)[number];
export type ChainAction = (typeof ACTIONS)[number];
export type ChainReason = (typeof REASONS)[number];

export const CLOSURE_WORDS: Readonly<Record<Closure, string>> = {
  None: "open",
  PriceUntrusted: "the spot price is not to be trusted now",
  ExpiryUnsettled: "an expiry has passed and waits for settlement (`npm run settle`)",
  VenueUnreadable: "the perpetual venue cannot be read",
  Insolvent: "the vault's shares are worth nothing",
  InProgress: "another call of the vault is in progress",
};

export const FAULT_WORDS: Readonly<Record<Fault, string>> = {
  None: "trusted",
  Unreadable: "the feed cannot be read",
  DecimalsChanged: "the feed's decimals have changed",
  Incomplete: "the newest round has no answer",
  NotPositive: "the newest answer is not positive",
  Future: "the newest round is from the future",
  Stale: "the newest round is too old",
};
