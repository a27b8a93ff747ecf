/** Where a new RealisedVolatilityOracle begins: as far back as the feed's current phase remembers. */
import type { Contract } from "ethers";

const HOUR = 3_600n;
const ROUND_BITS = 64n;

/** The feed has no round that a whole hour before now could begin with. */
export class FeedTooYoungError extends Error {
  override name = "FeedTooYoungError";
}

export interface FirstHour {
  /** Unix seconds. */
  readonly hour: bigint;
  /** The last round of the current phase at or before it. */
  readonly roundId: bigint;
}

/**
 * The whole hour `historyHours` before `timestamp`, or the first one at which the phase has a round. By halves: within a
 * phase rounds do not go back in time.
 * @throws {FeedTooYoungError}
 */
export async function firstHourOf(options: {
  readonly feed: Contract;
  readonly timestamp: bigint;
  readonly historyHours: number;
}): Promise<FirstHour> {
  const { feed, timestamp, historyHours } = options;
  const latestId: bigint = (await feed.getFunction("latestRoundData")()).roundId;
  const phase = latestId >> ROUND_BITS;
  /** Undefined for a round without an answer: some feeds revert for those. */
  const timeOf = async (id: bigint): Promise<bigint | undefined> => {
    try {
      const { answer, updatedAt } = await feed.getFunction("getRoundData")(id);
      return answer > 0n && updatedAt > 0n ? updatedAt : undefined;
    } catch {
      return undefined;
    }
  };
  /** The nearest complete round from `id` down to the phase's first. */
  const completeAt = async (id: bigint): Promise<{ id: bigint; time: bigint } | undefined> => {
    for (let at = id; at > phase << ROUND_BITS; at--) {
      const time = await timeOf(at);
      if (time !== undefined) return { id: at, time };
    }
    return undefined;
  };
  const lastUntil = async (time: bigint): Promise<bigint | undefined> => {
    let found: bigint | undefined;
    let [low, high] = [(phase << ROUND_BITS) + 1n, latestId];
    while (low <= high) {
      const middle = (low + high) / 2n;
      const round = await completeAt(middle);
      if (round === undefined || round.time <= time) {
        if (round !== undefined) found = round.id;
        low = middle + 1n;
      } else high = round.id - 1n;
    }
    return found;
  };

  const newest = ((timestamp - 1n) / HOUR) * HOUR;
  const wanted = newest - BigInt(historyHours) * HOUR;
  const roundId = await lastUntil(wanted);
  if (roundId !== undefined) return { hour: wanted, roundId };
  let first: bigint | undefined;
  for (let id = (phase << ROUND_BITS) + 1n; id <= latestId && first === undefined; id++) first = await timeOf(id);
  const hour = first === undefined ? undefined : ((first + HOUR - 1n) / HOUR) * HOUR;
  if (hour === undefined || hour > newest) {
    throw new FeedTooYoungError(
      "the feed's current phase has no round at or before a whole hour that is over: wait for the next hour and deploy again",
    );
  }
  const atHour = await lastUntil(hour);
  if (atHour === undefined) throw new FeedTooYoungError(`the feed has no round at or before ${hour}`);
  return { hour, roundId: atHour };
}
