/** What a deployment is told, and what it takes when it is not: docs/PARAMETERS.md says what each value stops. */
import { parseEther, parseUnits, type Signer } from "ethers";
import { ballastArtifact, type ContractArtifact } from "../local-chain/artifacts.ts";

/** How to deploy an adapter once it is known where its controller and vault will be. */
export interface VenueDeployment {
  readonly artifact: ContractArtifact;
  readonly constructorArguments: (at: { readonly controller: string; readonly vault: string }) => readonly unknown[];
  /** What else the adapter must say, by getter: the market that it trades on. */
  readonly names?: Readonly<Record<string, string>>;
}

/** The adapter of a Curie market. */
export function curieVenue(market: { readonly clearingHouse: string; readonly baseToken: string }): VenueDeployment {
  return {
    artifact: ballastArtifact("venues/CurieVenue"),
    constructorArguments: ({ controller, vault }) => [controller, vault, market.clearingHouse, market.baseToken],
    names: { clearingHouse: market.clearingHouse, baseToken: market.baseToken },
  };
}

/** A feed of a pull service in Pyth's shape. */
export interface PullFeed {
  /** The contract that takes the service's updates. */
  readonly pyth: string;
  /** The feed's number there, 32 bytes. */
  readonly id: string;
}

/** Every number of a deployment. Those of the feeds must be what the feeds promise. */
export interface Settings {
  /** Seconds between rounds that the push feed promises at least. */
  readonly heartbeatSeconds: number;
  /** The move that makes the push feed report, a part of the price, WAD. */
  readonly deviation: bigint;
  /** The band in which a price is believed, as multiples of the price at deployment, WAD. */
  readonly lowestPrice: bigint;
  readonly highestPrice: bigint;
  /** How far the pull price may lie from the push price, a part of it, WAD. */
  readonly maxApart: bigint;
  /** Seconds after a sequencer's return for which no price is trusted. */
  readonly sequencerGraceSeconds: number;
  /** As `heartbeatSeconds`, of the quote token's own feed. */
  readonly quoteHeartbeatSeconds: number;
  /** How far the quote token's price may lie from 1, WAD. */
  readonly pegTolerance: bigint;
  /** Wei per gas between which fixed costs are computed. */
  readonly minGasPrice: bigint;
  readonly maxGasPrice: bigint;
  /** Seconds after which a slice of the surface without a post is stale. */
  readonly surfaceHeartbeatSeconds: number;
  /** How far back the realised volatility begins, at most: hours before the deployment. */
  readonly historyHours: number;
  readonly autoListing: AutoListing;
}

/** What the AutoLister keeps listed: see IAutoLister. Deltas and spacing WAD, those of puts positive. */
export interface AutoListing {
  /** Fridays, 1 to 4. */
  readonly weeklies: number;
  /** Last Fridays of a month, at most 6. */
  readonly monthEnds: number;
  /** Least distance of two strikes, standard deviations of the forward until expiry. */
  readonly spacing: bigint;
  /** In order of importance. */
  readonly callDeltas: readonly bigint[];
  readonly putDeltas: readonly bigint[];
}

export const PRODUCTION: Settings = {
  heartbeatSeconds: 3_600,
  deviation: parseEther("0.005"), // .5 %
  lowestPrice: parseEther("0.1"),
  highestPrice: parseEther("10"),
  maxApart: parseEther("0.015"), // 1.5 %
  sequencerGraceSeconds: 3_600,
  quoteHeartbeatSeconds: 86_400,
  pegTolerance: parseEther("0.02"), // 2 %
  minGasPrice: parseUnits("0.01", "gwei"),
  maxGasPrice: parseUnits("200", "gwei"),
  surfaceHeartbeatSeconds: 4 * 3_600,
  historyHours: 30 * 24,
  autoListing: {
    weeklies: 2,
    monthEnds: 1,
    spacing: parseEther("0.35"),
    callDeltas: ["0.5", "0.25", "0.1"].map(parseEther),
    putDeltas: ["0.25", "0.1"].map(parseEther),
  },
};

export interface BallastParameters {
  /** Pays for the deployment and holds no role afterwards. */
  readonly deployer: Signer;
  readonly governor: string;
  readonly curator: string;
  readonly keeper: string;
  readonly quoteToken: string;
  /** Chainlink-shaped push feed of the underlying in the quote token. */
  readonly feed: string;
  /** The pull feed of the same price. Without one there is the push feed alone, and settlement has no second rule. */
  readonly pull?: PullFeed;
  /** Uptime feed of a rollup's sequencer. */
  readonly sequencer?: string;
  /** Push feed of the quote token in its peg. */
  readonly quoteFeed?: string;
  /** A realised volatility of the same feed that is there already. Without one a new one is deployed. */
  readonly realisedVolatility?: string;
  /** The adapter of the perpetual venue to hedge on. */
  readonly venue: VenueDeployment;
  /** What the options are on; ETH unless told. */
  readonly underlying?: string;
  readonly name?: string;
  readonly symbol?: string;
  /** What differs from {@link PRODUCTION}. */
  readonly settings?: Partial<Settings>;
}

export const settingsOf = ({ settings }: BallastParameters): Settings => ({ ...PRODUCTION, ...settings });
