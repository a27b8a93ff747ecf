import { expect } from "chai";
import {
  buy,
  buyMuch,
  CLOSURE,
  DAY,
  deposit,
  eth,
  fund,
  HOUR,
  keepFresh,
  listBoard,
  networkHelpers,
  postSurface,
  rebalance,
  refreshFeed,
  type System,
  seriesId,
  setPrice,
  stateOf,
  systemOnCurie,
  systemOnMisbehavingVenue,
  usdc,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const abs = (value: bigint): bigint => (value < 0n ? -value : value);

/** By how much the liability of so many options is rounded up: 2^-58 of the notional, and a wei each for the sums. */
// and the book takes the deviation from the variance at once, the quote by way of a volatility of 18 digits.
const rounding = (contracts: bigint): bigint => ((contracts * eth(3_000)) >> 58n) + 500n * contracts;

/** What sales back of everything would return of the skew: κ · V² / (2 · V_cap), up to V_cap. */
async function skewOwed({ riskEngine, market }: System): Promise<bigint> {
  const [{ vega }, capacity] = await Promise.all([riskEngine.book(eth(3_000)), market.vegaCapacity()]);
  return (vega * vega) / (20n * capacity);
}

async function boards() {
  const system = await systemOnMisbehavingVenue();
  await system.venue.connect(system.stranger).setDepth(eth(100_000));
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  return { ...system, expiry };
}

async function hedgedOnCurie() {
  const system = await systemOnCurie();
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  await buy(system, system.dave, seriesId(expiry, 3_000, "call"), eth(20));
  await buy(system, system.dave, seriesId(expiry, 2_850, "put"), eth(5));
  await rebalance(system);
  return { ...system, expiry };
}

describe("RiskEngine", () => {
  describe("book", () => {
    it("is nothing without open interest, at any spot", async () => {
      const { riskEngine } = await loadFixture(boards);
      for (const spot of [1n, eth(3_000), eth(1_000_000)]) {
        const b = await riskEngine.book(spot);
        expect([...b]).to.deep.equal([0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]);
      }
    });

    it("values what was sold at the quote's own model value, from the vault's side", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, market, dave, expiry } = system;
      const call = seriesId(expiry, 3_150, "call");
      const put = seriesId(expiry, 2_850, "put");
      await buy(system, dave, call, eth(3));
      await buy(system, dave, put, eth(5));
      const [{ price: c }, { price: p }, b] = await Promise.all([
        market.quote(call, eth(1)),
        market.quote(put, eth(1)),
        riskEngine.book(eth(3_000)),
      ]);
      const value = 3n * c.value + 5n * p.value;
      const skew = await skewOwed(system);
      expect(skew).to.be.greaterThan(eth("0.5"));
      expect(b.liability).to.be.within(value + skew, value + skew + rounding(8n));
      expect(abs(b.delta + 3n * c.delta + 5n * p.delta)).to.be.lessThanOrEqual(10n);
      expect([b.calls, b.puts]).to.deep.equal([eth(3), eth(5)]);
      // Short options: time works for the vault, moves and volatility against it.
      expect(b.theta).to.be.greaterThan(0n);
      expect(b.gamma).to.be.lessThan(0n);
      expect(abs(b.vega + 3n * c.vega + 5n * p.vega)).to.be.lessThanOrEqual(eth("0.000001"));
    });

    it("rounds the liability up: never less than what was sold is worth", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, market, dave, expiry } = system;
      const id = seriesId(expiry, 3_000, "call");
      await buy(system, dave, id, eth("0.010000000000000001"));
      const [{ price }, { liability }] = await Promise.all([market.quote(id, eth(1)), riskEngine.book(eth(3_000))]);
      expect(liability * eth(1)).to.be.greaterThanOrEqual(price.value * eth("0.010000000000000001"));
    });

    it("adds up over several expiries and follows the posted volatility at once", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, dave, expiry } = system;
      const later = await listBoard(system, { strikes: [3_000], week: 2 });
      await buy(system, dave, seriesId(expiry, 3_000, "call"), eth(2));
      const one = await riskEngine.book(eth(3_000));
      await buy(system, dave, seriesId(later, 3_000, "call"), eth(2));
      const two = await riskEngine.book(eth(3_000));
      // √2 as much for twice the time, and a little more for the forward.
      expect(two.liability).to.be.within((one.liability * 24n) / 10n, (one.liability * 250n) / 100n);
      await time.increase(HOUR);
      const before = await riskEngine.book(eth(3_000));
      await postSurface(system, eth("0.663"));
      const after = await riskEngine.book(eth(3_000));
      const expected = (-before.vega * 13n) / 1_000n;
      expect(after.liability - before.liability).to.be.within((expected * 99n) / 100n, (expected * 101n) / 100n);
    });

    it("carries expected funding in the forward: a call is worth more than the put at the same strike", async () => {
      const system = await loadFixture(boards);
      const { market, riskEngine, dave, expiry } = system;
      await buy(system, dave, seriesId(expiry, 3_000, "call"), eth(1));
      const liability = async () => (await riskEngine.book(eth(3_000))).liability - (await skewOwed(system));
      const call = await liability();
      await buy(system, dave, seriesId(expiry, 3_000, "put"), eth(1));
      const put = (await liability()) - call;
      const { forward } = (await market.quote(seriesId(expiry, 3_000, "call"), eth(1))).price;
      expect(forward).to.be.greaterThan(eth(3_006));
      // Put–call parity on the forward, to the seconds between the reads.
      expect(abs(call - put - (forward - eth(3_000)))).to.be.lessThan(eth("0.01"));
    });

    it("holds value and greeks of the last ten minutes at ten minutes", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, dave, expiry } = system;
      await buy(system, dave, seriesId(expiry, 3_000, "call"), eth(1));
      await time.increaseTo(expiry - 600n);
      const before = await riskEngine.book(eth(3_001));
      await time.increaseTo(expiry - 1n);
      // The doubt of the surface alone goes on growing.
      const after = await riskEngine.book(eth(3_001));
      const values = ({ liability, delta, gamma, vega, theta, timeDelta }: typeof after) => [
        liability,
        delta,
        gamma,
        vega,
        theta,
        timeDelta,
      ];
      expect(values(after)).to.deep.equal(values(before));
      expect(after.volatilityDoubt).to.be.greaterThan(before.volatilityDoubt);
    });

    it("counts an expiry that waits for settlement with the delta of the last checkpoint before it, wherever spot goes", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, saleLimits, stranger, dave, expiry } = system;
      const later = await listBoard(system, { strikes: [3_000], week: 2 });
      await buy(system, dave, seriesId(expiry, 3_000, "call"), eth(10));
      await time.increaseTo(expiry - 120n);
      await setPrice(system, 3_004);
      await saleLimits.connect(stranger).renew();
      const { delta } = await riskEngine.book(eth(3_004));
      expect(delta).to.be.within(-eth(7), -eth(5));
      await time.increaseTo(expiry + 60n);
      for (const price of [2_000, 3_004, 9_000]) {
        await setPrice(system, price);
        expect((await riskEngine.book(eth(price))).delta).to.equal(delta);
      }
      // A checkpoint after the expiry changes nothing, nor does the next expiry's own delta.
      await setPrice(system, 2_000);
      await saleLimits.connect(stranger).renew();
      expect(await saleLimits.spotBefore(expiry)).to.equal(eth(3_004));
      expect((await riskEngine.book(eth(2_000))).delta).to.equal(delta);
      await refreshFeed(system);
      expect(later).to.be.greaterThan(expiry);
    });
  });

  describe("what a sale must leave", () => {
    it("a fifth of NAV at half and at one and a half times spot, and coverLeft says how much there is", async () => {
      const system = await loadFixture(boards);
      const { market, saleLimits, dave, expiry } = system;
      const id = seriesId(expiry, 3_000, "call");
      await buyMuch(system, dave, id, eth(540));
      await refreshFeed(system);
      const { limits } = await market.quote(id, eth(1));
      // A call loses 1,500 at 4,500, and 60 are kept for the moves while a checkpoint serves.
      const covered = (limits.coverLeft * eth(1)) / eth(1_560);
      expect(covered).to.be.within(eth(2), eth(28));
      await fund(system, dave, usdc(1_000_000));
      const order = (size: bigint) => market.connect(dave).buy(id, size, usdc(1_000_000), 2n ** 40n, dave.address);
      await expect(order((covered * 115n) / 100n)).to.be.revertedWithCustomError(saleLimits, "InsufficientCollateral");
      expect((await market.quote(id, (covered * 115n) / 100n)).limits.closure).to.equal(CLOSURE.collateralShort);
      const size = (covered * 99n) / 100n;
      const { premium } = (await market.quote(id, size)).price;
      await order(size);
      const { mid } = await system.riskEngine.valuation();
      const open = await market.openInterest(id);
      const left = (await system.vault.idle()) * 10n ** 12n - (open * eth(1_500)) / eth(1);
      // coverLeft is of before the sale: what the sale brings comes on top.
      expect(left).to.be.within(mid / 5n, mid / 5n + (open * eth(62)) / eth(1) + premium * 10n ** 12n);
    });

    it("counts the hedge, its gains by half", async () => {
      const system = await loadFixture(boards);
      const { saleLimits, dave, expiry } = system;
      const id = seriesId(expiry, 3_000, "call");
      await buyMuch(system, dave, id, eth(540));
      await refreshFeed(system);
      await expect(buy(system, dave, id, eth(25))).to.be.revertedWithCustomError(saleLimits, "InsufficientCollateral");
      await rebalance(system);
      // With half the gain of the hedge at 4,500 there is room for more.
      await refreshFeed(system);
      await buy(system, dave, id, eth(25));
    });
  });

  describe("valuation", () => {
    it("keeps deposits out before a known loss is booked and in line with spot after", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, dave, expiry } = system;
      await buyMuch(system, dave, seriesId(expiry, 3_000, "call"), eth(100));
      const before = await riskEngine.valuation();
      await setPrice(system, 3_300);
      const after = await riskEngine.valuation();
      // 100 calls that gained about 220 each: in the price at once, without anybody's poke.
      expect(before.mid - after.mid).to.be.within(eth(18_000), eth(28_000));
      expect(after.closure).to.equal(CLOSURE.none);
    });

    it("pays no more than the free part out", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, vault, alice, dave, expiry } = system;
      await buyMuch(system, dave, seriesId(expiry, 3_000, "call"), eth(500));
      const { freeLiquidity } = await riskEngine.valuation();
      expect(await vault.maxWithdraw(alice.address)).to.equal(freeLiquidity);
      // 750,000 stay for the loss at 4,500.
      expect(freeLiquidity).to.be.within((await vault.idle()) - usdc(750_001), (await vault.idle()) - usdc(749_999));
      await time.increase(HOUR);
      await setPrice(system, 3_000);
      await vault.connect(alice).withdraw(freeLiquidity, alice.address, alice.address);
      expect((await riskEngine.valuation()).freeLiquidity).to.be.lessThan(usdc(1));
    });

    it("stands apart from the middle by everything that it may be wrong by, to both sides", async () => {
      const system = await loadFixture(hedgedOnCurie);
      const { riskEngine, controller, expiry, surface } = system;
      await system.world$.step({ priceWad: eth(3_000), seconds: HOUR, premiumWad: eth("0.002") });
      const v = await riskEngine.valuation();
      const [b, hedge] = await Promise.all([riskEngine.book(v.spot), controller.position()]);
      const [lambda] = await controller.hedgeCost(v.spot);
      const s = await surface.spread(expiry);
      const wad = eth(1);
      const spot = v.spot;
      const doubt =
        (abs(b.delta + hedge.size) * spot * v.spotDoubt) / wad / wad +
        (abs(b.gamma) * spot * v.spotDoubt * v.spotDoubt) / (2n * wad * wad * wad) +
        (s * abs(b.vega)) / wad +
        (abs(b.timeDelta) * 4n * spot) / 100n / wad +
        (abs(hedge.size) * abs(hedge.markPrice - spot)) / wad +
        (abs(hedge.size) * spot * lambda) / wad / wad;
      expect(v.mid - v.bid).to.equal(v.ask - v.mid);
      expect(abs(v.ask - v.mid - (doubt > v.mid / 1_000n ? doubt : v.mid / 1_000n + 1n))).to.be.lessThan(1_000n);
      // Each of them counts here.
      expect(hedge.markPrice).to.be.greaterThan(spot + eth("0.3"));
      expect(abs(hedge.size)).to.be.greaterThan(eth(5));
    });

    it("is at least 10 bps wide when nothing is open", async () => {
      const { riskEngine } = await loadFixture(boards);
      const { mid, bid, ask } = await riskEngine.valuation();
      expect([mid, mid - bid, ask - mid]).to.deep.equal([eth(1_000_000), eth(1_000), eth(1_000)]);
    });
  });

  describe("closures of the whole vault", () => {
    async function open() {
      const system = await boards();
      await buy(system, system.dave, seriesId(system.expiry, 3_000, "call"), eth(10));
      return system;
    }

    it("SurfaceStale: the surface has had no whole post for longer than its heartbeat", async () => {
      const system = await loadFixture(open);
      const { riskEngine, vault, alice, market, pricer, expiry, dave } = system;
      await time.increase(4 * HOUR - 60);
      await refreshFeed(system);
      expect((await riskEngine.valuation()).closure).to.equal(CLOSURE.none);
      await time.increase(120);
      await refreshFeed(system);
      expect((await riskEngine.valuation()).closure).to.equal(CLOSURE.surfaceStale);
      expect(await vault.maxWithdraw(alice.address)).to.equal(0n);
      await expect(vault.connect(alice).deposit(1n, alice.address))
        .to.be.revertedWithCustomError(vault, "VaultClosed")
        .withArgs(CLOSURE.surfaceStale);
      const id = seriesId(expiry, 3_150, "call");
      expect((await market.quote(id, eth(1))).price.buying).to.equal(CLOSURE.surfaceStale);
      await fund(system, dave, usdc(1_000));
      await expect(market.connect(dave).buy(id, eth(1), usdc(1_000), 2n ** 40n, dave.address))
        .to.be.revertedWithCustomError(pricer, "SurfaceClosed")
        .withArgs(2n);
      await keepFresh(system);
      await market.connect(dave).buy(id, eth(1), usdc(1_000), 2n ** 40n, dave.address);
    });

    it("SurfaceClamped: the last post was not accepted whole", async () => {
      const system = await loadFixture(open);
      const { riskEngine, vault, alice, market, pricer, surface, expiry, dave } = system;
      await time.increase(HOUR);
      await refreshFeed(system);
      // Ten points at once, where a slice may move by its doubt of 2.6.
      await postSurface(system, eth("0.75"));
      expect(await surface.closure()).to.equal(1n);
      expect((await riskEngine.valuation()).closure).to.equal(CLOSURE.surfaceClamped);
      await expect(vault.connect(alice).redeem(1n, alice.address, alice.address))
        .to.be.revertedWithCustomError(vault, "VaultClosed")
        .withArgs(CLOSURE.surfaceClamped);
      const id = seriesId(expiry, 3_150, "call");
      await fund(system, dave, usdc(1_000));
      await expect(market.connect(dave).buy(id, eth(1), usdc(1_000), 2n ** 40n, dave.address))
        .to.be.revertedWithCustomError(pricer, "SurfaceClosed")
        .withArgs(1n);
      await time.increase(601);
      await postSurface(system, await surface.atTheMoneyVolatility(expiry));
      expect((await riskEngine.valuation()).closure).to.equal(CLOSURE.none);
    });

    it("an old surface closes nothing for the vault while no option is open", async () => {
      const system = await loadFixture(boards);
      await time.increase(5 * HOUR);
      await refreshFeed(system);
      expect((await system.riskEngine.valuation()).closure).to.equal(CLOSURE.none);
      await deposit(system, system.bob, usdc(1_000));
    });

    it("failure 15: a feed that changes its decimals closes everything, and is never misread", async () => {
      const system = await loadFixture(open);
      const { riskEngine, vault, controller, market, oracle, lens, feed, stranger, alice, dave, expiry } = system;
      const before = await riskEngine.valuation();
      await feed.connect(stranger).setDecimals(18);
      await feed.connect(stranger).setAnswer(eth(3_000));
      const after = await riskEngine.valuation();
      expect([after.closure, after.spot, after.mid]).to.deep.equal([CLOSURE.priceUntrusted, 0n, 0n]);
      expect((await lens.snapshot()).spotFault).to.equal(2n);
      expect((await controller.hedgeState()).spot).to.equal(0n);
      const id = seriesId(expiry, 3_150, "call");
      expect((await market.quote(id, eth(1))).price.buying).to.equal(CLOSURE.priceUntrusted);
      await fund(system, dave, usdc(1_000));
      await expect(market.connect(dave).buy(id, eth(1), usdc(1_000), 2n ** 40n, dave.address))
        .to.be.revertedWithCustomError(oracle, "FeedDecimalsChanged")
        .withArgs(await feed.getAddress(), 8n, 18n);
      await expect(
        market.connect(dave).sell(seriesId(expiry, 3_000, "call"), eth(1), 0n, 2n ** 40n, dave.address),
      ).to.be.revertedWithCustomError(oracle, "FeedDecimalsChanged");
      await expect(vault.connect(alice).deposit(1n, alice.address))
        .to.be.revertedWithCustomError(vault, "VaultClosed")
        .withArgs(CLOSURE.priceUntrusted);
      await expect(rebalance(system)).to.be.revertedWithCustomError(oracle, "FeedDecimalsChanged");
      // The feed as it was brings everything back as it was.
      await feed.connect(stranger).setDecimals(8);
      await feed.connect(stranger).setAnswer(3_000n * 10n ** 8n);
      const again = await riskEngine.valuation();
      expect([again.closure, again.spot]).to.deep.equal([CLOSURE.none, before.spot]);
    });

    it("failure 16: closes on a stale feed, and every view answers at the last price", async () => {
      const system = await loadFixture(open);
      const { riskEngine, vault, market, oracle, controller, lens, alice, dave, expiry } = system;
      const before = await riskEngine.valuation();
      await time.increase(3_961);
      const after = await riskEngine.valuation();
      expect([after.closure, after.spot]).to.deep.equal([CLOSURE.priceUntrusted, before.spot]);
      expect(after.mid).to.be.greaterThan(0n);
      expect((await lens.snapshot()).spotFault).to.equal(6n);
      expect((await controller.hedgeState()).reason).to.equal(4n);
      expect(await vault.maxRedeem(alice.address)).to.equal(0n);
      const id = seriesId(expiry, 3_000, "call");
      await expect(
        market.connect(dave).buy(id, eth(1), 2n ** 60n, 2n ** 40n, dave.address),
      ).to.be.revertedWithCustomError(oracle, "PriceStale");
      await expect(market.connect(dave).sell(id, eth(1), 0n, 2n ** 40n, dave.address)).to.be.revertedWithCustomError(
        oracle,
        "PriceStale",
      );
      await expect(rebalance(system)).to.be.revertedWithCustomError(oracle, "PriceStale");
    });

    it("failure 16: closes while the sequencer is down, and until its queue must have arrived", async () => {
      const system = await loadFixture(async function onRollup() {
        const parts = await systemOnMisbehavingVenue({ hasSequencer: true });
        await deposit(parts, parts.alice, usdc(1_000_000));
        const expiry = await listBoard(parts);
        await buy(parts, parts.dave, seriesId(expiry, 3_000, "call"), eth(10));
        return { ...parts, expiry };
      });
      const { riskEngine, lens, market, oracle, uptime, stranger, alice, dave, vault, expiry } = system;
      const order = () =>
        market.connect(dave).buy(seriesId(expiry, 3_000, "call"), eth(1), 2n ** 60n, 2n ** 40n, dave.address);
      await uptime.connect(stranger).setAnswer(1n);
      expect((await lens.snapshot()).spotFault).to.equal(8n);
      await expect(order()).to.be.revertedWithCustomError(oracle, "SequencerDown");
      await time.increase(HOUR);
      await uptime.connect(stranger).setAnswer(0n);
      await setPrice(system, 2_500); // a price from before the outage may still be on its way
      expect((await lens.snapshot()).spotFault).to.equal(9n);
      await expect(order()).to.be.revertedWithCustomError(oracle, "SequencerInGrace");
      await expect(vault.connect(alice).withdraw(1n, alice.address, alice.address))
        .to.be.revertedWithCustomError(vault, "VaultClosed")
        .withArgs(CLOSURE.priceUntrusted);
      await time.increase(HOUR + 1);
      await keepFresh(system);
      expect((await riskEngine.valuation()).closure).to.equal(CLOSURE.none);
    });

    it("failure 11: an account under water counts as nothing, for the middle, the bid and the ask", async () => {
      const system = await loadFixture(open);
      const { riskEngine, venue, vault, stranger } = system;
      const live = stateOf(await venue.state());
      await venue.connect(stranger).setState({ ...live, cash: -eth(1_000_000) });
      const v = await riskEngine.valuation();
      const idle = (await vault.idle()) * 10n ** 12n;
      expect([v.venueEquity, v.mid]).to.deep.equal([-eth(1_000_000), idle - v.liability]);
    });
  });

  it("values a book of a day's age as before: nothing is cached", async () => {
    const system = await loadFixture(boards);
    const { riskEngine, market, dave, expiry } = system;
    const id = seriesId(expiry, 3_000, "call");
    await buy(system, dave, id, eth(10));
    await time.increase(DAY);
    await refreshFeed(system);
    const { value } = (await market.quote(id, eth(1))).price;
    const liability = (await riskEngine.book(eth(3_000))).liability - (await skewOwed(system));
    expect(liability).to.be.within(10n * value, 10n * value + rounding(10n));
  });

  it("doubts the carry and owes the skew as the pricer charges them", async () => {
    const { riskEngine, pricer } = await loadFixture(boards);
    expect(await riskEngine.CARRY_DOUBT()).to.equal(await pricer.CARRY_DOUBT());
    expect(await riskEngine.SKEW()).to.equal(await pricer.SKEW());
    expect(await riskEngine.MIN_TIME_TO_EXPIRY()).to.equal(await pricer.MIN_TIME());
  });
});
