/** The contracts of Ballast in the order of their deployment. */
import { getAddress, id } from "ethers";

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

/** PENDING: not written yet. Take a name out of here when its contract is there. */
export const PENDING: ReadonlySet<PartName> = new Set<PartName>(["auctions", "autoLister", "router"]);

/** Stands in for a contract that is not written yet: an address that nobody has the key of. */
export const placeholderOf = (part: PartName): string => getAddress(id(`ballast: ${part}`).slice(0, 42));
