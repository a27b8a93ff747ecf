/**
 * What has to be done on a living chain besides trading and hedging, and who does it: the feed writes its heartbeat,
 * somebody brings the hours of the realised volatility and the samples of funding, the curator posts the surface again
 * before it is stale and lets V_cap follow NAV. In the open these are a feed's operators, a messenger that anybody may
 * be, and the curator; on a local chain it is one steward with their keys.
 */
import type { Contracts } from "../../keeper/contracts.ts";
import { type SviSlice, unpackSlice } from "../../keeper/math/svi.ts";
import type { Round } from "../../keeper/rounds.ts";
import { type Neighbour, postOf } from "../../keeper/surface/calibrate.ts";
import { findHourlyRounds } from "../../keeper/volatility/hourlyRounds.ts";
import type { LocalAggregator } from "../../types/index.ts";
import { atLevel, LEVEL, smileSlice } from "./smile.ts";

/** A transaction that is due. */
export interface Upkeep {
  readonly actor: "feed" | "curator";
  readonly to: string;
  /** The artifact of the contract called. */
  readonly contract: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** 200 hours cost 10 million gas. */
const MOST_HOURS = 200;
const MIN_SAMPLE_SECONDS = 900n;
const DAY = 86_400n;
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
    contract: "local/LocalAggregator",
    method: "setAnswer",
    args: [answer],
  };
  if (deployment.local === undefined) return [beat];
  // Curie extrapolates a round that it has not seen.
  const update: Upkeep = {
    actor: "feed",
    to: deployment.local.curie.priceFeed,
    contract: "venues/curie/ICuriePriceFeed/IChainlinkPriceFeedV3",
    method: "update",
    args: [],
  };
  return [beat, update];
}

/** Everything that is due, in the order in which it must be done. */
export async function dueUpkeep(tended: Tended): Promise<Upkeep[]> {
  const [hours, funding, surface, capacity] = await Promise.all([
    dueHours(tended),
    dueFunding(tended),
    dueSurface(tended),
    dueCapacity(tended),
  ]);
  return [...hours, ...funding, ...surface, ...capacity];
}

async function dueHours({ contracts, timestamp }: Tended): Promise<Upkeep[]> {
  const { feed, realisedVolatility, deployment } = contracts;
  const [grid, { roundId }] = await Promise.all([realisedVolatility.grid(), feed.latestRoundData()]);
  if (timestamp <= grid.hour + 3_600n) return [];
  const readRound = async (id: bigint): Promise<Round | undefined> => {
    try {
      const { answer, updatedAt } = await (feed as unknown as LocalAggregator).getRoundData(id);
      return { id, answer, updatedAt };
    } catch {
      return undefined;
    }
  };
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
      contract: "oracles/RealisedVolatilityOracle",
      method: "bring",
      args: [roundIds],
    });
    from = { hour: from.hour + 3_600n * BigInt(points.length), roundId: last.id };
  }
}

async function dueFunding({ contracts, timestamp }: Tended): Promise<Upkeep[]> {
  const { fundingOracle, deployment } = contracts;
  const { sampledAt } = await fundingOracle.averages();
  if (sampledAt !== 0n && timestamp < sampledAt + MIN_SAMPLE_SECONDS) return [];
  return [
    {
      actor: "feed",
      to: deployment.contracts.fundingOracle,
      contract: "oracles/FundingOracle",
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
  const ahead = expiries.filter((expiry) => expiry > timestamp);
  const statuses = await Promise.all(ahead.map((expiry) => surface.statusOf(expiry)));
  const due = statuses.map(({ postedAt, nextPostAt, state }) => {
    if (postedAt === 0n) return true;
    const isOld = 2n * (timestamp - postedAt) >= heartbeat;
    return timestamp >= nextPostAt && (isOld || state === CLAMPED);
  });
  if (!due.includes(true)) return [];
  const fence = await fenceOf(tended);
  const posts = [];
  let before: Neighbour | undefined;
  for (const [place, expiry] of ahead.entries()) {
    const secondsToExpiry = Number(expiry - timestamp);
    const status = statuses[place];
    let slice: SviSlice | undefined = status?.slice === 0n ? undefined : unpackSlice(status!.slice);
    if (due[place] === true) {
      slice ??= smileSlice({ secondsToExpiry, level: tended.level ?? LEVEL, before });
      const level = slice.atTheMoneyVolatility;
      const kept = Math.min(Math.max(level, fence.lowest), fence.highest);
      if (kept !== level) slice = atLevel(slice, kept);
      posts.push(postOf(expiry, slice));
    }
    before = slice === undefined ? before : { slice, secondsToExpiry };
  }
  return [
    {
      actor: "curator",
      to: deployment.contracts.surface,
      contract: "oracles/VolatilitySurface",
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

async function dueCapacity({ contracts, timestamp }: Tended): Promise<Upkeep[]> {
  const { market, riskEngine, deployment } = contracts;
  const [capacity, { bid }, setAt] = await Promise.all([
    market.vegaCapacity(),
    riskEngine.valuation(),
    lastCapacityChange(contracts),
  ]);
  const wanted = (bid * CAPACITY_SHARE.part) / CAPACITY_SHARE.of;
  const change = wanted > capacity ? wanted - capacity : capacity - wanted;
  if (wanted === 0n || change * CAPACITY_CHANGE.of <= capacity * CAPACITY_CHANGE.part) return [];
  if (setAt !== undefined && timestamp < setAt + DAY) return [];
  return [
    {
      actor: "curator",
      to: deployment.contracts.market,
      contract: "OptionMarket",
      method: "setVegaCapacity",
      args: [wanted],
    },
  ];
}

async function lastCapacityChange({ market }: Contracts): Promise<bigint | undefined> {
  const events = await market.queryFilter(market.filters.VegaCapacitySet());
  const block = await events.at(-1)?.getBlock();
  return block === undefined ? undefined : BigInt(block.timestamp);
}
