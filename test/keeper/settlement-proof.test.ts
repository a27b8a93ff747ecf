/** What the search finds, put before the contract itself: on any history the proof is accepted. */
import { expect } from "chai";
import fc from "fast-check";
import { isComplete, type ReadRound, roundId } from "../../keeper/rounds.ts";
import {
  findSettlementProof,
  PATIENCE_SECONDS,
  type SettlementProof,
  type SettlementQuestion,
} from "../../keeper/settlement.ts";
import { encodePullUpdate } from "../../scripts/local-chain/pyth.ts";
import type { ExpiryPriceOracle, LocalAggregator } from "../../types/index.ts";
import { grow, history, listed, place, write } from "../helpers/feedHistories.ts";
import { pullUpdate } from "../helpers/feeds.ts";
import { type HistoricRound, type PlacedRound, settles } from "../helpers/settlement.ts";
import { DAY, eth, HOUR, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
const SCALE = 10n ** 10n;
const PULL_PRICE = 3_333;
const LISTED_PHASE = 2;

interface World {
  readonly feed: LocalAggregator;
  readonly oracle: ExpiryPriceOracle;
  readonly expiry: bigint;
  readonly hasPullUpdate: boolean;
}

/** Everything from the chain as it stands. */
async function question({ feed, oracle, expiry, hasPullUpdate }: World): Promise<SettlementQuestion> {
  const [record, latest, now] = await Promise.all([oracle.recordOf(expiry), feed.latestRoundData(), time.latest()]);
  const readRound: ReadRound = async (id) => {
    try {
      const { answer, updatedAt } = await feed.getRoundData(id);
      return { id, answer, updatedAt };
    } catch {
      return undefined;
    }
  };
  const update = await pullUpdate(PULL_PRICE, { publishTime: expiry + 60n, prevPublishTime: expiry - 1n });
  return {
    expiry,
    now: BigInt(now),
    record: {
      priceWad: record.price,
      listedPhase: record.listedPhase,
      isListed: record.listed,
      noRound: record.noRound,
    },
    feed: { latestId: latest.roundId, maxAnswer: ((1n << 128n) - 1n) / SCALE },
    readRound,
    fetchPullUpdate: async () =>
      hasPullUpdate
        ? { updateData: [await encodePullUpdate(update)], publishTime: update.publishTime }
        : "nothing was published in the window",
  };
}

/** Sends the proof; the contract's refusal fails the test. Returns the price. */
async function show(proof: SettlementProof, { oracle, expiry }: World): Promise<bigint> {
  if (proof.rule === "proved" || proof.rule === "wait") throw new Error(`nothing to show: ${proof.rule}`);
  if (proof.rule === "first") await oracle.proveFirstRound(expiry, proof.round.id, [...proof.boundaries]);
  else {
    if (proof.opening !== undefined) await oracle.proveNoRound(expiry, [...proof.opening]);
    if (proof.rule === "last") await oracle.proveLastRound(expiry, proof.round.id, [...proof.boundaries]);
    else await oracle.provePullUpdate(expiry, [...proof.update.updateData], { value: 1n });
  }
  return oracle.settlementPrice(expiry);
}

/**
 * Waits as long as the search says, until there is a proof, and shows it.
 * @returns The rules met on the way, and the price.
 */
async function settle(world: World): Promise<{ way: string[]; price: bigint }> {
  const way: string[] = [];
  for (let step = 0; step < 6; step++) {
    const proof = await findSettlementProof(await question(world));
    way.push(proof.rule === "wait" ? proof.why : proof.rule);
    if (proof.rule !== "wait") return { way, price: await show(proof, world) };
    expect(proof.until, proof.why).to.be.greaterThan(BigInt(await time.latest()));
    await time.increaseTo(proof.until!);
  }
  throw new Error(`waits for ever: ${way.join(", ")}`);
}

const count = (seen: Map<string, number>, way: readonly string[]): void => {
  for (const each of way) seen.set(each, (seen.get(each) ?? 0) + 1);
};
const told = (seen: Map<string, number>): string => [...seen].map(([name, n]) => `${name} ${n}`).join(", ");

describe("the proof that settles, before the contract", () => {
  it("is accepted on random histories and gives the price of the reference, now or when the wait is over", async function () {
    this.timeout(RUNS * 5_000);
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(history, async (h) => {
        const { feed, oracle, known, expiry } = await loadFixture(listed);
        // The proof of the second rule takes two blocks here, before it closes.
        const now = expiry + BigInt(h.nowOffset === 7 * DAY ? h.nowOffset - 10 : h.nowOffset);
        const rounds: PlacedRound[] = place([...known, ...write(h, expiry, now)]);
        await grow(feed, rounds.slice(known.length), h.phases.length);
        await feed.setUnknownRoundReverts(h.unknownRoundReverts);
        await time.increaseTo(now);
        const { way, price } = await settle({ feed, oracle, expiry, hasPullUpdate: h.hasPullUpdate });
        count(seen, way);

        const outcome = settles({
          rounds,
          listedPhase: LISTED_PHASE,
          currentPhase: Number((await feed.latestRoundData()).roundId >> 64n),
          expiry,
          now: BigInt(await time.latest()),
          hasPullUpdate: h.hasPullUpdate,
        });
        if (outcome.rule === "wait") throw new Error(`the reference waits for ${outcome.reason}`);
        expect(price).to.equal(outcome.rule === "pullUpdate" ? eth(PULL_PRICE) : outcome.round.answer * SCALE);
      }),
      { numRuns: RUNS, seed: 0xba11a57 },
    );
    console.log(`      met: ${told(seen)}`);
    for (const each of ["first", "pull", "last", "window", "pullUpdate"]) expect(seen.has(each), each).to.equal(true);
  });

  /** A feed that breaks what is trusted of it: times that go back, long gaps anywhere, rounds that vanish. */
  const wildRound = fc.record({
    phase: fc.integer({ min: LISTED_PHASE, max: LISTED_PHASE + 2 }),
    offset: fc.oneof(fc.integer({ min: -HOUR, max: 4 * HOUR }), fc.constantFrom(-1, 0, 1, 3 * HOUR, 3 * HOUR + 1)),
    kind: fc.constantFrom("whole", "whole", "whole", "timeless", "zero", "gap", "missing"),
  });
  const wild = fc.record({
    rounds: fc.array(wildRound, { maxLength: 24 }),
    phases: fc.integer({ min: LISTED_PHASE, max: LISTED_PHASE + 2 }),
    unknownRoundReverts: fc.boolean(),
    hasPullUpdate: fc.boolean(),
    nowOffset: fc.constantFrom(1, HOUR, 3 * HOUR + 1, 4 * DAY, 7 * DAY + 1),
  });

  it("is accepted even on histories that break what is trusted of a feed", async function () {
    this.timeout(RUNS * 5_000);
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(wild, async ({ rounds, phases, unknownRoundReverts, hasPullUpdate, nowOffset }) => {
        const { feed, oracle, known, expiry } = await loadFixture(listed);
        const now = expiry + BigInt(nowOffset);
        const written: HistoricRound[] = rounds.flatMap(({ phase, offset, kind }, i) => {
          const updatedAt = expiry + BigInt(offset);
          const round = { phase, updatedAt: updatedAt < now ? updatedAt : now - 1n, answer: BigInt(i + 2_000) };
          if (kind === "gap") return Array(9).fill({ ...round, updatedAt: 0n });
          if (kind === "timeless") return [{ ...round, updatedAt: 0n }];
          return [kind === "zero" ? { ...round, answer: 0n } : round];
        });
        const placed = place([...known, ...written]);
        await grow(feed, placed.slice(known.length), phases);
        await feed.setUnknownRoundReverts(unknownRoundReverts);
        const latest = await feed.latestRound();
        for (const [i, { kind, phase }] of rounds.entries()) {
          const number = placed.find((round) => round.phase === phase && round.answer === BigInt(i + 2_000))?.number;
          const id = roundId(BigInt(phase), BigInt(number ?? 0));
          // Without its newest round a feed cannot be read at all.
          if (kind === "missing" && id !== latest) await feed.setMissing(id, true);
        }
        await time.increaseTo(now);
        const { way } = await settle({ feed, oracle, expiry, hasPullUpdate });
        count(seen, way);
      }),
      { numRuns: RUNS, seed: 0xba11a57 },
    );
    console.log(`      met: ${told(seen)}`);
    for (const each of ["first", "pull", "last"]) expect(seen.has(each), each).to.equal(true);
  });

  it("follows a feed that changes its aggregator while an expiry waits", async () => {
    const { feed, oracle, expiry } = await loadFixture(listed);
    const world = { feed, oracle, expiry, hasPullUpdate: false };
    await time.increaseTo(expiry - 10n);
    await feed.setAnswer(3_000n * 10n ** 8n);
    await time.increaseTo(expiry + 10n);
    expect(await findSettlementProof(await question(world))).to.include({ rule: "wait", why: "window" });
    await feed.startPhase();
    await feed.setAnswer(3_100n * 10n ** 8n);
    // The newest block holds the round: another phase could still write one of the same second.
    expect(await findSettlementProof(await question(world))).to.include({ rule: "wait", why: "block" });
    await time.increase(1);
    const proof = await findSettlementProof(await question(world));
    expect(proof.rule === "first" && proof.boundaries).to.deep.equal([roundId(2n, 2n)]);
    expect(await show(proof, world)).to.equal(eth(3_100));
    expect(await findSettlementProof(await question(world))).to.deep.equal({ rule: "proved", priceWad: eth(3_100) });
    expect(isComplete(proof.rule === "first" ? proof.round : undefined)).to.equal(true);
  });

  it("says until when it waits for a pull update, to the second", async () => {
    const { feed, oracle, expiry } = await loadFixture(listed);
    const world = { feed, oracle, expiry, hasPullUpdate: false };
    await time.increaseTo(expiry + PATIENCE_SECONDS);
    const before = await findSettlementProof(await question(world));
    expect(before).to.include({ rule: "wait", why: "pullUpdate", until: expiry + PATIENCE_SECONDS + 1n });
    await time.increase(1);
    expect((await findSettlementProof(await question(world))).rule).to.equal("last");
  });
});
