/** Which rounds of the feed prove the next hours of realised volatility: see IRealisedVolatilityOracle.sol. */
import { isComplete, numberOf, phaseOf, type ReadRound, type Round, roundId } from "../rounds.ts";

const HOUR_SECONDS = 3_600n;
/** So many incomplete rounds in a row end a phase that is not the current one; as in the contract. */
const MAX_INCOMPLETE = 8n;

export interface GridPosition {
  /** Unix seconds of the grid's last point, and the round that gave its price. */
  readonly hour: bigint;
  readonly roundId: bigint;
}

export interface HourlyRounds {
  /** What `bring` takes. */
  readonly roundIds: bigint[];
  /** The winner of each hour, in order. */
  readonly points: Round[];
}

/**
 * The ids for every hour that is over at `timestamp`, at most `maxHours` of them.
 *
 * Walks each phase forwards from the last point; every round is read once.
 */
export async function findHourlyRounds(options: {
  readonly grid: GridPosition;
  readonly latestId: bigint;
  readonly timestamp: bigint;
  readonly maxHours: number;
  readonly readRound: ReadRound;
}): Promise<HourlyRounds> {
  const { grid, latestId, timestamp, maxHours, readRound } = options;
  const currentPhase = phaseOf(latestId);
  const walks = new Map<bigint, PhaseWalk>();
  const roundIds: bigint[] = [];
  const points: Round[] = [];
  let firstPhase = phaseOf(grid.roundId);
  for (let hour = grid.hour + HOUR_SECONDS; hour < timestamp && points.length < maxHours; hour += HOUR_SECONDS) {
    let winner: Round | undefined;
    for (let phase = firstPhase; phase <= currentPhase; phase++) {
      const walk =
        walks.get(phase) ??
        new PhaseWalk({
          first: phase === phaseOf(grid.roundId) ? grid.roundId : roundId(phase, 0n),
          end: phase === currentPhase ? latestId : undefined,
          readRound,
        });
      walks.set(phase, walk);
      const round = await walk.lastUntil(hour);
      roundIds.push(round?.id ?? roundId(phase, 0n));
      if (round !== undefined && (winner === undefined || round.updatedAt >= winner.updatedAt)) winner = round;
    }
    if (winner === undefined) break;
    points.push(winner);
    firstPhase = phaseOf(winner.id);
  }
  return { roundIds, points };
}

/** One phase, walked forwards as the hours pass. */
class PhaseWalk {
  readonly #readRound: ReadRound;
  readonly #end: bigint | undefined;
  #last: Round | undefined;
  #position: bigint;
  /** The complete round after `#position`, already read; null when the phase ends before one. */
  #next: Round | null | undefined;

  constructor({ first, end, readRound }: { first: bigint; end: bigint | undefined; readRound: ReadRound }) {
    this.#position = first;
    this.#end = end;
    this.#readRound = readRound;
  }

  /** The last complete round at or before `hour`. */
  async lastUntil(hour: bigint): Promise<Round | undefined> {
    if (this.#last === undefined && numberOf(this.#position) !== 0n) {
      this.#last = await this.#readRound(this.#position);
    }
    for (;;) {
      this.#next ??= await this.#nextComplete();
      if (this.#next === null || this.#next.updatedAt > hour) return this.#last;
      this.#last = this.#next;
      this.#position = this.#next.id;
      this.#next = undefined;
    }
  }

  async #nextComplete(): Promise<Round | null> {
    const end = this.#end ?? this.#position + MAX_INCOMPLETE;
    for (let id = this.#position + 1n; id <= end; id++) {
      const round = await this.#readRound(id);
      if (isComplete(round)) return round;
    }
    return null;
  }
}
