/** The transaction that a chore becomes. */
import type { Contracts } from "../contracts.ts";
import { asReadError } from "../explain.ts";
import { roundsAt } from "../feed.ts";
import type { Call } from "../tx/send.ts";
import { findHourlyRounds } from "../volatility/hourlyRounds.ts";
import type { Chore } from "./decide.ts";

/** So many hours a transaction: 200 cost 10 million gas. */
const MAX_HOURS = 100;

/** @returns Undefined when a closer look shows that there is nothing to send. */
export async function choreCall(
  chore: Chore,
  contracts: Contracts,
  block: { blockNumber: number; timestamp: bigint },
): Promise<Call | undefined> {
  switch (chore.action) {
    case "renewCheckpoint":
      return callOf(await contracts.saleLimits.renew.populateTransaction());
    case "sampleFunding":
      return callOf(await contracts.fundingOracle.sample.populateTransaction());
    case "bringHours": {
      const roundIds = await dueRounds(contracts, block);
      if (roundIds.length === 0) return undefined;
      return callOf(await contracts.realisedVolatility.bring.populateTransaction(roundIds));
    }
  }
}

const callOf = ({ to, data }: { to: string; data: string }): Call => ({ to, data });

async function dueRounds(
  contracts: Contracts,
  { blockNumber, timestamp }: { blockNumber: number; timestamp: bigint },
): Promise<bigint[]> {
  const { readRound, latestRound } = roundsAt(contracts, blockNumber);
  let grid: { hour: bigint; roundId: bigint };
  try {
    grid = await contracts.realisedVolatility.grid({ blockTag: blockNumber });
  } catch (error) {
    const { rpcUrl } = contracts.deployment;
    throw asReadError(error, { what: "the volatility oracle cannot be read", rpcUrl });
  }
  const latest = await latestRound();
  if (latest === undefined) return [];
  const { roundIds } = await findHourlyRounds({
    grid: { hour: grid.hour, roundId: grid.roundId },
    latestId: latest.id,
    timestamp,
    maxHours: MAX_HOURS,
    readRound,
  });
  return roundIds;
}
