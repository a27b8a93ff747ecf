/** A past for a feed that was just deployed, so that the realised volatility has something to look back on. */
import type { Signer } from "ethers";
import { Contract } from "ethers";
import type { LocalAggregator } from "../../types/index.ts";
import { createRandom } from "../random.ts";
import { ballastArtifact } from "./artifacts.ts";
import { WAD } from "./prices.ts";
import { Transactor } from "./transactor.ts";

const HOUR = 3_600;
const HOURS_PER_YEAR = 365 * 24;
/** Ten days: the half-life of the realised volatility, and more than the week that it needs. */
export const HISTORY_HOURS = 240;
export const HISTORY_VOLATILITY = 0.6;
/** A round costs 0.1 million gas, and no transaction may use more than 16.7. */
const ROUNDS_PER_TRANSACTION = 120;

export interface PastPrice {
  /** Unix seconds. */
  readonly updatedAt: bigint;
  /** Quote per underlying, WAD. */
  readonly priceWad: bigint;
}

/**
 * Hourly prices up to an hour before `timestamp` that lead to `priceWad`: a random walk whose hourly returns have exactly
 * the volatility asked for. The same on every machine.
 */
export function pastPrices(options: {
  readonly priceWad: bigint;
  readonly timestamp: bigint;
  readonly hours?: number;
  readonly volatility?: number;
}): PastPrice[] {
  const { priceWad, timestamp, hours = HISTORY_HOURS, volatility = HISTORY_VOLATILITY } = options;
  const random = createRandom(1, "history");
  const draws = Array.from({ length: hours }, () => random.normal());
  const size = Math.sqrt(draws.reduce((sum, draw) => sum + draw * draw, 0) / hours);
  const returns = draws.map((draw) => ((draw / size) * volatility) / Math.sqrt(HOURS_PER_YEAR));
  let distance = 0;
  const past: PastPrice[] = [];
  for (const [back, step] of returns.entries()) {
    distance -= step;
    const ratio = BigInt(Math.round(Math.exp(distance) * 1e12));
    past.push({
      updatedAt: timestamp - BigInt((back + 1) * HOUR),
      priceWad: (priceWad * ratio * (WAD / 10n ** 12n)) / WAD,
    });
  }
  return past.reverse();
}

/**
 * Gives a feed those rounds behind a new aggregator, as the phase after the one it was deployed in, and a round of now.
 * What reads the feed from here on finds a past of one phase; a feed's rounds never go back in time within a phase.
 */
export async function seedHistory(options: {
  readonly signer: Signer;
  readonly aggregator: string;
  readonly priceWad: bigint;
  readonly hours?: number;
}): Promise<void> {
  const { signer, aggregator, priceWad, hours } = options;
  const artifact = ballastArtifact("local/LocalAggregator");
  const feed = new Contract(aggregator, artifact.abi, signer) as unknown as LocalAggregator;
  const [{ updatedAt }, phase, decimals, transactor] = await Promise.all([
    feed.latestRoundData(),
    feed.phaseId(),
    feed.decimals(),
    Transactor.create(signer),
  ]);
  const scale = 10n ** (18n - decimals);
  const rounds = pastPrices({ priceWad, timestamp: updatedAt, hours }).map((past) => ({
    phase: phase + 1n,
    updatedAt: past.updatedAt,
    answer: past.priceWad / scale,
  }));
  for (let at = 0; at < rounds.length; at += ROUNDS_PER_TRANSACTION) {
    await transactor.call(aggregator, artifact, "pushHistory", [rounds.slice(at, at + ROUNDS_PER_TRANSACTION)]);
  }
  await transactor.call(aggregator, artifact, "startPhase");
  await transactor.call(aggregator, artifact, "setAnswer", [priceWad / scale]);
  await transactor.confirm();
}
