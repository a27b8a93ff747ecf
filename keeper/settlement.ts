/**
 * Which proof settles an expiry now: RULES.md S1 from the side of whoever proves. What the contract asks for is said in
 * IExpiryPriceOracle.sol; here it is found, in few reads.
 */
import {
  isComplete,
  MAX_ROUND_NUMBER,
  numberOf,
  phaseOf,
  type ReadRound,
  type Round,
  remembering,
  roundId,
} from "./rounds.ts";

/** As in ExpiryPriceOracle: the first and second rule look at [expiry, expiry + 3 h]. */
export const WINDOW_SECONDS = 3n * 3_600n;
/** The third rule opens later than 7 days after expiry; the second closes with it. */
export const PATIENCE_SECONDS = 7n * 86_400n;
/** Incomplete rounds in a row that a proof steps over. */
const MAX_INCOMPLETE = 8n;

/** Why there is nothing to prove yet. */
export type WaitReason =
  | "notListed"
  /** The expiry lies ahead. */
  | "expiry"
  /** The settling round is of the newest block: another phase could still write one of the same time. */
  | "block"
  /** No round lies in the window, which is still open. */
  | "window"
  /** No round lies in the window, and no first pull update could be had. */
  | "pullUpdate"
  | "feedUnreadable"
  | "feedDecimalsChanged"
  /** The feed has nothing before expiry either. */
  | "noRound";

export type SettlementProof =
  /** Somebody was faster: `market.settle` alone is left. */
  | { readonly rule: "proved"; readonly priceWad: bigint }
  | { readonly rule: "first"; readonly round: Round; readonly boundaries: readonly bigint[] }
  | {
      readonly rule: "pull";
      /** What `proveNoRound` takes, before anything else; undefined when that is proved. */
      readonly opening: readonly bigint[] | undefined;
      readonly update: PullProof;
    }
  | {
      readonly rule: "last";
      readonly opening: readonly bigint[] | undefined;
      readonly round: Round;
      readonly boundaries: readonly bigint[];
    }
  | {
      readonly rule: "wait";
      readonly why: WaitReason;
      /** Unix seconds at which something else holds, at the latest; undefined when no clock ends it. */
      readonly until: bigint | undefined;
      /** What a price service said, when it is its fault. */
      readonly detail?: string;
    };

/** The first update of the pull feed in the window, as its service gives it. */
export interface PullProof {
  readonly updateData: readonly string[];
  readonly publishTime: bigint;
}

/** The update, or in words why there is none. */
export type FetchPullUpdate = () => Promise<PullProof | string>;

export interface SettlementQuestion {
  readonly expiry: bigint;
  /** The time of the block that everything is read at. */
  readonly now: bigint;
  /** `ExpiryPriceOracle.recordOf(expiry)`. */
  readonly record: {
    readonly priceWad: bigint;
    readonly listedPhase: bigint;
    readonly isListed: boolean;
    readonly noRound: boolean;
  };
  readonly feed:
    | {
        readonly latestId: bigint;
        /** Larger answers do not count as complete. */
        readonly maxAnswer: bigint;
      }
    | "feedUnreadable"
    | "feedDecimalsChanged";
  readonly readRound: ReadRound;
  /** Undefined when the oracle has no pull feed, or there is no service to ask. */
  readonly fetchPullUpdate?: FetchPullUpdate;
}

/**
 * The one proof that the contract accepts now, or what it waits for. What it returns passes the contract's own checks on
 * every history of a feed, also on one that breaks what is trusted of it.
 */
export async function findSettlementProof(question: SettlementQuestion): Promise<SettlementProof> {
  const { expiry, now, record, feed } = question;
  const windowEnd = expiry + WINDOW_SECONDS;
  const secondRuleEnd = expiry + PATIENCE_SECONDS;
  if (record.priceWad !== 0n) return { rule: "proved", priceWad: record.priceWad };
  if (!record.isListed) return wait("notListed");
  if (now < expiry) return wait("expiry", expiry);
  // The pull update needs no round once it is proved that there is none.
  if (record.noRound && now <= secondRuleEnd) return pullProof(question, undefined);
  if (typeof feed === "string") return wait(feed);

  const phases = await searchPhases({ ...question, feed });
  if (!record.noRound) {
    const first = firstOf(phases);
    if (first !== undefined && first.updatedAt <= windowEnd) {
      if (first.updatedAt >= now) return wait("block", first.updatedAt + 1n);
      return { rule: "first", round: first, boundaries: boundariesBut(phases, first) };
    }
    if (now <= windowEnd) return wait("window", windowEnd + 1n);
  }
  const opening = record.noRound ? undefined : phases.map(({ boundary }) => boundary);
  if (now <= secondRuleEnd) return pullProof(question, opening);
  const last = lastOf(phases);
  if (last === undefined) return wait("noRound");
  return { rule: "last", opening, round: last, boundaries: boundariesBut(phases, last) };
}

function wait(why: WaitReason, until?: bigint, detail?: string): SettlementProof {
  return { rule: "wait", why, until, ...(detail === undefined ? {} : { detail }) };
}

async function pullProof(
  { expiry, fetchPullUpdate }: SettlementQuestion,
  opening: readonly bigint[] | undefined,
): Promise<SettlementProof> {
  const update = fetchPullUpdate === undefined ? "there is no price service to ask" : await fetchPullUpdate();
  if (typeof update === "string") return wait("pullUpdate", expiry + PATIENCE_SECONDS + 1n, update);
  return { rule: "pull", opening, update };
}

// ------------------------------------------------------------------ phases

/** What one phase says about an expiry. */
interface PhaseProof {
  /** Id of the last complete round before expiry, or number 0 of the phase. */
  readonly boundary: bigint;
  readonly last: Round | undefined;
  /** The complete round that follows, at or after expiry. */
  readonly first: Round | undefined;
}

/** Earliest; of equals the one of the lower phase. */
function firstOf(phases: readonly PhaseProof[]): Round | undefined {
  let best: Round | undefined;
  for (const { first } of phases) {
    if (first !== undefined && (best === undefined || first.updatedAt < best.updatedAt)) best = first;
  }
  return best;
}

/** Latest before expiry; of equals the one of the lower phase. */
function lastOf(phases: readonly PhaseProof[]): Round | undefined {
  let best: Round | undefined;
  for (const { last } of phases) {
    if (last !== undefined && (best === undefined || last.updatedAt > best.updatedAt)) best = last;
  }
  return best;
}

function boundariesBut(phases: readonly PhaseProof[], { id }: Round): bigint[] {
  return phases.map(({ boundary }) => boundary).filter((boundary) => phaseOf(boundary) !== phaseOf(id));
}

/** All phases from the listing's to the current one, side by side. */
function searchPhases({
  expiry,
  record,
  feed,
  readRound,
}: SettlementQuestion & { feed: { latestId: bigint; maxAnswer: bigint } }): Promise<PhaseProof[]> {
  const current = phaseOf(feed.latestId);
  const read = remembering(readRound);
  const phases: bigint[] = [];
  for (let phase = record.listedPhase; phase <= current; phase++) phases.push(phase);
  return Promise.all(
    phases.map((phase) => {
      const end = phase === current ? numberOf(feed.latestId) : undefined;
      return new PhaseSearch({ phase, end, expiry, maxAnswer: feed.maxAnswer, readRound: read }).run();
    }),
  );
}

interface PhaseQuestion {
  readonly phase: bigint;
  /** Number of the last round; undefined when only reading shows it. */
  readonly end: bigint | undefined;
  readonly expiry: bigint;
  readonly maxAnswer: bigint;
  readonly readRound: ReadRound;
}

/**
 * Finds two neighbours: a complete round before expiry behind which the next complete one, at most 8 incomplete ones
 * away, is not. They prove the phase, wherever the search ends.
 *
 * Doubling steps, then halves: from the newest round backwards in the current phase, as what settles has mostly just been
 * written; from the first one forwards in an ended phase, whose end nobody tells.
 */
class PhaseSearch {
  readonly #question: PhaseQuestion;
  /** Complete and before expiry. */
  #last: Round | undefined;
  /** What follows here is not before expiry, or there is nothing. */
  #late: bigint;

  constructor(question: PhaseQuestion) {
    this.#question = question;
    this.#late = (question.end ?? MAX_ROUND_NUMBER) + 1n;
  }

  async run(): Promise<PhaseProof> {
    await (this.#question.end === undefined ? this.#stepForwards() : this.#stepBackwards(this.#question.end));
    while (this.#late - this.#lastNumber > 1n) await this.#probe((this.#lastNumber + this.#late) / 2n);
    return {
      boundary: roundId(this.#question.phase, this.#lastNumber),
      last: this.#last,
      first: await this.#nextComplete(this.#late),
    };
  }

  get #lastNumber(): bigint {
    return this.#last === undefined ? 0n : numberOf(this.#last.id);
  }

  async #stepForwards(): Promise<void> {
    let at = 1n;
    while (at < this.#late && (await this.#probe(at))) at = 2n * this.#lastNumber;
  }

  async #stepBackwards(end: bigint): Promise<void> {
    for (let step = 1n; step <= end; step *= 2n) {
      if (await this.#probe(end + 1n - step)) return;
    }
  }

  /** Whether what follows from this number on is before expiry. */
  async #probe(number: bigint): Promise<boolean> {
    const round = await this.#nextComplete(number);
    const isEarly = round !== undefined && round.updatedAt < this.#question.expiry;
    if (isEarly) this.#last = round;
    else this.#late = number;
    return isEarly;
  }

  /** The first complete round from this number on, behind at most 8 incomplete ones. */
  async #nextComplete(number: bigint): Promise<Round | undefined> {
    const isWhole = (round: Round | undefined): round is Round =>
      isComplete(round) && round.answer <= this.#question.maxAnswer;
    const [round] = await this.#read(number, number);
    if (isWhole(round)) return round;
    return (await this.#read(number + 1n, number + MAX_INCOMPLETE)).find(isWhole);
  }

  /** Together: they go out at once. */
  #read(from: bigint, to: bigint): Promise<(Round | undefined)[]> {
    const { phase, end = MAX_ROUND_NUMBER, readRound } = this.#question;
    const ids: bigint[] = [];
    for (let number = from; number <= to && number <= end; number++) ids.push(roundId(phase, number));
    return Promise.all(ids.map(readRound));
  }
}
