/** The deployment's push feed, read. */
import type { Contracts } from "./contracts.ts";
import { revertDataOf } from "./explain.ts";
import type { ReadRound, Round } from "./rounds.ts";
import { asRpcError } from "./rpc.ts";

/** Its rounds, all at one block. */
export function roundsAt(
  { feed, deployment }: Contracts,
  blockTag: number,
): { readRound: ReadRound; latestRound: () => Promise<Round | undefined> } {
  const read = async (request: () => Promise<Round>): Promise<Round | undefined> => {
    try {
      return await request();
    } catch (error) {
      // Chainlink's older aggregators revert for a round that they do not have.
      if (revertDataOf(error) !== undefined) return undefined;
      throw asRpcError(error, deployment.rpcUrl);
    }
  };
  return {
    readRound: (id) =>
      read(async () => {
        const { answer, updatedAt } = await feed.getRoundData(id, { blockTag });
        return { id, answer, updatedAt };
      }),
    latestRound: () =>
      read(async () => {
        const { roundId: id, answer, updatedAt } = await feed.latestRoundData({ blockTag });
        return { id, answer, updatedAt };
      }),
  };
}
