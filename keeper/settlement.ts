/** Which round of the feed settles an expiry: the first complete one at or after it. */
import type { Contracts } from "./contracts.ts";
import { revertDataOf } from "./explain.ts";
import { asRpcError } from "./rpc.ts";

export interface Round {
  /** Proxy id: phase << 64 | round of the aggregator behind it. */
  id: bigint;
  answer: bigint;
  updatedAt: bigint;
}

/** Reads one round; undefined when the feed has no such round. */
export type ReadRound = (id: bigint) => Promise<Round | undefined>;

const ROUND_BITS = 64n;
const ROUND_MASK = (1n << ROUND_BITS) - 1n;

/** An answer that money may move on. */
export function isComplete(round: Round | undefined): round is Round {
  return round !== undefined && round.updatedAt > 0n && round.answer > 0n;
}

/**
 * Searches the phase of the latest round, from its end backwards in doubling steps and then by halves: what settles has
 * mostly just been written. Incomplete rounds are stepped over.
 * @returns The round, or undefined when the feed has none at or after the expiry yet.
 */
export async function findSettlementRound({
  expiry,
  latestId,
  readRound,
}: {
  expiry: bigint;
  latestId: bigint;
  readRound: ReadRound;
}): Promise<Round | undefined> {
  const phase = latestId >> ROUND_BITS;
  /** The nearest complete round at or below the n-th. */
  const completeAt = async (n: bigint): Promise<Round | undefined> => {
    for (let at = n; at > 0n; at--) {
      const round = await readRound((phase << ROUND_BITS) | at);
      if (isComplete(round)) return round;
    }
    return undefined;
  };
  const isLate = (round: Round | undefined): round is Round => round !== undefined && round.updatedAt >= expiry;

  // Invariant: `found` is complete and late; the nearest complete round at or below `early` is not late.
  let found = await completeAt(latestId & ROUND_MASK);
  if (!isLate(found)) return undefined;
  let early = 0n;
  for (let step = 1n; ; step *= 2n) {
    const at = (found.id & ROUND_MASK) - step;
    if (at <= 0n) break;
    const round = await completeAt(at);
    if (!isLate(round)) {
      early = at;
      break;
    }
    found = round;
  }
  while ((found.id & ROUND_MASK) - early > 1n) {
    const middle = early + ((found.id & ROUND_MASK) - early) / 2n;
    const round = await completeAt(middle);
    if (isLate(round)) found = round;
    else early = middle;
  }
  return found;
}

/** {@link findSettlementRound} on the deployment's feed, everything read at one block. */
export async function settlementRoundOf(
  { feed, deployment }: Contracts,
  expiry: bigint,
  blockTag: number,
): Promise<Round | undefined> {
  const read = async (
    request: () => Promise<{ id: bigint; answer: bigint; updatedAt: bigint }>,
  ): Promise<Round | undefined> => {
    try {
      return await request();
    } catch (error) {
      // Chainlink's older aggregators revert for a round that they do not have.
      if (revertDataOf(error) !== undefined) return undefined;
      throw asRpcError(error, deployment.rpcUrl);
    }
  };
  const latest = await read(async () => {
    const { roundId, answer, updatedAt } = await feed.latestRoundData({ blockTag });
    return { id: roundId, answer, updatedAt };
  });
  if (latest === undefined) return undefined;
  return findSettlementRound({
    expiry,
    latestId: latest.id,
    readRound: (id) =>
      id === latest.id
        ? Promise.resolve(latest)
        : read(async () => {
            const { answer, updatedAt } = await feed.getRoundData(id, { blockTag });
            return { id, answer, updatedAt };
          }),
  });
}
