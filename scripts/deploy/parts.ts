/** The contracts of Ballast in the order of their deployment. */
export const PARTS = [
  "accessManager",
  "oracle",
  "gasPriceOracle",
  "realisedVolatility",
  "surface",
  "fundingOracle",
  "expiryPriceOracle",
  "optionToken",
  "vault",
  "pricer",
  "market",
  "riskEngine",
  "saleLimits",
  "controller",
  "venue",
  "auctions",
  "autoLister",
  "router",
  "lens",
] as const;

export type PartName = (typeof PARTS)[number];

export type BallastAddresses = Readonly<Record<PartName, string>>;

/** Where each one's artifact is. That of the venue comes with the parameters. */
export const ARTIFACTS: Readonly<Record<Exclude<PartName, "venue">, string>> = {
  accessManager: "@openzeppelin/contracts/access/manager/AccessManager",
  oracle: "oracles/SpotOracle",
  gasPriceOracle: "oracles/GasPriceOracle",
  realisedVolatility: "oracles/RealisedVolatilityOracle",
  surface: "oracles/VolatilitySurface",
  fundingOracle: "oracles/FundingOracle",
  expiryPriceOracle: "oracles/ExpiryPriceOracle",
  optionToken: "OptionToken",
  vault: "OptionVault",
  pricer: "OptionPricer",
  market: "OptionMarket",
  riskEngine: "RiskEngine",
  saleLimits: "SaleLimits",
  controller: "HedgeController",
  auctions: "auction/Auctions",
  autoLister: "AutoLister",
  router: "BallastRouter",
  lens: "lens/BallastLens",
};
