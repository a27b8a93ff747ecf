/** The search for the proof that settles, on feeds written down as lists. */
import { expect } from "chai";
import fc from "fast-check";
import { type ReadRound, type Round, roundId } from "../../keeper/rounds.ts";
import {
  type FetchPullUpdate,
  findSettlementProof,
  PATIENCE_SECONDS,
  type SettlementProof,
  type SettlementQuestion,
  WINDOW_SECONDS,
} from "../../keeper/settlement.ts";
import { type History, history, place, write } from "../helpers/feedHistories.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { boundaryOf, type HistoricRound, idOf, proxyId, settles } from "../helpers/settlement.ts";

const EXPIRY = 1_000_000_000n;
const HOUR = 3_600n;
const MAX_ANSWER = ((1n << 128n) - 1n) / 10n ** 10n;
const UPDATE = { updateData: ["0xab"], publishTime: EXPIRY + 1n };

/** Offsets from the expiry; null = a round without an answer, undefined = the feed reverts for it. */
type Phases = Readonly<Record<number, readonly (number | null | undefined)[]>>;

interface Feed {
  readonly readRound: ReadRound;
  readonly reads: bigint[];
  /** The most reads that were under way at once. */
  readonly atOnce: () => number;
}

function feedOf(rounds: ReadonlyMap<bigint, Round>): Feed {
  const reads: bigint[] = [];
  let open = 0;
  let most = 0;
  return {
    reads,
    atOnce: () => most,
    readRound: async (id) => {
      reads.push(id);
      most = Math.max(most, ++open);
      await Promise.resolve();
      open--;
      return rounds.get(id);
    },
  };
}

function roundsOf(phases: Phases): Map<bigint, Round> {
  const rounds = new Map<bigint, Round>();
  for (const [phase, offsets] of Object.entries(phases)) {
    for (const [index, offset] of offsets.entries()) {
      const id = roundId(BigInt(phase), BigInt(index + 1));
      if (offset !== undefined)
        rounds.set(id, { id, answer: 3_000n, updatedAt: offset === null ? 0n : EXPIRY + BigInt(offset) });
    }
  }
  return rounds;
}

interface Setting {
  readonly now?: bigint;
  readonly noRound?: boolean;
  readonly priceWad?: bigint;
  readonly isListed?: boolean;
  readonly feed?: "feedUnreadable" | "feedDecimalsChanged";
  readonly fetchPullUpdate?: FetchPullUpdate;
}

function questionOn(phases: Phases, setting: Setting = {}): SettlementQuestion & { source: Feed } {
  const numbers = Object.keys(phases).map(Number);
  const current = Math.max(...numbers);
  const source = feedOf(roundsOf(phases));
  return {
    expiry: EXPIRY,
    now: setting.now ?? EXPIRY + HOUR,
    record: {
      priceWad: setting.priceWad ?? 0n,
      listedPhase: BigInt(Math.min(...numbers)),
      isListed: setting.isListed ?? true,
      noRound: setting.noRound ?? false,
    },
    feed: setting.feed ?? { latestId: proxyId(current, phases[current]!.length), maxAnswer: MAX_ANSWER },
    readRound: source.readRound,
    fetchPullUpdate: setting.fetchPullUpdate,
    source,
  };
}

const prove = (phases: Phases, setting?: Setting): Promise<SettlementProof> =>
  findSettlementProof(questionOn(phases, setting));

async function expectFirst(phases: Phases, id: bigint, boundaries: bigint[] = []): Promise<void> {
  const proof = await prove(phases);
  expect(proof.rule).to.equal("first");
  if (proof.rule !== "first") return;
  expect(proof.round.id).to.equal(id);
  expect(proof.boundaries).to.deep.equal(boundaries);
}

describe("the proof that settles: first rule", () => {
  it("is the first round at or after expiry, to the second", async () => {
    await expectFirst({ 1: [-10, 0, 10] }, proxyId(1, 2));
    await expectFirst({ 1: [-10, -1, 10] }, proxyId(1, 3));
    await expectFirst({ 1: [1, 2, 3] }, proxyId(1, 1));
  });

  it("is the lowest of several of the same second", async () => {
    await expectFirst({ 1: [-1, 5, 5, 5] }, proxyId(1, 2));
  });

  it("steps over up to eight rounds without an answer, and not over nine", async () => {
    const eight = [null, undefined, null, null, undefined, null, null, null] as const;
    await expectFirst({ 1: [-5, ...eight, 5, 6] }, proxyId(1, 10));
    await expectFirst({ 1: [-5, 5, ...eight] }, proxyId(1, 2));
    await expectFirst({ 1: [...eight, 5] }, proxyId(1, 9));
    expect((await prove({ 1: [-5, ...eight, null, 5] })).rule).to.equal("wait");
  });

  it("does not take an answer that is not positive or too large", async () => {
    for (const answer of [0n, -1n, MAX_ANSWER + 1n]) {
      const question = questionOn({ 1: [-5, 5, 6] });
      const rounds = roundsOf({ 1: [-5, 5, 6] });
      rounds.set(proxyId(1, 2), { id: proxyId(1, 2), answer, updatedAt: EXPIRY + 5n });
      const proof = await findSettlementProof({ ...question, readRound: feedOf(rounds).readRound });
      expect(proof.rule === "first" && proof.round.id).to.equal(proxyId(1, 3));
    }
  });

  it("takes the earliest over all phases, with the boundary of each other one, lowest first", async () => {
    await expectFirst({ 3: [-20, 50], 4: [-30, -10, 30], 5: [40, 60] }, proxyId(4, 3), [proxyId(3, 1), proxyId(5, 0)]);
  });

  it("takes the lower phase of two rounds of the same second", async () => {
    await expectFirst({ 1: [-5, 7], 2: [-5, 7] }, proxyId(1, 2), [proxyId(2, 1)]);
  });

  it("does not look at phases that ended before the listing", async () => {
    const question = questionOn({ 1: [-5, 1], 2: [-5, 7] });
    const proof = await findSettlementProof({ ...question, record: { ...question.record, listedPhase: 2n } });
    expect(proof.rule === "first" && proof.round.id).to.equal(proxyId(2, 2));
    expect(proof.rule === "first" && proof.boundaries).to.deep.equal([]);
  });
});

describe("the proof that settles: what it waits for", () => {
  const silent: Phases = { 1: [-100, 4 * 3_600] };

  it("waits for the expiry, and for the window to close", async () => {
    expect(await prove({ 1: [-5] }, { now: EXPIRY - 1n })).to.deep.equal({
      rule: "wait",
      why: "expiry",
      until: EXPIRY,
    });
    const open = { rule: "wait", why: "window", until: EXPIRY + WINDOW_SECONDS + 1n };
    expect(await prove({ 1: [-5] }, { now: EXPIRY })).to.deep.equal(open);
    expect(await prove({ 1: [-5] }, { now: EXPIRY + WINDOW_SECONDS })).to.deep.equal(open);
    expect(await prove({ 1: [-5] }, { now: EXPIRY + WINDOW_SECONDS + 1n })).to.not.deep.equal(open);
  });

  it("waits one second for a round of the newest block", async () => {
    expect(await prove({ 1: [-5, 60] }, { now: EXPIRY + 60n })).to.deep.equal({
      rule: "wait",
      why: "block",
      until: EXPIRY + 61n,
    });
  });

  it("takes a round at the end of the window, and none after it", async () => {
    const [last, next] = [Number(WINDOW_SECONDS), Number(WINDOW_SECONDS) + 1];
    const late = { now: EXPIRY + WINDOW_SECONDS + 100n, fetchPullUpdate: async () => "none" };
    expect((await prove({ 1: [-5, last] }, late)).rule).to.equal("first");
    expect((await prove({ 1: [-5, next] }, late)).rule).to.equal("wait");
  });

  it("opens the second rule with every phase's boundary, and brings the update", async () => {
    const now = EXPIRY + WINDOW_SECONDS + 1n;
    expect(
      await prove({ ...silent, 2: [-50, -40], 3: [20_000] }, { now, fetchPullUpdate: async () => UPDATE }),
    ).to.deep.equal({
      rule: "pull",
      opening: [proxyId(1, 1), proxyId(2, 2), proxyId(3, 0)],
      update: UPDATE,
    });
  });

  it("reads no round for the second rule once it is open", async () => {
    const question = questionOn(silent, { noRound: true, fetchPullUpdate: async () => UPDATE });
    expect(await findSettlementProof(question)).to.deep.equal({ rule: "pull", opening: undefined, update: UPDATE });
    expect(question.source.reads).to.deep.equal([]);
  });

  it("waits for the third rule when nobody has an update, and says what the service said", async () => {
    const now = EXPIRY + WINDOW_SECONDS + 1n;
    const until = EXPIRY + PATIENCE_SECONDS + 1n;
    expect(await prove(silent, { now, fetchPullUpdate: async () => "HTTP 404" })).to.deep.equal({
      rule: "wait",
      why: "pullUpdate",
      until,
      detail: "HTTP 404",
    });
    expect(await prove(silent, { now: until - 1n, noRound: true })).to.deep.equal({
      rule: "wait",
      why: "pullUpdate",
      until,
      detail: "there is no price service to ask",
    });
  });

  it("takes the last round before expiry after seven days, of equals the one of the lower phase", async () => {
    const now = EXPIRY + PATIENCE_SECONDS + 1n;
    const proof = await prove({ 1: [-100, -40], 2: [-60, -40], 3: [-90] }, { now });
    expect(proof.rule === "last" && proof.round.id).to.equal(proxyId(1, 2));
    expect(proof.rule === "last" && proof.boundaries).to.deep.equal([proxyId(2, 2), proxyId(3, 1)]);
    expect(proof.rule === "last" && proof.opening).to.deep.equal([proxyId(1, 2), proxyId(2, 2), proxyId(3, 1)]);
    const opened = await prove({ 1: [-40] }, { now, noRound: true });
    expect(opened.rule === "last" && opened.opening).to.equal(undefined);
  });

  it("proves nothing twice, and nothing of what is not listed", async () => {
    expect(await prove(silent, { priceWad: 7n })).to.deep.equal({ rule: "proved", priceWad: 7n });
    expect(await prove(silent, { isListed: false })).to.deep.equal({
      rule: "wait",
      why: "notListed",
      until: undefined,
    });
  });

  it("says so when the feed cannot be read or changed its scale; the second rule goes on", async () => {
    for (const feed of ["feedUnreadable", "feedDecimalsChanged"] as const) {
      expect(await prove(silent, { feed })).to.deep.equal({ rule: "wait", why: feed, until: undefined });
      const opened = await prove(silent, { feed, noRound: true, fetchPullUpdate: async () => UPDATE });
      expect(opened.rule).to.equal("pull");
    }
  });

  it("says so when the feed has nothing before expiry either", async () => {
    const now = EXPIRY + PATIENCE_SECONDS + 1n;
    expect(await prove({ 1: [5 * 3_600] }, { now })).to.deep.equal({
      rule: "wait",
      why: "noRound",
      until: undefined,
    });
  });
});

describe("the proof that settles: against the rules read aloud", () => {
  async function compare(h: History, now: bigint): Promise<string> {
    const base: HistoricRound[] = [
      { phase: 1, updatedAt: EXPIRY - 900_000n, answer: 1n },
      { phase: 2, updatedAt: EXPIRY - 890_000n, answer: 2n },
    ];
    const rounds = place([...base, ...write(h, EXPIRY, now)]);
    const currentPhase = Math.max(...rounds.map(({ phase }) => phase).filter((p) => p <= h.phases.length), 2);
    const feed = feedOf(new Map(rounds.map((round) => [idOf(round), { id: idOf(round), ...round }])));
    const latest = rounds.findLast(({ phase }) => phase === currentPhase)!;
    const proof = await findSettlementProof({
      expiry: EXPIRY,
      now,
      record: { priceWad: 0n, listedPhase: 2n, isListed: true, noRound: false },
      feed: { latestId: idOf(latest), maxAnswer: MAX_ANSWER },
      readRound: feed.readRound,
      fetchPullUpdate: async () => (h.hasPullUpdate ? UPDATE : "none"),
    });
    const outcome = settles({
      rounds,
      listedPhase: 2,
      currentPhase,
      expiry: EXPIRY,
      now,
      hasPullUpdate: h.hasPullUpdate,
    });
    const others = (own?: number): bigint[] => {
      const phases: number[] = [];
      for (let phase = 2; phase <= currentPhase; phase++) if (phase !== own) phases.push(phase);
      return phases.map((phase) => boundaryOf(rounds, phase, EXPIRY));
    };
    switch (outcome.rule) {
      case "firstRound":
        expect(proof.rule === "first" && proof.round.id).to.equal(idOf(outcome.round));
        expect(proof.rule === "first" && proof.boundaries).to.deep.equal(others(outcome.round.phase));
        break;
      case "pullUpdate":
        expect(proof).to.deep.equal({ rule: "pull", opening: others(), update: UPDATE });
        break;
      case "lastRound":
        expect(proof.rule === "last" && proof.round.id).to.equal(idOf(outcome.round));
        expect(proof.rule === "last" && proof.boundaries).to.deep.equal(others(outcome.round.phase));
        expect(proof.rule === "last" && proof.opening).to.deep.equal(others());
        break;
      case "wait":
        expect(proof.rule === "wait" && proof.why).to.equal(outcome.reason);
        break;
    }
    // At most nine reads a probe, and few probes.
    const phases = currentPhase - 1;
    expect(feed.reads.length).to.be.at.most(phases * 90);
    return outcome.rule;
  }

  it("is the outcome of the reference on every history, with the same boundaries", async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(history, async (h) => {
        const outcome = await compare(h, EXPIRY + BigInt(h.nowOffset));
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }),
      { numRuns: fuzzRuns(2_000), seed: 0xba11a57 },
    );
    for (const rule of ["firstRound", "pullUpdate", "lastRound", "wait"]) expect(seen.has(rule), rule).to.equal(true);
  });
});

describe("the proof that settles: what it costs", () => {
  const every = (from: number, count: number, seconds: number): number[] =>
    Array.from({ length: count }, (_, i) => from + i * seconds);
  const readsOf = async (phases: Phases, now?: bigint): Promise<Feed> => {
    const question = questionOn(phases, { now });
    expect((await findSettlementProof(question)).rule).to.equal("first");
    return question.source;
  };

  it("is two reads when the settling round is the newest", async () => {
    const { reads } = await readsOf({ 1: [...every(-50_000, 10_000, 5).filter((at) => at < 0), 1] });
    expect(reads.length).to.equal(2);
  });

  it("is some twenty among ten thousand later ones, and each round is read once", async () => {
    const { reads } = await readsOf({ 1: every(-50_000, 20_000, 5) }, EXPIRY + 6n * 86_400n);
    expect(reads.length).to.be.at.most(2 * Math.ceil(Math.log2(20_000)));
    expect(new Set(reads).size).to.equal(reads.length);
  });

  it("asks the phases, and what follows a round without an answer, at once", async () => {
    const ended = every(-100_000, 10_000, 5);
    const { reads, atOnce } = await readsOf({ 1: ended, 2: ended, 3: [-5, ...Array(8).fill(null), 1] });
    expect(atOnce()).to.be.at.least(8);
    expect(reads.length).to.be.at.most(200);
  });
});
