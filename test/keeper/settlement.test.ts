import { expect } from "chai";
import fc from "fast-check";
import { findSettlementRound, isComplete, type Round } from "../../keeper/settlement.ts";

const PHASE = 7n << 64n;

/** A feed of one phase; undefined = the feed reverts for that round. */
function feedOf(rounds: readonly (Omit<Round, "id"> | undefined)[]) {
  const reads: bigint[] = [];
  return {
    reads,
    latestId: PHASE | BigInt(rounds.length),
    readRound: async (id: bigint): Promise<Round | undefined> => {
      reads.push(id);
      expect(id >> 64n, "asked outside the latest phase").to.equal(7n);
      const round = rounds[Number(id & 0xffffn) - 1];
      return round === undefined ? undefined : { id, ...round };
    },
  };
}

const at = (updatedAt: bigint): Omit<Round, "id"> => ({ answer: 3000n, updatedAt });
const incomplete = { answer: 0n, updatedAt: 0n };

async function find(rounds: readonly (Omit<Round, "id"> | undefined)[], expiry: bigint): Promise<bigint | undefined> {
  const round = await findSettlementRound({ expiry, ...feedOf(rounds) });
  return round === undefined ? undefined : round.id & 0xffffn;
}

describe("the round that settles", () => {
  it("is the first at or after expiry, to the second", async () => {
    const rounds = [at(10n), at(20n), at(30n)];
    expect(await find(rounds, 20n)).to.equal(2n);
    expect(await find(rounds, 21n)).to.equal(3n);
    expect(await find(rounds, 30n)).to.equal(3n);
    expect(await find(rounds, 5n)).to.equal(1n);
  });

  it("is not there while the feed has not written it", async () => {
    expect(await find([at(10n), at(20n)], 21n)).to.equal(undefined);
    expect(await find([], 0n)).to.equal(undefined);
    expect(await find([incomplete, incomplete], 0n)).to.equal(undefined);
  });

  it("is the lowest of several of the same second", async () => {
    expect(await find([at(10n), at(20n), at(20n), at(20n)], 20n)).to.equal(2n);
  });

  it("is complete: what has no time, no positive answer or no record is stepped over", async () => {
    const broken = [incomplete, undefined, { answer: -1n, updatedAt: 25n }, { answer: 0n, updatedAt: 25n }];
    expect(await find([at(10n), ...broken, at(30n), at(40n)], 20n)).to.equal(6n);
    expect(await find([at(10n), at(20n), ...broken], 20n)).to.equal(2n);
    expect(await find([at(10n), ...broken], 20n)).to.equal(undefined);
  });

  const round = fc.oneof(
    { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 5n }).map((gap) => ({ gap, kind: "complete" as const })) },
    { weight: 1, arbitrary: fc.constantFrom("incomplete", "missing", "negative").map((kind) => ({ gap: 0n, kind })) },
  );

  it("is what walking through all rounds from the first finds", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(round, { maxLength: 60 }),
        fc.bigInt({ min: 0n, max: 200n }),
        async (history, expiry) => {
          let now = 10n;
          const rounds = history.map(({ gap, kind }) => {
            now += gap;
            if (kind === "missing") return undefined;
            if (kind === "incomplete") return incomplete;
            return { answer: kind === "negative" ? -5n : 3000n, updatedAt: now };
          });
          const walked = rounds.findIndex((r, i) => {
            const whole = r === undefined ? undefined : { id: BigInt(i), ...r };
            return isComplete(whole) && whole.updatedAt >= expiry;
          });
          expect(await find(rounds, expiry)).to.equal(walked === -1 ? undefined : BigInt(walked + 1));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("takes few reads: two when it is the newest, a handful among ten thousand", async () => {
    const rounds = Array.from({ length: 10_000 }, (_, i) => at(BigInt(i + 1) * 10n));
    const newest = feedOf(rounds);
    await findSettlementRound({ expiry: 99_995n, ...newest });
    expect(newest.reads.length).to.equal(2);
    const old = feedOf(rounds);
    await findSettlementRound({ expiry: 50n, ...old });
    expect(old.reads.length).to.be.lessThan(40);
  });
});
