import { expect } from "chai";
import { AbiCoder, ZeroAddress, ZeroHash } from "ethers";
import { encodePullUpdate, type PullUpdate } from "../../scripts/local-chain/pyth.ts";
import type { ExpiryPriceOracle, LocalAggregator, LocalPyth, WordyFeed } from "../../types/index.ts";
import { answer, deployContract, PULL_ID, pullFeed, pullUpdate, pushFeed } from "../helpers/feeds.ts";
import { PATIENCE, proxyId, RULE, WINDOW } from "../helpers/settlement.ts";
import { DAY, eth, ethers, HOUR, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;

/** In the order of ExpiryPriceOracleMutant.Guard. */
const GUARDS = [
  "Predecessor",
  "SteppingOver",
  "OtherPhases",
  "LowerPhaseOnTies",
  "Window",
  "ThisBlock",
  "WindowOver",
  "FirstRuleClosed",
  "FirstRuleOpen",
  "UniqueUpdate",
  "SecondRuleOver",
  "ThirdRuleOpen",
  "LastOfPhase",
  "Decimals",
  "OnlyTheMarket",
] as const;
type Guard = (typeof GUARDS)[number];

interface World {
  readonly feed: LocalAggregator & { address: string };
  readonly pyth: LocalPyth & { address: string };
  readonly oracle: ExpiryPriceOracle & { address: string };
  readonly expiry: bigint;
  /** The same oracle without one guard, listed at the same moment. */
  without(guard: Guard): ExpiryPriceOracle;
}

/** A feed in phase 1 with one round at 3,000, an oracle and its mutants, an expiry ten days ahead. */
async function listed(): Promise<World> {
  const [market] = await ethers.getSigners();
  const feed = await pushFeed(3_000);
  const pyth = await pullFeed();
  const args = [market!.address, feed.address, pyth.address, PULL_ID];
  const oracle = await deployContract<ExpiryPriceOracle>("oracles/ExpiryPriceOracle", args);
  const mutants = new Map<Guard, ExpiryPriceOracle>();
  for (const [index, guard] of GUARDS.entries()) {
    const mutant = await deployContract<ExpiryPriceOracle>("mocks/mutants/ExpiryPriceOracleMutant", [...args, index]);
    mutants.set(guard, mutant);
  }
  const expiry = BigInt(await time.latest()) + BigInt(10 * DAY);
  for (const each of [oracle, ...mutants.values()]) await each.recordListing(expiry);
  return { feed, pyth, oracle, expiry, without: (guard) => mutants.get(guard)! };
}

/** Writes rounds of one phase at offsets from the expiry; a price of null is a round without a time. */
async function write(
  { feed, expiry }: World,
  rounds: readonly (readonly [number, number | null])[],
  phase = 1,
): Promise<void> {
  await feed.pushHistory(
    rounds.map(([offset, price]) => ({
      phase,
      updatedAt: price === null ? 0n : expiry + BigInt(offset),
      answer: answer(price ?? 3_000),
    })),
  );
}

const at = (w: World, seconds: number | bigint) => time.increaseTo(w.expiry + BigInt(seconds));
const id = proxyId;

/** Rounds 2 to 4 of phase 1: an hour before expiry, 50 s and 150 s after it. */
async function aroundExpiry() {
  const w = await listed();
  await write(w, [
    [-HOUR, 3_100],
    [50, 3_200],
    [150, 3_300],
  ]);
  await at(w, HOUR);
  return w;
}

/** As before, and phase 2 became current: its rounds are 100 s before and 30 s and 60 s after the expiry. */
async function twoPhases() {
  const w = await listed();
  await write(w, [
    [-HOUR, 3_100],
    [50, 3_200],
    [150, 3_300],
  ]);
  await write(
    w,
    [
      [-100, 3_110],
      [30, 3_210],
      [60, 3_310],
    ],
    2,
  );
  await w.feed.startPhase();
  await at(w, HOUR);
  return w;
}

/** Nothing between an hour before expiry and four hours after it; it is 3 h + 1 s after expiry. */
async function silence() {
  const w = await listed();
  await write(w, [
    [-HOUR, 3_100],
    [4 * HOUR, 3_400],
  ]);
  await at(w, WINDOW + 1n);
  return w;
}

async function opened() {
  const w = await silence();
  await w.oracle.proveNoRound(w.expiry, [id(1, 2)]);
  return w;
}

const firstUpdate = ({ expiry }: World, price = 3_250, rest: Partial<PullUpdate> = {}) =>
  pullUpdate(price, { publishTime: expiry + 1n, prevPublishTime: expiry - 1n, ...rest });
const blobs = async (...updates: PullUpdate[]) => Promise.all(updates.map((update) => encodePullUpdate(update)));

describe("ExpiryPriceOracle", () => {
  describe("listing", () => {
    it("remembers the phase of the first call and changes nothing on the second", async () => {
      const { oracle, feed, expiry } = await loadFixture(listed);
      expect((await oracle.recordOf(expiry)).listedPhase).to.equal(1n);
      await feed.startPhase();
      await feed.setAnswer(answer(3_000));
      await expect(oracle.recordListing(expiry)).to.not.emit(oracle, "ListingRecorded");
      expect((await oracle.recordOf(expiry)).listedPhase).to.equal(1n);
      await expect(oracle.recordListing(expiry + 1n))
        .to.emit(oracle, "ListingRecorded")
        .withArgs(expiry + 1n, 2n);
    });

    it("is the market's alone: whoever records early lets an abandoned phase count", async () => {
      const w = await loadFixture(listed);
      const [, stranger] = await ethers.getSigners();
      const later = w.expiry + BigInt(DAY);
      await expect(w.oracle.connect(stranger!).recordListing(later))
        .to.be.revertedWithCustomError(w.oracle, "NotTheMarket")
        .withArgs(stranger!.address);
      const mutant = w.without("OnlyTheMarket");
      await mutant.connect(stranger!).recordListing(later);
      // The market lists after the feed has moved on; the abandoned aggregator then writes the earlier round.
      await w.feed.startPhase();
      await w.feed.setAnswer(answer(3_000));
      for (const oracle of [w.oracle, mutant]) await oracle.recordListing(later);
      await w.feed.pushHistory([
        { phase: 1, updatedAt: later + 10n, answer: answer(9_000) },
        { phase: 2, updatedAt: later + 20n, answer: answer(3_000) },
      ]);
      await time.increaseTo(later + 30n);
      expect(await w.oracle.proveFirstRound.staticCall(later, id(2, 2), [])).to.equal(eth(3_000));
      expect(await mutant.proveFirstRound.staticCall(later, id(1, 2), [id(2, 1)])).to.equal(eth(9_000));
    });

    it("wants an expiry ahead and a feed that has a complete round", async () => {
      const { oracle, feed } = await loadFixture(listed);
      const next = BigInt(await time.latest()) + 1n;
      await expect(oracle.recordListing(next))
        .to.be.revertedWithCustomError(oracle, "ExpiryNotAhead")
        .withArgs(next, next);
      const ahead = next + BigInt(DAY);
      await feed.setAnswer(0n);
      await expect(oracle.recordListing(ahead))
        .to.be.revertedWithCustomError(oracle, "FeedHasNoRound")
        .withArgs(feed.address);
      await feed.setOffline(true);
      await expect(oracle.recordListing(ahead))
        .to.be.revertedWithCustomError(oracle, "FeedUnreadable")
        .withArgs(feed.address);
      await feed.setOffline(false);
      await feed.setAnswer(1n);
      await oracle.recordListing(ahead);
    });
  });

  describe("first rule", () => {
    it("failure 18: settles at the first round after expiry, whoever proves it and however late", async () => {
      const w = await loadFixture(aroundExpiry);
      const { oracle, expiry } = w;
      const [, stranger] = await ethers.getSigners();
      await expect(oracle.settlementPrice(expiry)).to.be.revertedWithCustomError(oracle, "NotProved").withArgs(expiry);
      for (const seconds of [2 * HOUR, 3 * DAY, 30 * DAY]) {
        await at(w, seconds);
        expect(await oracle.connect(stranger!).proveFirstRound.staticCall(expiry, id(1, 3), [])).to.equal(eth(3_200));
      }
      const sent = await oracle.connect(stranger!).proveFirstRound(expiry, id(1, 3), []);
      await expect(sent)
        .to.emit(oracle, "PriceProved")
        .withArgs(expiry, RULE.firstRound, eth(3_200), expiry + 50n);
      console.log(`      gas of a first-round proof in one phase: ${(await sent.wait())!.gasUsed}`);
      expect(await oracle.settlementPrice(expiry)).to.equal(eth(3_200));
    });

    it("keeps a price once proved, and answers whatever proof comes after it with that price", async () => {
      const w = await loadFixture(aroundExpiry);
      const { oracle, expiry } = w;
      await oracle.proveFirstRound(expiry, id(1, 3), []);
      await w.feed.setDecimals(18);
      const garbage = [
        oracle.proveFirstRound.staticCall(expiry, id(1, 4), []),
        oracle.proveLastRound.staticCall(expiry, 77n, [1n, 2n]),
        oracle.provePullUpdate.staticCall(expiry, ["0x"]),
      ];
      for (const price of await Promise.all(garbage)) expect(price).to.equal(eth(3_200));
      await expect(oracle.proveFirstRound(expiry, id(1, 4), [])).to.not.emit(oracle, "PriceProved");
      await expect(oracle.proveNoRound(expiry, [])).to.not.emit(oracle, "NoRoundProved");
      expect(await oracle.settlementPrice(expiry)).to.equal(eth(3_200));
    });

    it("failure 18: refuses a later round; without the guard its seller picks the best of three hours", async () => {
      const w = await loadFixture(aroundExpiry);
      await expect(w.oracle.proveFirstRound(w.expiry, id(1, 4), []))
        .to.be.revertedWithCustomError(w.oracle, "NotTheFirstRound")
        .withArgs(id(1, 4), id(1, 3), w.expiry + 50n);
      const chosen = await w.without("Predecessor").proveFirstRound.staticCall(w.expiry, id(1, 4), []);
      console.log(
        `      profit of 100 calls that settle at a later round: $${(100n * (chosen - eth(3_200))) / eth(1)}`,
      );
      expect(chosen).to.equal(eth(3_300));
    });

    it("refuses an earlier round, one that does not exist, and number 0", async () => {
      const { oracle, expiry, feed } = await loadFixture(aroundExpiry);
      await expect(oracle.proveFirstRound(expiry, id(1, 2), []))
        .to.be.revertedWithCustomError(oracle, "RoundBeforeExpiry")
        .withArgs(id(1, 2), expiry - BigInt(HOUR), expiry);
      for (const reverts of [true, false]) {
        await feed.setUnknownRoundReverts(reverts);
        for (const unknown of [id(1, 5), id(1, 0)]) {
          await expect(oracle.proveFirstRound(expiry, unknown, []))
            .to.be.revertedWithCustomError(oracle, "RoundIncomplete")
            .withArgs(unknown);
        }
      }
    });

    it("refuses one behind an incomplete round; without the guard that hides the first", async () => {
      const w = await loadFixture(listed);
      await write(w, [
        [-HOUR, 3_100],
        [50, 3_200],
        [0, null],
        [0, null],
        [150, 3_300],
      ]);
      await at(w, HOUR);
      await expect(w.oracle.proveFirstRound(w.expiry, id(1, 6), []))
        .to.be.revertedWithCustomError(w.oracle, "FirstRoundBehindIncomplete")
        .withArgs(id(1, 6), id(1, 3), w.expiry + 50n);
      await expect(w.oracle.proveFirstRound(w.expiry, id(1, 4), []))
        .to.be.revertedWithCustomError(w.oracle, "RoundIncomplete")
        .withArgs(id(1, 4));
      expect(await w.oracle.proveFirstRound.staticCall(w.expiry, id(1, 3), [])).to.equal(eth(3_200));
      const chosen = await w.without("SteppingOver").proveFirstRound.staticCall(w.expiry, id(1, 6), []);
      console.log(`      profit of 100 calls that settle behind a gap: $${(100n * (chosen - eth(3_200))) / eth(1)}`);
      expect(chosen).to.equal(eth(3_300));
    });

    it("steps over eight incomplete rounds and not over nine", async () => {
      for (const count of [8, 9]) {
        const w = await loadFixture(listed);
        const gap = Array.from({ length: count }, () => [0, null] as const);
        await write(w, [[-HOUR, 3_100], ...gap, [50, 3_200]]);
        await at(w, HOUR);
        const proof = w.oracle.proveFirstRound.staticCall(w.expiry, id(1, count + 3), []);
        if (count === 8) expect(await proof).to.equal(eth(3_200));
        else {
          await expect(proof)
            .to.be.revertedWithCustomError(w.oracle, "TooManyIncompleteRounds")
            .withArgs(id(1, count + 3), 8n);
        }
      }
    });

    it("takes the first round of a phase behind eight incomplete ones and not behind nine", async () => {
      for (const count of [0, 8, 9]) {
        const w = await loadFixture(listed);
        const gap = Array.from({ length: count }, () => [0, null] as const);
        await write(w, [...gap, [50, 3_200]], 2);
        await w.feed.startPhase();
        await at(w, HOUR);
        const proof = w.oracle.proveFirstRound.staticCall(w.expiry, id(2, count + 1), [id(1, 1)]);
        if (count <= 8) expect(await proof).to.equal(eth(3_200));
        else await expect(proof).to.be.revertedWithCustomError(w.oracle, "TooManyIncompleteRounds");
      }
    });

    it("takes a round written exactly at expiry or at the end of the window, and none after it", async () => {
      for (const [offset, settles] of [
        [0, true],
        [Number(WINDOW), true],
        [Number(WINDOW) + 1, false],
      ] as const) {
        const w = await loadFixture(listed);
        await write(w, [[offset, 3_200]]);
        await at(w, DAY);
        const proof = w.oracle.proveFirstRound.staticCall(w.expiry, id(1, 2), []);
        if (settles) expect(await proof).to.equal(eth(3_200));
        else {
          await expect(proof)
            .to.be.revertedWithCustomError(w.oracle, "RoundAfterWindow")
            .withArgs(id(1, 2), w.expiry + WINDOW + 1n, w.expiry + WINDOW);
          expect(await w.without("Window").proveFirstRound.staticCall(w.expiry, id(1, 2), [])).to.equal(eth(3_200));
        }
      }
    });

    it("waits for the block after the round: another phase could still write one with the same time", async () => {
      const w = await loadFixture(listed);
      await time.increaseTo(w.expiry + 100n);
      await time.setNextBlockTimestamp(w.expiry + 101n);
      await w.feed.setAnswer(answer(3_200));
      const proof = () => w.oracle.proveFirstRound.staticCall(w.expiry, id(1, 2), []);
      await expect(proof())
        .to.be.revertedWithCustomError(w.oracle, "RoundOfThisBlock")
        .withArgs(id(1, 2), w.expiry + 101n);
      expect(await w.without("ThisBlock").proveFirstRound.staticCall(w.expiry, id(1, 2), [])).to.equal(eth(3_200));
      await time.increase(1);
      expect(await proof()).to.equal(eth(3_200));
    });

    it("knows only what was listed, and only after expiry", async () => {
      const { oracle, expiry } = await loadFixture(listed);
      const calls = (e: bigint) => [
        oracle.proveFirstRound(e, id(1, 1), []),
        oracle.proveNoRound(e, []),
        oracle.provePullUpdate(e, []),
        oracle.proveLastRound(e, id(1, 1), []),
      ];
      for (const call of calls(expiry + 1n)) {
        await expect(call)
          .to.be.revertedWithCustomError(oracle, "NotListed")
          .withArgs(expiry + 1n);
      }
      await expect(oracle.proveFirstRound(expiry, id(1, 1), [])).to.be.revertedWithCustomError(oracle, "NotExpired");
    });

    it("failure 15: refuses every proof on a feed that changed its decimals; without the guard it pays 10^10 times", async () => {
      const w = await loadFixture(opened);
      await at(w, PATIENCE + 1n);
      await w.feed.setDecimals(18);
      await expect(w.oracle.proveLastRound(w.expiry, id(1, 2), []))
        .to.be.revertedWithCustomError(w.oracle, "FeedDecimalsChanged")
        .withArgs(8n, 18n);
      const { oracle, expiry, feed } = await loadFixture(silence);
      await feed.setDecimals(18);
      for (const proof of [oracle.proveFirstRound(expiry, id(1, 3), []), oracle.proveNoRound(expiry, [id(1, 2)])]) {
        await expect(proof).to.be.revertedWithCustomError(oracle, "FeedDecimalsChanged").withArgs(8n, 18n);
      }
      const wrong = await loadFixture(listed);
      await wrong.feed.setDecimals(18);
      await wrong.feed.pushHistory([{ phase: 1, updatedAt: wrong.expiry, answer: answer(3_000, 18) }]);
      await at(wrong, HOUR);
      const paid = await wrong.without("Decimals").proveFirstRound.staticCall(wrong.expiry, id(1, 2), []);
      expect(paid).to.equal(eth(3_000) * 10n ** 10n);
    });

    it("refuses everything while the feed cannot be read", async () => {
      const { oracle, expiry, feed } = await loadFixture(aroundExpiry);
      await feed.setOffline(true);
      await expect(oracle.proveFirstRound(expiry, id(1, 3), []))
        .to.be.revertedWithCustomError(oracle, "FeedUnreadable")
        .withArgs(feed.address);
    });
  });

  describe("first rule over several phases", () => {
    it("settles at the earliest round of all phases, proved with the boundary of each other phase", async () => {
      const { oracle, expiry } = await loadFixture(twoPhases);
      const sent = await oracle.proveFirstRound(expiry, id(2, 2), [id(1, 2)]);
      console.log(`      gas of a first-round proof over two phases: ${(await sent.wait())!.gasUsed}`);
      expect(await oracle.settlementPrice(expiry)).to.equal(eth(3_210));
    });

    it("refuses the other phase's round; without the guard both are offered", async () => {
      const w = await loadFixture(twoPhases);
      await expect(w.oracle.proveFirstRound(w.expiry, id(1, 3), [id(2, 1)]))
        .to.be.revertedWithCustomError(w.oracle, "EarlierRoundInOtherPhase")
        .withArgs(id(1, 3), id(2, 2), w.expiry + 30n);
      const mutant = w.without("OtherPhases");
      const choice = [
        await mutant.proveFirstRound.staticCall(w.expiry, id(1, 3), [id(2, 1)]),
        await mutant.proveFirstRound.staticCall(w.expiry, id(2, 2), [id(1, 2)]),
      ];
      expect(choice).to.deep.equal([eth(3_200), eth(3_210)]);
    });

    it("gives a tie to the lower phase; without the guard both settle", async () => {
      const w = await loadFixture(listed);
      await write(w, [[50, 3_200]]);
      await write(w, [[50, 3_300]], 2);
      await w.feed.startPhase();
      await at(w, HOUR);
      expect(await w.oracle.proveFirstRound.staticCall(w.expiry, id(1, 2), [id(2, 0)])).to.equal(eth(3_200));
      await expect(w.oracle.proveFirstRound(w.expiry, id(2, 1), [id(1, 1)]))
        .to.be.revertedWithCustomError(w.oracle, "EarlierRoundInOtherPhase")
        .withArgs(id(2, 1), id(1, 2), w.expiry + 50n);
      const mutant = w.without("LowerPhaseOnTies");
      expect(await mutant.proveFirstRound.staticCall(w.expiry, id(2, 1), [id(1, 1)])).to.equal(eth(3_300));
      expect(await mutant.proveFirstRound.staticCall(w.expiry, id(1, 2), [id(2, 0)])).to.equal(eth(3_200));
    });

    it("lets a phase between that never wrote anything, and one that fell silent, be proved so", async () => {
      const w = await loadFixture(listed);
      await write(w, [[20, 3_200]], 3);
      await w.feed.startPhase();
      await w.feed.startPhase();
      await at(w, HOUR);
      expect(await w.oracle.proveFirstRound.staticCall(w.expiry, id(3, 1), [id(1, 1), id(2, 0)])).to.equal(eth(3_200));
    });

    it("refuses a boundary that is none: not the last, not before expiry, incomplete, of another phase, too few or many", async () => {
      const { oracle, expiry, feed } = await loadFixture(twoPhases);
      const oldest = (await feed.getRoundData(id(1, 1))).updatedAt;
      const proof = (...boundaries: bigint[]) => oracle.proveFirstRound(expiry, id(2, 2), boundaries);
      const refused = (boundaries: bigint[], error: string, args: readonly unknown[]) =>
        expect(proof(...boundaries))
          .to.be.revertedWithCustomError(oracle, error)
          .withArgs(...args);
      await refused([id(1, 1)], "NotTheLastRound", [id(1, 1), id(1, 2), expiry - BigInt(HOUR)]);
      await refused([id(1, 0)], "NotTheLastRound", [id(1, 0), id(1, 1), oldest]);
      await refused([id(1, 3)], "BoundaryNotBeforeExpiry", [id(1, 3), expiry + 50n, expiry]);
      await refused([id(1, 9)], "RoundIncomplete", [id(1, 9)]);
      await refused([id(2, 1)], "WrongPhase", [id(2, 1), 1n]);
      await refused([id(0, 1)], "WrongPhase", [id(0, 1), 1n]);
      await refused([], "WrongNumberOfPhases", [0n, 1n]);
      await refused([id(1, 2), id(1, 2)], "WrongNumberOfPhases", [2n, 1n]);
    });

    it("refuses rounds of phases before the listing and after the current one", async () => {
      const w = await loadFixture(twoPhases);
      await w.feed.pushHistory([
        { phase: 3, updatedAt: w.expiry + 5n, answer: answer(9_000) },
        { phase: 0, updatedAt: w.expiry + 5n, answer: answer(9_000) },
      ]);
      for (const [round, expected] of [
        [id(3, 1), 2n],
        [id(0, 1), 1n],
      ] as const) {
        await expect(w.oracle.proveFirstRound(w.expiry, round, [id(1, 2)]))
          .to.be.revertedWithCustomError(w.oracle, "WrongPhase")
          .withArgs(round, expected);
      }
    });
  });

  describe("second rule", () => {
    it("opens with the proof that no round lies in the window, and takes the pull feed's first update", async () => {
      const w = await loadFixture(silence);
      const { oracle, expiry } = w;
      await expect(oracle.proveNoRound(expiry, [id(1, 2)]))
        .to.emit(oracle, "NoRoundProved")
        .withArgs(expiry);
      const sent = await oracle.provePullUpdate(expiry, await blobs(await firstUpdate(w)), { value: 1n });
      await expect(sent)
        .to.emit(oracle, "PriceProved")
        .withArgs(expiry, RULE.pullUpdate, eth(3_250), expiry + 1n);
      console.log(`      gas of a pull proof: ${(await sent.wait())!.gasUsed}`);
      expect((await oracle.recordOf(expiry)).rule).to.equal(RULE.pullUpdate);
    });

    it("stays closed while a first round exists, in whichever phase", async () => {
      const one = await loadFixture(aroundExpiry);
      await at(one, WINDOW + 1n);
      await expect(one.oracle.proveNoRound(one.expiry, [id(1, 2)]))
        .to.be.revertedWithCustomError(one.oracle, "FirstRoundExists")
        .withArgs(id(1, 3), one.expiry + 50n);
      await expect(one.oracle.provePullUpdate(one.expiry, [], { value: 1n }))
        .to.be.revertedWithCustomError(one.oracle, "FirstRuleOpen")
        .withArgs(one.expiry);
      const update = await blobs(await firstUpdate(one, 3_900));
      const chosen = await one.without("FirstRuleOpen").provePullUpdate.staticCall(one.expiry, update, { value: 1n });
      console.log(`      profit of 100 calls that choose the pull feed: $${(100n * (chosen - eth(3_200))) / eth(1)}`);
      expect(chosen).to.equal(eth(3_900));

      const two = await loadFixture(listed);
      await write(two, [[Number(WINDOW), 3_200]], 2);
      await two.feed.startPhase();
      await at(two, WINDOW + 1n);
      await expect(two.oracle.proveNoRound(two.expiry, [id(1, 1), id(2, 0)]))
        .to.be.revertedWithCustomError(two.oracle, "FirstRoundExists")
        .withArgs(id(2, 1), two.expiry + WINDOW);
      await expect(two.oracle.proveNoRound(two.expiry, [id(1, 1)]))
        .to.be.revertedWithCustomError(two.oracle, "WrongNumberOfPhases")
        .withArgs(1n, 2n);
    });

    it("stays closed while a first round may still come; without the guard a quiet minute is enough", async () => {
      const w = await loadFixture(listed);
      await at(w, WINDOW);
      await expect(w.oracle.proveNoRound.staticCall(w.expiry, [id(1, 1)]))
        .to.be.revertedWithCustomError(w.oracle, "WindowOpen")
        .withArgs(w.expiry + WINDOW, w.expiry + WINDOW);
      await w.oracle.proveNoRound(w.expiry, [id(1, 1)]);

      const attacked = await loadFixture(listed);
      const mutant = attacked.without("WindowOver");
      await at(attacked, 60);
      await mutant.proveNoRound(attacked.expiry, [id(1, 1)]);
      await attacked.feed.setAnswer(answer(3_200));
      const update = await blobs(await firstUpdate(attacked, 3_250));
      expect(await mutant.provePullUpdate.staticCall(attacked.expiry, update, { value: 1n })).to.equal(eth(3_250));
    });

    it("closes the first rule: a phase that appears later with a round of the window changes nothing", async () => {
      const w = await loadFixture(silence);
      const mutant = w.without("FirstRuleClosed");
      for (const oracle of [w.oracle, mutant]) await oracle.proveNoRound(w.expiry, [id(1, 2)]);
      await write(w, [[30, 3_700]], 2);
      await w.feed.startPhase();
      await expect(w.oracle.proveFirstRound(w.expiry, id(2, 1), [id(1, 2)]))
        .to.be.revertedWithCustomError(w.oracle, "FirstRuleClosed")
        .withArgs(w.expiry);
      expect(await mutant.proveFirstRound.staticCall(w.expiry, id(2, 1), [id(1, 2)])).to.equal(eth(3_700));
    });

    it("takes only the first update of the window; without the guard any of three hours", async () => {
      const w = await loadFixture(opened);
      const late = await blobs(await firstUpdate(w, 3_900, { publishTime: w.expiry + 60n, prevPublishTime: w.expiry }));
      const early = await blobs(await firstUpdate(w, 3_900, { publishTime: w.expiry - 1n }));
      const tooLate = await blobs(await firstUpdate(w, 3_900, { publishTime: w.expiry + WINDOW + 1n }));
      const foreign = await blobs(await firstUpdate(w, 3_900, { id: ZeroHash.replace(/0$/, "1") }));
      for (const update of [late, early, tooLate, foreign, []]) {
        await expect(w.oracle.provePullUpdate(w.expiry, update, { value: 1n })).to.be.revertedWithCustomError(
          w.pyth,
          "PriceFeedNotFoundWithinRange",
        );
      }
      const last = await blobs(await firstUpdate(w, 3_250, { publishTime: w.expiry + WINDOW }));
      expect(await w.oracle.provePullUpdate.staticCall(w.expiry, last, { value: 1n })).to.equal(eth(3_250));

      const mutant = w.without("UniqueUpdate");
      await mutant.proveNoRound(w.expiry, [id(1, 2)]);
      const chosen = await mutant.provePullUpdate.staticCall(w.expiry, late, { value: 1n });
      console.log(`      profit of 100 calls that choose the update: $${(100n * (chosen - eth(3_250))) / eth(1)}`);
      expect(chosen).to.equal(eth(3_900));
    });

    it("pays the pull feed's fee and returns the rest, also when the price is known already", async () => {
      const w = await loadFixture(opened);
      const [signer] = await ethers.getSigners();
      const update = await blobs(await firstUpdate(w));
      await expect(w.oracle.provePullUpdate(w.expiry, update))
        .to.be.revertedWithCustomError(w.oracle, "FeeTooLow")
        .withArgs(0n, 1n);
      await expect(w.oracle.provePullUpdate(w.expiry, update, { value: 1_000n })).to.changeEtherBalance(
        ethers,
        signer!,
        -1n,
      );
      await expect(w.oracle.provePullUpdate(w.expiry, update, { value: 1_000n })).to.changeEtherBalance(
        ethers,
        signer!,
        0n,
      );
      expect(await ethers.provider.getBalance(w.oracle.address)).to.equal(0n);
    });

    it("refuses an update that is no price, and has no second rule without a pull feed", async () => {
      const w = await loadFixture(opened);
      for (const [price, expo] of [
        [0n, -8],
        [-1n, -8],
        [1n, 1],
        [1n, -19],
      ] as const) {
        const update = await blobs(await firstUpdate(w, 0, { price, expo }));
        await expect(w.oracle.provePullUpdate(w.expiry, update, { value: 1n }))
          .to.be.revertedWithCustomError(w.oracle, "PullPriceUnusable")
          .withArgs(price, expo);
      }
      const [market] = await ethers.getSigners();
      const alone = await deployContract<ExpiryPriceOracle>("oracles/ExpiryPriceOracle", [
        market!.address,
        w.feed.address,
        ZeroAddress,
        ZeroHash,
      ]);
      const expiry = BigInt(await time.latest()) + BigInt(DAY);
      await alone.recordListing(expiry);
      await expect(alone.provePullUpdate(expiry, [])).to.be.revertedWithCustomError(alone, "NoPullFeed");
    });

    it("ends seven days after expiry; without the guard it competes with the third", async () => {
      const w = await loadFixture(opened);
      const mutant = w.without("SecondRuleOver");
      await mutant.proveNoRound(w.expiry, [id(1, 2)]);
      const update = await blobs(await firstUpdate(w));
      await at(w, PATIENCE);
      expect(await w.oracle.provePullUpdate.staticCall(w.expiry, update, { value: 1n })).to.equal(eth(3_250));
      await time.increase(1);
      await expect(w.oracle.provePullUpdate.staticCall(w.expiry, update, { value: 1n }))
        .to.be.revertedWithCustomError(w.oracle, "SecondRuleClosed")
        .withArgs(w.expiry + PATIENCE, w.expiry + PATIENCE + 1n);
      expect(await mutant.provePullUpdate.staticCall(w.expiry, update, { value: 1n })).to.equal(eth(3_250));
      expect(await mutant.proveLastRound.staticCall(w.expiry, id(1, 2), [])).to.equal(eth(3_100));
    });
  });

  describe("third rule", () => {
    it("takes the last complete round before expiry, later than seven days after it", async () => {
      const w = await loadFixture(opened);
      await at(w, PATIENCE + 1n);
      const sent = await w.oracle.proveLastRound(w.expiry, id(1, 2), []);
      await expect(sent)
        .to.emit(w.oracle, "PriceProved")
        .withArgs(w.expiry, RULE.lastRound, eth(3_100), w.expiry - BigInt(HOUR));
    });

    it("waits while the second can be shown; without the guard its seller has the choice", async () => {
      const w = await loadFixture(opened);
      const mutant = w.without("ThirdRuleOpen");
      await mutant.proveNoRound(w.expiry, [id(1, 2)]);
      await at(w, PATIENCE);
      await expect(w.oracle.proveLastRound.staticCall(w.expiry, id(1, 2), []))
        .to.be.revertedWithCustomError(w.oracle, "SecondRuleOpen")
        .withArgs(w.expiry + PATIENCE, w.expiry + PATIENCE);
      const chosen = await mutant.proveLastRound.staticCall(w.expiry, id(1, 2), []);
      console.log(`      profit of 100 puts that settle before expiry: $${(100n * (eth(3_250) - chosen)) / eth(1)}`);
      expect(chosen).to.equal(eth(3_100));
    });

    it("needs the proof that there is no first round", async () => {
      const w = await loadFixture(silence);
      await at(w, PATIENCE + 1n);
      await expect(w.oracle.proveLastRound(w.expiry, id(1, 2), []))
        .to.be.revertedWithCustomError(w.oracle, "FirstRuleOpen")
        .withArgs(w.expiry);
    });

    it("refuses an earlier round, a later one and an incomplete one; without the guard any round before expiry settles", async () => {
      const w = await loadFixture(opened);
      const mutant = w.without("LastOfPhase");
      await at(w, PATIENCE + 1n);
      const refused = (round: bigint, error: string, ...args: unknown[]) =>
        expect(w.oracle.proveLastRound(w.expiry, round, []))
          .to.be.revertedWithCustomError(w.oracle, error)
          .withArgs(...args);
      await refused(id(1, 1), "NotTheLastRound", id(1, 1), id(1, 2), w.expiry - BigInt(HOUR));
      await refused(id(1, 3), "BoundaryNotBeforeExpiry", id(1, 3), w.expiry + BigInt(4 * HOUR), w.expiry);
      await refused(id(1, 0), "RoundIncomplete", id(1, 0));
      await refused(id(2, 1), "WrongPhase", id(2, 1), 1n);
      await expect(w.oracle.proveLastRound(w.expiry, id(1, 2), [id(1, 2)]))
        .to.be.revertedWithCustomError(w.oracle, "WrongNumberOfPhases")
        .withArgs(1n, 0n);
      // Without the check of the boundary the phase looks silent, whatever it wrote.
      await mutant.proveNoRound(w.expiry, [id(2, 7)]);
      expect(await mutant.proveLastRound.staticCall(w.expiry, id(1, 1), [])).to.equal(eth(3_000));
    });

    it("compares the phases: the latest round wins, a tie goes to the lower phase, an empty phase has none", async () => {
      for (const [offsets, winner] of [
        [[-100, -50], 2],
        [[-50, -100], 1],
        [[-50, -50], 1],
      ] as const) {
        const w = await loadFixture(listed);
        await write(w, [[offsets[0], 3_100]]);
        await write(w, [[offsets[1], 3_200]], 2);
        await write(w, [[5 * HOUR, 3_900]], 3);
        for (let phase = 1; phase < 3; phase++) await w.feed.startPhase();
        await at(w, PATIENCE + 1n);
        await w.oracle.proveNoRound(w.expiry, [id(1, 2), id(2, 1), id(3, 0)]);
        const [one, two] = [id(1, 2), id(2, 1)];
        const prove = (round: bigint) =>
          w.oracle.proveLastRound.staticCall(w.expiry, round, [round === one ? two : one, id(3, 0)]);
        const [right, wrong] = winner === 1 ? [one, two] : [two, one];
        expect(await prove(right)).to.equal(eth(winner === 1 ? 3_100 : 3_200));
        await expect(prove(wrong))
          .to.be.revertedWithCustomError(w.oracle, "LaterRoundInOtherPhase")
          .withArgs(wrong, right, w.expiry + BigInt(Math.max(...offsets)));
      }
    });
  });

  describe("feeds", () => {
    it("settles on feeds of 8 and of 18 decimals at the same price", async () => {
      const [market] = await ethers.getSigners();
      for (const decimals of [8, 18]) {
        const feed = await pushFeed(3_000, decimals);
        const oracle = await deployContract<ExpiryPriceOracle>("oracles/ExpiryPriceOracle", [
          market!.address,
          feed.address,
          ZeroAddress,
          ZeroHash,
        ]);
        const expiry = BigInt(await time.latest()) + BigInt(DAY);
        await oracle.recordListing(expiry);
        await feed.pushHistory([{ phase: 1, updatedAt: expiry + 1n, answer: answer(3_210.5, decimals) }]);
        await time.increaseTo(expiry + 10n);
        await oracle.proveFirstRound(expiry, id(1, 2), []);
        expect(await oracle.settlementPrice(expiry)).to.equal(eth(3_210.5));
      }
    });

    it("settles on one aggregator without a proxy: its plain round numbers are phase 0", async () => {
      const [market] = await ethers.getSigners();
      const feed = await deployContract<WordyFeed & { address: string }>("mocks/WordyFeed");
      // Every question gets these five words: as decimals 8, as a round number 8 of the given time.
      const say = (updatedAt: bigint) =>
        feed.say(AbiCoder.defaultAbiCoder().encode(Array(5).fill("uint256"), [8n, answer(3_210), 0n, updatedAt, 0n]));
      await say(1n);
      const args = [market!.address, feed.address, ZeroAddress, ZeroHash];
      const oracle = await deployContract<ExpiryPriceOracle>("oracles/ExpiryPriceOracle", args);
      const expiry = BigInt(await time.latest()) + BigInt(DAY);
      await oracle.recordListing(expiry);
      await say(expiry);
      await time.increaseTo(expiry + 10n);
      await expect(oracle.proveFirstRound(expiry, 8n, []))
        .to.be.revertedWithCustomError(oracle, "NotTheFirstRound")
        .withArgs(8n, 7n, expiry);
      expect(await oracle.proveFirstRound.staticCall(expiry, 1n, [])).to.equal(eth(3_210));
      // Decimals in one word, and no round.
      await feed.say(AbiCoder.defaultAbiCoder().encode(["uint256"], [8n]));
      await expect(oracle.proveNoRound.staticCall(expiry, []))
        .to.be.revertedWithCustomError(oracle, "WindowOpen")
        .withArgs(expiry + WINDOW, BigInt(await time.latest()));
      await time.increaseTo(expiry + WINDOW + 1n);
      await expect(oracle.proveNoRound(expiry, []))
        .to.be.revertedWithCustomError(oracle, "FeedUnreadable")
        .withArgs(feed.address);
    });

    it("refuses feeds of more than 18 decimals and addresses that are no feed", async () => {
      const { oracle, feed, pyth } = await loadFixture(listed);
      await feed.setDecimals(19);
      const build = (push: string) =>
        deployContract("oracles/ExpiryPriceOracle", [pyth.address, push, pyth.address, PULL_ID]);
      await expect(build(feed.address)).to.be.revertedWithCustomError(oracle, "TooManyDecimals").withArgs(19n);
      await expect(build(pyth.address)).to.be.revertedWithCustomError(oracle, "FeedUnreadable").withArgs(pyth.address);
    });
  });
});
