import { expect } from "chai";
import { MaxUint256, parseEther } from "ethers";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { AccessManager, Auctions, AuctionsMutant, ToldMarket, ToldPricer } from "../../types/index.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { connection, DAY, HOUR } from "../helpers/system.ts";

const { ethers, networkHelpers } = connection;
const { time } = networkHelpers;
const MINUTE = 60;
const eth = (amount: number): bigint => parseEther(`${amount}`);
const MIN_SIZE = eth(0.01);
const MAX_SIZE = 2n ** 88n - 1n;
const STATE = { scheduled: 0n, open: 1n, soldOut: 2n, ended: 3n, cancelled: 4n } as const;
/** In the order of AuctionsMutant.Guard. */
const GUARDS = ["Terms", "Window", "Fill", "Take", "Rounding"] as const;
type Guard = (typeof GUARDS)[number];
type Contract = Auctions | AuctionsMutant;

interface Schedule {
  readonly seriesId: bigint;
  readonly size: bigint;
  readonly start: number;
  readonly end: number;
  readonly firstFactor: bigint;
  readonly lastFactor: bigint;
}

const idOf = (expiry: number, strike: bigint) => (BigInt(expiry) << 65n) | (1n << 64n) | (strike / 10n ** 9n);

async function fixture() {
  const [admin, curator, buyer, receiver, stranger] = await ethers.getSigners();
  const manager = (await ethers.deployContract("AccessManager", [admin!.address])) as unknown as AccessManager;
  const market = (await ethers.deployContract("ToldMarket")) as unknown as ToldMarket;
  const pricer = (await ethers.deployContract("ToldPricer")) as unknown as ToldPricer;
  await manager.grantRole(1n, curator!.address, 0);
  const args = [await manager.getAddress(), await market.getAddress(), await pricer.getAddress()];
  const deploy = async (missing?: Guard): Promise<Contract> => {
    const auctions = (missing === undefined
      ? await ethers.deployContract("Auctions", args)
      : await ethers.deployContract("AuctionsMutant", [...args, GUARDS.indexOf(missing)])) as unknown as Contract;
    const selectors = (["schedule", "cancel"] as const).map((name) => auctions.interface.getFunction(name).selector);
    await manager.setTargetFunctionRole(await auctions.getAddress(), selectors, 1n);
    return auctions;
  };
  const now = await time.latest();
  const expiry = now + 30 * DAY;
  await market.listExpiry(expiry);
  await market.listStrikes(expiry, [eth(3_000), eth(3_200)]);
  return {
    market,
    deploy,
    expiry,
    curator: curator!,
    buyer: buyer!,
    receiver: receiver!,
    stranger: stranger!,
    call: idOf(expiry, eth(3_000)),
    other: idOf(expiry, eth(3_200)),
  };
}

/** An auction house with one auction: 10 options from in an hour for a day, 2 → .5. */
async function world(missing?: Guard) {
  const parts = await networkHelpers.loadFixture(fixture);
  const auctions = await parts.deploy(missing);
  const start = (await time.latest()) + HOUR;
  const terms: Schedule = {
    seriesId: parts.call,
    size: eth(10),
    start,
    end: start + DAY,
    firstFactor: eth(2),
    lastFactor: eth(0.5),
  };
  const schedule = async (changes: Partial<Schedule> = {}) => {
    await (auctions.connect(parts.curator) as Contract).schedule({ ...terms, ...changes });
    return (await auctions.auctionCount()) - 1n;
  };
  /** `buyer` fills `size` in a block of time `at`. */
  const fill = async (at: number, size: bigint, id = 0n) => {
    await time.setNextBlockTimestamp(at);
    return (auctions.connect(parts.buyer) as Contract).fill(id, size, MaxUint256, MaxUint256, parts.receiver.address);
  };
  return { ...parts, auctions, terms, schedule, fill, start, end: start + DAY };
}

/** What holds with a guard, and fails without it. */
async function holdsExceptWithout(guard: Guard, claim: (w: Awaited<ReturnType<typeof world>>) => Promise<void>) {
  await claim(await world());
  let failure: unknown;
  try {
    await claim(await world(guard));
  } catch (error) {
    failure = error;
  }
  expect(failure, `the claim holds without ${guard}, too`).to.be.instanceOf(Error);
}

describe("Auctions", () => {
  describe("a schedule", () => {
    it("is refused from anyone but the curator", async () => {
      const { auctions, terms, stranger, schedule } = await world();
      const contract = auctions.connect(stranger) as Contract;
      await expect(contract.schedule(terms))
        .to.be.revertedWithCustomError(auctions, "AccessManagedUnauthorized")
        .withArgs(stranger.address);
      await schedule();
      await expect(contract.cancel(0n))
        .to.be.revertedWithCustomError(auctions, "AccessManagedUnauthorized")
        .withArgs(stranger.address);
      expect(await auctions.auctionCount()).to.equal(1n);
    });

    it("is refused for a series that the market does not know", async () => {
      const { auctions, expiry, schedule } = await world();
      const seriesId = idOf(expiry, eth(3_100));
      await expect(schedule({ seriesId }))
        .to.be.revertedWithCustomError(auctions, "SeriesNotListed")
        .withArgs(seriesId);
    });

    it("Q6: is held to its bounds, each with its own error, and accepted at each of them", async () => {
      await holdsExceptWithout("Terms", async ({ auctions, terms, expiry, schedule }) => {
        const refuse = async (changes: Partial<Schedule>, error: string, args: readonly unknown[]) =>
          expect(schedule(changes), error)
            .to.be.revertedWithCustomError(auctions, error)
            .withArgs(...args);
        const { start } = terms;
        await refuse({ size: 0n }, "SizeOutOfBounds", [0n, MIN_SIZE, MAX_SIZE]);
        await refuse({ size: MIN_SIZE - 1n }, "SizeOutOfBounds", [MIN_SIZE - 1n, MIN_SIZE, MAX_SIZE]);
        await refuse({ size: MAX_SIZE + 1n }, "SizeOutOfBounds", [MAX_SIZE + 1n, MIN_SIZE, MAX_SIZE]);
        await refuse({ size: MaxUint256 }, "SizeOutOfBounds", [MaxUint256, MIN_SIZE, MAX_SIZE]);
        const window = [10 * MINUTE, 7 * DAY] as const;
        await refuse({ end: start + 10 * MINUTE - 1 }, "WindowOutOfBounds", [10 * MINUTE - 1, ...window]);
        await refuse({ end: start + 7 * DAY + 1 }, "WindowOutOfBounds", [7 * DAY + 1, ...window]);
        await refuse({ end: start - 1 }, "WindowOutOfBounds", [0, ...window]);
        const closesAt = expiry - HOUR;
        await refuse({ start: closesAt - DAY, end: closesAt }, "EndTooLate", [closesAt, closesAt]);
        await refuse({ firstFactor: eth(5) + 1n }, "FactorOutOfBounds", [eth(5) + 1n, eth(5)]);
        await refuse({ firstFactor: eth(1), lastFactor: eth(1) + 1n }, "FactorRises", [eth(1), eth(1) + 1n]);
        await refuse({ firstFactor: 0n, lastFactor: 2n ** 64n }, "FactorRises", [0n, 2n ** 64n]);
        const next = (await time.latest()) + MINUTE;
        await time.setNextBlockTimestamp(next);
        await refuse({ start: next - 1 }, "StartInThePast", [next - 1, next]);
        await time.setNextBlockTimestamp(next + 1);
        await schedule({ start: next + 1, size: MIN_SIZE });

        await schedule({ size: MAX_SIZE, end: start + 10 * MINUTE });
        await schedule({ end: start + 7 * DAY, firstFactor: eth(5), lastFactor: 0n });
        await schedule({ start: closesAt - DAY - 1, end: closesAt - 1, firstFactor: 0n, lastFactor: 0n });
        expect(await auctions.auctionCount()).to.equal(4n);
      });
    });

    it("tells an indexer everything, and comes back as it was given", async () => {
      const { auctions, terms, curator, start } = await world();
      const transaction = (auctions.connect(curator) as Contract).schedule(terms);
      await expect(transaction).to.emit(auctions, "Scheduled").withArgs(0n, terms.seriesId, Object.values(terms));
      const auction = await auctions.auctionOf(0n);
      expect([...auction.schedule]).to.deep.equal(Object.values(terms).map(BigInt));
      expect(auction.remaining).to.equal(eth(10));
      expect(auction.factor).to.equal(eth(2));
      expect(auction.state).to.equal(STATE.scheduled);
      expect(auction.schedule.start).to.equal(BigInt(start));
    });

    it("keeps the largest values of every field", async () => {
      const { auctions, schedule } = await world();
      await schedule({ size: MAX_SIZE, firstFactor: eth(5), lastFactor: eth(5) });
      const { schedule: kept, remaining } = await auctions.auctionOf(0n);
      expect([kept.size, kept.firstFactor, kept.lastFactor, remaining]).to.deep.equal([
        MAX_SIZE,
        eth(5),
        eth(5),
        MAX_SIZE,
      ]);
    });
  });

  describe("a fill", () => {
    it("is refused for an auction that does not exist, by every function", async () => {
      const { auctions, curator, fill, start } = await world();
      const unknown = (promise: Promise<unknown>) =>
        expect(promise).to.be.revertedWithCustomError(auctions, "UnknownAuction").withArgs(0n);
      await unknown(fill(start, eth(1)));
      await unknown((auctions.connect(curator) as Contract).cancel(0n));
      await unknown(auctions.auctionOf(0n));
      await unknown(auctions.quote(0n, eth(1)));
    });

    it("Q6: is refused before the start and after the end, and possible in both edge seconds", async () => {
      await holdsExceptWithout("Window", async ({ auctions, schedule, fill, start, end }) => {
        await schedule();
        await expect(fill(start - 1, eth(1)))
          .to.be.revertedWithCustomError(auctions, "NotStarted")
          .withArgs(0n, start, start - 1);
        await fill(start, eth(1));
        expect((await auctions.auctionOf(0n)).state).to.equal(STATE.open);
        await fill(end, eth(1));
        await expect(fill(end + 1, eth(1)))
          .to.be.revertedWithCustomError(auctions, "AuctionOver")
          .withArgs(0n, STATE.ended);
        const { remaining, state } = await auctions.auctionOf(0n);
        expect([remaining, state]).to.deep.equal([eth(8), STATE.open]);
      });
    });

    it("expires with the window: what was not sold stays unsold", async () => {
      const { auctions, schedule, start, end } = await world();
      await schedule();
      await time.increaseTo(start);
      expect((await auctions.auctionOf(0n)).state).to.equal(STATE.open);
      await time.increaseTo(end + 1);
      const { remaining, state, factor } = await auctions.auctionOf(0n);
      expect([remaining, state, factor]).to.deep.equal([eth(10), STATE.ended, eth(0.5)]);
    });

    it("is refused once the curator has cancelled, and what was sold stays sold", async () => {
      await holdsExceptWithout("Window", async ({ auctions, curator, schedule, fill, start, market }) => {
        await schedule();
        await fill(start, eth(4));
        await expect((auctions.connect(curator) as Contract).cancel(0n))
          .to.emit(auctions, "Cancelled")
          .withArgs(0n, eth(6));
        await expect(fill(start + 10, eth(1)))
          .to.be.revertedWithCustomError(auctions, "AuctionOver")
          .withArgs(0n, STATE.cancelled);
        expect((await auctions.auctionOf(0n)).remaining).to.equal(eth(6));
        expect(await market.sold()).to.equal(eth(4));
      });
    });

    it("cannot be cancelled away twice, nor after it is sold out or over", async () => {
      const { auctions, curator, schedule, fill, start, end } = await world();
      const cancel = (id: bigint) => (auctions.connect(curator) as Contract).cancel(id);
      await schedule();
      await schedule();
      await schedule();
      await cancel(0n);
      await fill(start, eth(10), 1n);
      await time.increaseTo(end + 1);
      for (const [id, state] of [STATE.cancelled, STATE.soldOut, STATE.ended].entries()) {
        await expect(cancel(BigInt(id)))
          .to.be.revertedWithCustomError(auctions, "AuctionOver")
          .withArgs(BigInt(id), state);
      }
    });

    it("of 1 wei, of dust, of more than the rest, or one that leaves dust is refused; exactly the rest is sold", async () => {
      await holdsExceptWithout("Fill", async ({ auctions, schedule, fill, start, market }) => {
        await schedule({ size: eth(1) });
        const refuse = async (at: number, size: bigint, error: string, args: readonly bigint[]) =>
          expect(fill(at, size))
            .to.be.revertedWithCustomError(auctions, error)
            .withArgs(...args);
        await refuse(start, 0n, "FillBelowMinimum", [0n, MIN_SIZE]);
        await refuse(start + 1, 1n, "FillBelowMinimum", [1n, MIN_SIZE]);
        await refuse(start + 2, MIN_SIZE - 1n, "FillBelowMinimum", [MIN_SIZE - 1n, MIN_SIZE]);
        await refuse(start + 3, eth(1) + 1n, "FillAboveRemaining", [eth(1) + 1n, eth(1)]);
        await refuse(start + 4, MaxUint256, "FillAboveRemaining", [MaxUint256, eth(1)]);
        await refuse(start + 5, eth(1) - 1n, "RestBelowMinimum", [1n, MIN_SIZE]);
        await refuse(start + 6, eth(1) - MIN_SIZE + 1n, "RestBelowMinimum", [MIN_SIZE - 1n, MIN_SIZE]);
        await fill(start + 7, eth(1) - MIN_SIZE);
        await fill(start + 8, MIN_SIZE);
        await refuse(start + 9, MIN_SIZE, "AuctionOver", [0n, STATE.soldOut]);
        expect(await market.sold()).to.equal(eth(1));
      });
    });

    it("sells through the market: series, size, factor, limit, buyer and receiver arrive, and the premium comes back", async () => {
      const { auctions, market, schedule, buyer, receiver, start, call, fill } = await world();
      await schedule();
      await time.increaseTo(start);
      await time.setNextBlockTimestamp(start + DAY / 2);
      const contract = auctions.connect(buyer) as Contract;
      // 100 an option at 1.25, half-way from 2 to .5.
      expect(await contract.fill.staticCall(0n, eth(2), MaxUint256, MaxUint256, receiver.address)).to.equal(
        400_000_000n,
      );
      await time.setNextBlockTimestamp(start + DAY / 2);
      await expect(contract.fill(0n, eth(2), 250_000_000n, MaxUint256, receiver.address))
        .to.emit(auctions, "Filled")
        .withArgs(0n, call, buyer.address, receiver.address, eth(2), eth(1.25), 250_000_000n, eth(8));
      expect([...(await market.lastSale())]).to.deep.equal([
        call,
        eth(2),
        eth(1.25),
        250_000_000n,
        buyer.address,
        receiver.address,
      ]);
      await fill(start + DAY, eth(1));
      expect((await market.lastSale()).factor).to.equal(eth(0.5));
    });

    it("keeps the buyer's limits: a dearer premium and a later block are refused, and nothing is taken off", async () => {
      const { auctions, market, schedule, buyer, start } = await world();
      await schedule();
      const contract = auctions.connect(buyer) as Contract;
      await time.setNextBlockTimestamp(start);
      await expect(contract.fill(0n, eth(1), 199_999_999n, MaxUint256, buyer.address))
        .to.be.revertedWithCustomError(market, "PremiumAboveLimit")
        .withArgs(200_000_000n, 199_999_999n);
      await time.setNextBlockTimestamp(start + 10);
      await expect(contract.fill(0n, eth(1), MaxUint256, start + 9, buyer.address))
        .to.be.revertedWithCustomError(auctions, "DeadlinePassed")
        .withArgs(start + 9, start + 10);
      expect((await auctions.auctionOf(0n)).remaining).to.equal(eth(10));
      await time.setNextBlockTimestamp(start + 20);
      await contract.fill(0n, eth(1), MaxUint256, start + 20, buyer.address);
      expect((await auctions.auctionOf(0n)).remaining).to.equal(eth(9));
    });

    it("within a fill finds what is being sold already gone: nothing is sold twice", async () => {
      await holdsExceptWithout("Take", async ({ auctions, market, schedule, fill, start, stranger }) => {
        await schedule();
        const again = auctions.interface.encodeFunctionData("fill", [
          0n,
          eth(6),
          MaxUint256,
          MaxUint256,
          stranger.address,
        ]);
        await market.arm(await auctions.getAddress(), again);
        await fill(start, eth(6));
        expect(await market.succeeded()).to.equal(false);
        const refusal = auctions.interface.parseError(await market.returned())!;
        expect([refusal.name, ...refusal.args]).to.deep.equal(["FillAboveRemaining", eth(6), eth(4)]);
        expect(await market.sold()).to.equal(eth(6));
      });
    });

    it("Q6: of one auction leaves another of the same series alone", async () => {
      const { auctions, market, schedule, fill, start, other, call } = await world();
      const first = await schedule();
      const second = await schedule({ size: eth(3), firstFactor: eth(1) });
      const third = await schedule({ seriesId: other });
      await fill(start, eth(10), first);
      await expect(fill(start + 1, MIN_SIZE, first))
        .to.be.revertedWithCustomError(auctions, "AuctionOver")
        .withArgs(first, STATE.soldOut);
      expect((await auctions.auctionOf(second)).remaining).to.equal(eth(3));
      await fill(start + 2, eth(3), second);
      expect((await market.lastSale()).id).to.equal(call);
      await fill(start + 3, eth(1), third);
      expect((await market.lastSale()).id).to.equal(other);
      const states = await Promise.all([first, second, third].map(async (id) => (await auctions.auctionOf(id)).state));
      expect(states).to.deep.equal([STATE.soldOut, STATE.soldOut, STATE.open]);
    });
  });

  describe("the factor", () => {
    it("rounds against the buyer: never below the line, never a whole wei above it", async () => {
      await holdsExceptWithout("Rounding", async ({ auctions, schedule, start }) => {
        // 3 over 7 minutes… does not come out even in any second.
        const terms = { firstFactor: eth(3), lastFactor: 1n, end: start + 11 * MINUTE + 13 };
        await schedule(terms);
        const [drop, window] = [terms.firstFactor - terms.lastFactor, BigInt(terms.end - start)];
        for (const elapsed of [0, 1, 7, 100, 333, 672, 673]) {
          await time.increaseTo(start + elapsed);
          const { factor } = await auctions.auctionOf(0n);
          const exact = terms.firstFactor * window - drop * BigInt(elapsed);
          expect(factor * window >= exact, `below at ${elapsed}`).to.equal(true);
          expect((factor - 1n) * window < exact, `above at ${elapsed}`).to.equal(true);
        }
        expect((await auctions.auctionOf(0n)).factor).to.equal(1n);
      });
    });

    it("of 0 from start to end stays 0, and of 5 stays 5", async () => {
      const { auctions, schedule, start } = await world();
      await schedule({ firstFactor: 0n, lastFactor: 0n });
      await schedule({ firstFactor: eth(5), lastFactor: eth(5) });
      for (const at of [start - 10, start, start + 12_345, start + DAY, start + 2 * DAY]) {
        await time.increaseTo(at);
        expect((await auctions.auctionOf(0n)).factor).to.equal(0n);
        expect((await auctions.auctionOf(1n)).factor).to.equal(eth(5));
      }
    });

    it("is what the quote is made with, whatever the auction's state, and the quote says what is left", async () => {
      const { auctions, schedule, fill, start, end, call } = await world();
      await schedule();
      const premiumAt = async (factor: bigint) => {
        const { price, auction } = await auctions.quote(0n, eth(1));
        expect(price.premium).to.equal(call + eth(1) + factor);
        expect(auction.factor).to.equal(factor);
        return auction;
      };
      expect((await premiumAt(eth(2))).state).to.equal(STATE.scheduled);
      await fill(start + DAY / 2, eth(4));
      expect((await premiumAt(eth(1.25))).remaining).to.equal(eth(6));
      await time.increaseTo(end + HOUR);
      expect((await premiumAt(eth(0.5))).state).to.equal(STATE.ended);
    });
  });

  it("sells no more than it offered, whoever fills what in which order", async function () {
    const runs = fuzzRuns(25);
    this.timeout(runs * 4_000);
    const sizes = fc.bigInt(0n, eth(12));
    const nearby = fc.oneof(sizes, fc.constantFrom(0n, 1n, MIN_SIZE - 1n, MIN_SIZE, MIN_SIZE + 1n));
    const step = fc.record({
      auction: fc.constantFrom(0n, 1n),
      size: fc.oneof(
        { arbitrary: nearby, weight: 3 },
        { arbitrary: fc.constantFrom("rest", "restLessDust"), weight: 1 },
      ),
      seconds: fc.integer({ min: 1, max: 6 * HOUR }),
    });
    const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
      const { auctions, market, schedule, fill, start } = await world();
      await schedule();
      await schedule({ size: eth(2.345), firstFactor: eth(1), lastFactor: eth(1) });
      let at = start - HOUR / 2;
      const filled = [0n, 0n];
      for (const { auction, size, seconds } of steps) {
        at += seconds;
        const before = (await auctions.auctionOf(auction)).remaining;
        const wanted = size === "rest" ? before : size === "restLessDust" ? before - MIN_SIZE + 1n : (size as bigint);
        const accepted = await fill(at, wanted, auction).then(
          () => true,
          () => false,
        );
        if (accepted) filled[Number(auction)]! += wanted;
        const { remaining, schedule: terms, state } = await auctions.auctionOf(auction);
        expect(remaining + filled[Number(auction)]!).to.equal(terms.size);
        expect(remaining === 0n || remaining >= MIN_SIZE, "a rest that nobody can buy").to.equal(true);
        expect(state === STATE.soldOut).to.equal(remaining === 0n);
      }
      expect(await market.sold()).to.equal(filled[0]! + filled[1]!);
    });
    await fc.assert(property, { numRuns: runs, seed: 0xba11a57 });
  });
});
