/**
 * What has to be done on a living chain besides trading and hedging, and who does it: the feed writes its heartbeat,
 * somebody brings the hours of the realised volatility and the samples of funding, the curator posts the surface again
 * before it is stale and lets V_cap follow NAV. In the open these are a feed's operators, a messenger that anybody may
 * be, and the curator; on a local chain it is one steward with their keys.
 */
import { Wallet } from "ethers";
import { type Contracts, connectContracts } from "../../keeper/contracts.ts";
import type { Deployment } from "../../keeper/deployment.ts";
import { roundsAt } from "../../keeper/feed.ts";
import { unpackSlice } from "../../keeper/math/svi.ts";
import { type Neighbour, postOf } from "../../keeper/surface/calibrate.ts";
import { findHourlyRounds } from "../../keeper/volatility/hourlyRounds.ts";
import { PRODUCTION } from "../deploy/parameters.ts";
import { ballastArtifact, type ContractArtifact, packageArtifact } from "./artifacts.ts";
import type { DevProvider } from "./provider.ts";
import { atLevel, LEVEL, smileSlice } from "./smile.ts";
import { Transactor } from "./transactor.ts";

/** A transaction that is due. */
export interface Upkeep {
  readonly actor: "feed" | "curator";
  readonly to: string;
  readonly artifact: Pick<ContractArtifact, "abi">;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** 200 hours cost 10 million gas. */
const MOST_HOURS = 200;
const MIN_SAMPLE_SECONDS = 900n;
/** V_cap stays this far below a tenth of bid NAV, which moves until the block. */
const CAPACITY_SHARE = { part: 99n, of: 1_000n } as const;
/** A change of V_cap that is worth the day's one. */
const CAPACITY_CHANGE = { part: 2n, of: 100n } as const;
/** How far inside the fence of realised volatility the level is kept. */
const FENCE = { lowest: 0.62, highest: 2.4 } as const;

export interface Tended {
  readonly contracts: Contracts;
  /** Unix seconds that the next block will bear. */
  readonly timestamp: bigint;
  /** Volatility at the money of a slice that is not posted yet; {@link LEVEL} unless told. */
  readonly level?: number;
  /** True when V_cap need not be looked at now. */
  readonly leavesCapacity?: boolean;
}

/** A round of the same answer when the feed has been silent for half of what it promises, and Curie's copy of it. */
export async function dueHeartbeat(options: {
  readonly contracts: Contracts;
  readonly timestamp: bigint;
  readonly heartbeatSeconds: number;
}): Promise<Upkeep[]> {
  const { contracts, timestamp, heartbeatSeconds } = options;
  const { feed, deployment } = contracts;
  const { answer, updatedAt } = await feed.latestRoundData();
  if (2n * (timestamp - updatedAt) < BigInt(heartbeatSeconds)) return [];
  const beat: Upkeep = {
    actor: "feed",
    to: deployment.contracts.feed,
    artifact: ballastArtifact("local/LocalAggregator"),
    method: "setAnswer",
    args: [answer],
  };
  if (deployment.local === undefined) return [beat];
  // Curie extrapolates a round that it has not seen.
  const update: Upkeep = {
    actor: "feed",
    to: deployment.local.curie.priceFeed,
    artifact: packageArtifact("@perp/perp-oracle-contract", "ChainlinkPriceFeedV3"),
    method: "update",
    args: [],
  };
  return [beat, update];
}

/** Everything that is due but the feed's heartbeat and {@link dueHours}, which come first. */
export async function dueUpkeep(tended: Tended): Promise<Upkeep[]> {
  const [funding, surface, capacity] = await Promise.all([
    dueFunding(tended),
    dueSurface(tended),
    tended.leavesCapacity === true ? [] : dueCapacity(tended),
  ]);
  return [...funding, ...surface, ...capacity];
}

/** The hours of realised volatility that are over. Nothing can be posted while they are missing for long. */
export async function dueHours({ contracts, timestamp }: Pick<Tended, "contracts" | "timestamp">): Promise<Upkeep[]> {
  const { feed, realisedVolatility, deployment } = contracts;
  const [grid, { roundId }] = await Promise.all([realisedVolatility.grid(), feed.latestRoundData()]);
  if (timestamp <= grid.hour + 3_600n) return [];
  const { readRound } = roundsAt(contracts, await contracts.provider.getBlockNumber());
  const upkeep: Upkeep[] = [];
  let from = { hour: grid.hour, roundId: grid.roundId };
  for (;;) {
    const { roundIds, points } = await findHourlyRounds({
      grid: from,
      latestId: roundId,
      timestamp,
      maxHours: MOST_HOURS,
      readRound,
    });
    const last = points.at(-1);
    if (last === undefined) return upkeep;
    upkeep.push({
      actor: "feed",
      to: deployment.contracts.realisedVolatility,
      artifact: ballastArtifact("oracles/RealisedVolatilityOracle"),
      method: "bring",
      args: [roundIds],
    });
    from = { hour: from.hour + 3_600n * BigInt(points.length), roundId: last.id };
  }
}

/** A sample that cannot be taken now, because no venue tells its funding, is not due. */
async function dueFunding({ contracts, timestamp }: Tended): Promise<Upkeep[]> {
  const { fundingOracle, deployment } = contracts;
  const { sampledAt } = await fundingOracle.averages();
  if (sampledAt !== 0n && timestamp < sampledAt + MIN_SAMPLE_SECONDS) return [];
  try {
    await fundingOracle.sample.staticCall();
  } catch {
    return [];
  }
  return [
    {
      actor: "feed",
      to: deployment.contracts.fundingOracle,
      artifact: ballastArtifact("oracles/FundingOracle"),
      method: "sample",
      args: [],
    },
  ];
}

/** New expiries get a slice; the others theirs again when half of the heartbeat is over, or when it was clamped. */
async function dueSurface(tended: Tended): Promise<Upkeep[]> {
  const { contracts, timestamp } = tended;
  const { surface, deployment } = contracts;
  const [expiries, heartbeat] = await Promise.all([surface.expiries(), surface.heartbeat()]);
  const ahead = [...expiries].filter((expiry) => expiry > timestamp);
  const [statuses, words] = await Promise.all([
    Promise.all(ahead.map((expiry) => surface.statusOf(expiry))),
    Promise.all(ahead.map((expiry) => surface.sliceOf(expiry))),
  ]);
  const inForce = words.map((word) => (word === 0n ? undefined : unpackSlice(word)));
  const due = statuses.map(({ postedAt, nextPostAt, state }) => {
    if (postedAt === 0n) return true;
    const isOld = 2n * (timestamp - postedAt) >= heartbeat;
    return timestamp >= nextPostAt && (isOld || state === CLAMPED);
  });
  if (!due.includes(true)) return [];
  const fence = await fenceOf(tended);
  const posts = [];
  const neighbours = ahead.map((expiry, place): Neighbour | undefined => {
    const slice = inForce[place];
    return slice === undefined ? undefined : { slice, secondsToExpiry: Number(expiry - timestamp) };
  });
  for (const [place, expiry] of ahead.entries()) {
    if (due[place] !== true) continue;
    const secondsToExpiry = Number(expiry - timestamp);
    let slice =
      inForce[place] ??
      smileSlice({
        secondsToExpiry,
        level: tended.level ?? LEVEL,
        before: neighbours.slice(0, place).findLast((one) => one !== undefined),
        after: neighbours.slice(place + 1).find((one) => one !== undefined),
      });
    const level = slice.atTheMoneyVolatility;
    const kept = Math.min(Math.max(level, fence.lowest), fence.highest);
    if (kept !== level) slice = atLevel(slice, kept);
    neighbours[place] = { slice, secondsToExpiry };
    posts.push(postOf(expiry, slice));
  }
  return [
    {
      actor: "curator",
      to: deployment.contracts.surface,
      artifact: ballastArtifact("oracles/VolatilitySurface"),
      method: "post",
      args: [posts],
    },
  ];
}

/** Number of `Clamped` in IVolatilitySurface.State. */
const CLAMPED = 3n;

/** Where the surface takes a level, by what was realised until now. */
async function fenceOf({ contracts }: Tended): Promise<{ lowest: number; highest: number }> {
  try {
    const [volatility] = await contracts.realisedVolatility.realisedVolatility();
    const realised = Number(volatility) / 1e18;
    return { lowest: FENCE.lowest * realised, highest: FENCE.highest * realised };
  } catch {
    // The hours that make it ready are brought in the same breath.
    return { lowest: 0, highest: Number.POSITIVE_INFINITY };
  }
}

/** As much as a tenth of bid NAV and yesterday's V_cap allow; the market itself says whether the day is over. */
async function dueCapacity({ contracts }: Tended): Promise<Upkeep[]> {
  const { market, riskEngine, deployment } = contracts;
  const curator = deployment.local?.accounts.curator?.address;
  const [capacity, { bid }] = await Promise.all([market.vegaCapacity(), riskEngine.valuation()]);
  const share = (bid * CAPACITY_SHARE.part) / CAPACITY_SHARE.of;
  const wanted = capacity === 0n ? share : clamp(share, (capacity + 1n) / 2n, 2n * capacity);
  const change = wanted > capacity ? wanted - capacity : capacity - wanted;
  if (wanted === 0n || change * CAPACITY_CHANGE.of <= capacity * CAPACITY_CHANGE.part) return [];
  try {
    await market.setVegaCapacity.staticCall(wanted, { from: curator });
  } catch {
    return [];
  }
  return [
    {
      actor: "curator",
      to: deployment.contracts.market,
      artifact: ballastArtifact("OptionMarket"),
      method: "setVegaCapacity",
      args: [wanted],
    },
  ];
}

const clamp = (value: bigint, least: bigint, most: bigint): bigint =>
  value < least ? least : value > most ? most : value;

export interface Steward {
  /** Does everything that is due now. */
  tend(): Promise<readonly Upkeep[]>;
}

/** A steward with the keys of the feed and of the curator. */
export function createSteward(options: {
  readonly deployment: Deployment;
  readonly provider: DevProvider;
  readonly level?: number;
}): Steward {
  const { deployment, provider, level } = options;
  const { accounts } = deployment.local ?? {};
  const contracts = connectContracts(deployment, provider);
  const signers = { feed: walletOf(accounts?.feed, provider), curator: walletOf(accounts?.curator, provider) };
  const heartbeatSeconds = PRODUCTION.heartbeatSeconds;

  async function carryOut(upkeep: readonly Upkeep[]): Promise<void> {
    const transactors = new Map<Upkeep["actor"], Transactor>();
    for (const { actor, to, artifact, method, args } of upkeep) {
      const transactor = transactors.get(actor) ?? (await Transactor.create(signers[actor]));
      transactors.set(actor, transactor);
      await transactor.call(to, artifact, method, args);
    }
    for (const transactor of transactors.values()) await transactor.confirm();
  }

  return {
    tend: async () => {
      // Each step changes what the next one reads: nothing can be priced before the feed spoke, nor be posted before the
      // hours are there.
      const timestamp = await nextTimestamp(provider);
      const done: Upkeep[] = [];
      for (const due of [
        () => dueHeartbeat({ contracts, timestamp, heartbeatSeconds }),
        () => dueHours({ contracts, timestamp }),
        () => dueUpkeep({ contracts, timestamp, level }),
      ]) {
        const upkeep = await due();
        await carryOut(upkeep);
        done.push(...upkeep);
      }
      return done;
    },
  };
}

function walletOf(account: { readonly privateKey: string } | undefined, provider: DevProvider): Wallet {
  if (account === undefined) throw new Error("The deployment file is not of a local chain: nobody's keys are known.");
  return new Wallet(account.privateKey, provider);
}

/** The time that the next block would bear. */
export async function nextTimestamp(provider: DevProvider): Promise<bigint> {
  const pending = (await provider.send("eth_getBlockByNumber", ["pending", false])) as { timestamp: string };
  return BigInt(pending.timestamp);
}
