/** S1 on random histories of a feed, against a brute-force reference: at any time the same one outcome is provable. */
import { expect } from "chai";
import fc from "fast-check";
import { encodePullUpdate } from "../../scripts/local-chain/pyth.ts";
import { grow, type History, history, listed, place, write } from "../helpers/feedHistories.ts";
import { pullUpdate } from "../helpers/feeds.ts";
import { boundaryOf, idOf, proxyId, RULE, settles } from "../helpers/settlement.ts";
import { eth, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
const SCALE = 10n ** 10n;
const PULL_PRICE = 3_333;

/** The price that a proof would give, or undefined when it is refused. */
async function attempt(proof: () => Promise<bigint>): Promise<bigint | undefined> {
  try {
    return await proof();
  } catch (error) {
    // A refusal of the contract carries an error of its own; anything else is a fault of the test.
    expect(String(error)).to.match(/reverted with custom error|PriceFeedNotFoundWithinRange/);
    return undefined;
  }
}

async function check(h: History, random: fc.GeneratorValue): Promise<string> {
  const { feed, oracle, known, expiry } = await loadFixture(listed);
  const now = expiry + BigInt(h.nowOffset);
  const listedPhase = 2;
  const rounds = place([...known, ...write(h, expiry, now)]);
  await grow(feed, rounds.slice(known.length), h.phases.length);
  // An aggregator without a round is not current yet.
  const currentPhase = Number((await feed.latestRoundData()).roundId >> 64n);
  await feed.setUnknownRoundReverts(h.unknownRoundReverts);
  const pull = await pullUpdate(PULL_PRICE, {
    publishTime: expiry + 60n,
    prevPublishTime: h.hasPullUpdate ? expiry - 1n : expiry,
  });
  const updates = [await encodePullUpdate(pull)];
  await time.increaseTo(now);

  const phases: number[] = [];
  for (let phase = listedPhase; phase <= currentPhase; phase++) phases.push(phase);
  const right = (own?: number) => phases.filter((p) => p !== own).map((p) => boundaryOf(rounds, p, expiry));
  const ids = [
    ...rounds.map(idOf),
    ...phases.flatMap((p) => [proxyId(p, 0), proxyId(p, rounds.filter((r) => r.phase === p).length + 1)]),
    proxyId(currentPhase + 1, 1),
  ];
  const pick = (from: readonly bigint[]) => from[random(fc.nat, { max: from.length - 1 })]!;
  const ofPhase = (p: number) => ids.filter((id) => id >> 64n === BigInt(p));
  const wrong = (own?: number) => phases.filter((p) => p !== own).map((p) => pick(ofPhase(p)));

  /** Every round with the right boundaries of the other phases, and with wrong ones: all prices that come out. */
  const search = async (prove: (id: bigint, boundaries: bigint[]) => Promise<bigint>) => {
    const prices = new Set<bigint>();
    for (const id of ids) {
      const own = Number(id >> 64n);
      for (const boundaries of [right(own), wrong(own)]) {
        const price = await attempt(() => prove(id, boundaries));
        if (price !== undefined) prices.add(price);
      }
    }
    return [...prices];
  };
  const first = () => search((id, boundaries) => oracle.proveFirstRound.staticCall(expiry, id, boundaries));
  const last = () => search((id, boundaries) => oracle.proveLastRound.staticCall(expiry, id, boundaries));
  const byPull = async () => {
    const price = await attempt(() => oracle.provePullUpdate.staticCall(expiry, updates, { value: 1n }));
    return price === undefined ? [] : [price];
  };
  const canOpen = async (boundaries: bigint[]) =>
    (await attempt(async () => {
      await oracle.proveNoRound.staticCall(expiry, boundaries);
      return 1n;
    })) !== undefined;

  const question = { rounds, listedPhase, currentPhase, expiry, hasPullUpdate: h.hasPullUpdate };
  const outcome = settles({ ...question, now });
  expect(await last()).to.deep.equal([]);
  expect(await byPull()).to.deep.equal([]);
  if (outcome.rule === "firstRound") {
    expect(await first()).to.deep.equal([outcome.round.answer * SCALE]);
    for (const boundaries of [right(), wrong(), wrong(), wrong()]) expect(await canOpen(boundaries)).to.equal(false);
    const own = outcome.round.phase;
    await oracle.proveFirstRound(expiry, idOf(outcome.round), right(own));
    expect((await oracle.recordOf(expiry)).rule).to.equal(RULE.firstRound);
    return outcome.rule;
  }
  expect(await first()).to.deep.equal([]);
  const waits = outcome.rule === "wait" && outcome.reason !== "pullUpdate";
  expect(await canOpen(right())).to.equal(!waits);
  if (waits) return outcome.reason;

  await oracle.proveNoRound(expiry, right());
  const later = settles({ ...question, now: BigInt(await time.latest()) });
  expect(await first()).to.deep.equal([]);
  expect(await byPull()).to.deep.equal(later.rule === "pullUpdate" ? [eth(PULL_PRICE)] : []);
  expect(await last()).to.deep.equal(later.rule === "lastRound" ? [later.round.answer * SCALE] : []);
  return later.rule;
}

describe("ExpiryPriceOracle on random histories", () => {
  it("S1: at any time exactly the outcome of the reference is provable, and no other", async function () {
    this.timeout(RUNS * 5_000);
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(history, fc.gen(), async (h, random) => {
        const outcome = await check(h, random);
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }),
      { numRuns: RUNS, seed: 0xba11a57 },
    );
    console.log(`      outcomes: ${[...seen].map(([outcome, count]) => `${outcome} ${count}`).join(", ")}`);
    // The generator reaches every rule.
    for (const outcome of ["firstRound", "pullUpdate", "lastRound", "window"]) expect(seen.has(outcome)).to.equal(true);
  });
});
