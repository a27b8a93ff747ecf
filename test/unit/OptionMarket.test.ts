import { expect } from "chai";
import { MaxUint256, ZeroAddress } from "ethers";
import fc from "fast-check";
import { bring, pullUpdate } from "../helpers/feeds.ts";
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
  latestRound,
  listBoard,
  networkHelpers,
  nextFriday,
  postSurface,
  prove,
  rebalance,
  refreshFeed,
  seriesId,
  setPrice,
  settleAt,
  setVegaCapacity,
  stateOf,
  systemOnCurie,
  systemOnMisbehavingVenue,
  usdc,
  VOLATILITY,
  WEEK,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const week = BigInt(WEEK);
const month = (timestamp: bigint): number => new Date(Number(timestamp) * 1000).getUTCMonth();
const isLastOfMonth = (friday: bigint): boolean => month(friday) !== month(friday + week);

/** The `count` first Fridays from `from` on that are the last of their month. */
function lastFridays(from: bigint, count: number): bigint[] {
  const found: bigint[] = [];
  for (let friday = from; found.length < count; friday += week) if (isLastOfMonth(friday)) found.push(friday);
  return found;
}

/** Where nothing is listed and nobody has deposited; the clock stands on a Friday at 07:00 UTC. */
async function empty() {
  return systemOnMisbehavingVenue();
}

async function listed() {
  const system = await systemOnMisbehavingVenue();
  await system.venue.connect(system.stranger).setDepth(eth(100_000));
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  return { ...system, expiry, call: seriesId(expiry, 3_000, "call"), put: seriesId(expiry, 3_000, "put") };
}

/** With another expiry a week later. */
async function listedTwice() {
  const system = await listed();
  const later = await listBoard(system, { strikes: [3_000], week: 2 });
  return { ...system, later, next: seriesId(later, 3_000, "call") };
}

/** Two buyers in a call and a put at 3,000, settled at 3,100. */
async function settled() {
  const system = await listed();
  await buy(system, system.dave, system.call, eth(7));
  await buy(system, system.erin, system.call, eth(3));
  await buy(system, system.erin, system.put, eth(4));
  await settleAt(system, system.expiry, 3_100);
  return system;
}

describe("OptionMarket", () => {
  describe("listing", () => {
    it("is the lister's, and V_cap the curator's, alone", async () => {
      const { market, alice, keeper, governor, expiry } = await loadFixture(listed);
      for (const who of [alice, keeper, governor]) {
        const m = market.connect(who);
        for (const call of [
          () => m.listExpiry(expiry + week),
          () => m.listStrikes(expiry, [eth(1)]),
          () => m.setVegaCapacity(1n),
        ]) {
          await expect(call()).to.be.revertedWithCustomError(market, "AccessManagedUnauthorized").withArgs(who.address);
        }
      }
    });

    it("takes Fridays at 08:00 UTC, and no other second of the week", async () => {
      const { market, curator } = await loadFixture(empty);
      const m = market.connect(curator);
      const expiry = nextFriday(BigInt(await time.latest())) + 2n * week;
      for (const off of [-1n, 1n, BigInt(HOUR), BigInt(DAY), -BigInt(DAY), BigInt(3 * DAY)]) {
        await expect(m.listExpiry(expiry + off))
          .to.be.revertedWithCustomError(market, "ExpiryNotOnCalendar")
          .withArgs(expiry + off);
      }
      await expect(m.listExpiry(expiry)).to.emit(market, "ExpiryListed").withArgs(expiry);
    });

    it("takes every Friday for five weeks, and beyond only the last one of a month", async () => {
      const { market, curator } = await loadFixture(empty);
      const m = market.connect(curator);
      let today = nextFriday(BigInt(await time.latest()));
      // A month's last Friday five weeks ahead would be taken anyway.
      while (isLastOfMonth(today + 5n * week)) {
        today += week;
        await time.increaseTo(today - BigInt(HOUR));
      }
      const fifth = today + 5n * week;
      for (let ahead = 1n; ahead < 5n; ahead++) await m.listExpiry(today + ahead * week);
      await expect(m.listExpiry(fifth)).to.be.revertedWithCustomError(market, "ExpiryNotOnCalendar").withArgs(fifth);
      await time.setNextBlockTimestamp(today);
      await m.listExpiry(fifth);
      const [near, far] = lastFridays(fifth + 2n * week, 11);
      for (const last of [near!, far!, lastFridays(fifth + 2n * week, 11).at(-1)!]) {
        for (const off of [last - week, last + week]) {
          await expect(m.listExpiry(off)).to.be.revertedWithCustomError(market, "ExpiryNotOnCalendar").withArgs(off);
        }
        await m.listExpiry(last);
      }
    });

    it("takes expiries from an hour to 400 days ahead, once each", async () => {
      const { market, curator } = await loadFixture(empty);
      const m = market.connect(curator);
      const today = nextFriday(BigInt(await time.latest()));
      await time.setNextBlockTimestamp(today - BigInt(HOUR) + 60n);
      await expect(m.listExpiry(today))
        .to.be.revertedWithCustomError(market, "ExpiryTooSoon")
        .withArgs(today, today + 60n);
      await expect(m.listExpiry(today - week)).to.be.revertedWithCustomError(market, "ExpiryTooSoon");
      const within = lastFridays(today, 15).filter((friday) => friday - today < 400n * BigInt(DAY));
      const last = within.at(-1)!;
      const [beyond] = lastFridays(last + week, 1);
      await expect(m.listExpiry(beyond!)).to.be.revertedWithCustomError(market, "ExpiryTooFar");
      await m.listExpiry(last);
      await time.setNextBlockTimestamp(today + week - BigInt(HOUR));
      await m.listExpiry(today + week);
      await expect(m.listExpiry(today + week)).to.be.revertedWithCustomError(market, "ExpiryTooSoon");
      await expect(m.listExpiry(last)).to.be.revertedWithCustomError(market, "ExpiryAlreadyListed").withArgs(last);
      expect(await market.liveExpiries()).to.deep.equal([last, today + week]);
    });

    it("tells the surface and the settlement oracle", async () => {
      const { surface, expiryPrices, expiry } = await loadFixture(listed);
      expect(await surface.expiries()).to.deep.equal([expiry]);
      const { listed: isListed, listedPhase } = await expiryPrices.recordOf(expiry);
      expect([isListed, listedPhase]).to.deep.equal([true, 1n]);
    });

    it("takes strikes that fit a slot, once each, on a live expiry", async () => {
      const system = await loadFixture(listed);
      const { market, curator, expiry } = system;
      const m = market.connect(curator);
      for (const strike of [0n, 1n, eth(3_001) + 1n, (1n << 64n) * 10n ** 9n]) {
        await expect(m.listStrikes(expiry, [strike]))
          .to.be.revertedWithCustomError(market, "StrikeNotPackable")
          .withArgs(strike);
      }
      await expect(m.listStrikes(expiry, [eth(3_000)]))
        .to.be.revertedWithCustomError(market, "StrikeAlreadyListed")
        .withArgs(expiry, eth(3_000));
      await expect(m.listStrikes(expiry, [eth(4_000), eth(4_000)])).to.be.revertedWithCustomError(
        market,
        "StrikeAlreadyListed",
      );
      await expect(m.listStrikes(expiry + week, [eth(4_000)]))
        .to.be.revertedWithCustomError(market, "ExpiryNotListed")
        .withArgs(expiry + week);
      await time.increaseTo(expiry);
      await expect(m.listStrikes(expiry, [eth(4_000)])).to.be.revertedWithCustomError(market, "ExpiryTooSoon");
      await settleAt(system, expiry, 3_000);
      await expect(m.listStrikes(expiry, [eth(4_000)])).to.be.revertedWithCustomError(market, "ExpiryAlreadySettled");
    });

    it("takes twenty strikes a UTC day, however they are spread", async () => {
      const { market, curator, expiry } = await loadFixture(listedTwice); // six strikes today
      const m = market.connect(curator);
      const strikes = Array.from({ length: 21 }, (_, place) => eth(4_000 + place));
      await expect(m.listStrikes(expiry, strikes.slice(0, 15)))
        .to.be.revertedWithCustomError(market, "TooManyStrikesToday")
        .withArgs(21n, 20n);
      await m.listStrikes(expiry, strikes.slice(0, 14));
      await expect(m.listStrikes(expiry + week, [eth(9_000)]))
        .to.be.revertedWithCustomError(market, "TooManyStrikesToday")
        .withArgs(21n, 20n);
      const midnight = BigInt((Math.floor((await time.latest()) / DAY) + 1) * DAY);
      await time.setNextBlockTimestamp(midnight - 1n);
      await expect(m.listStrikes(expiry, [eth(9_000)])).to.be.revertedWithCustomError(market, "TooManyStrikesToday");
      await time.setNextBlockTimestamp(midnight);
      await expect(m.listStrikes(expiry, strikes))
        .to.be.revertedWithCustomError(market, "TooManyStrikesToday")
        .withArgs(21n, 20n);
      await m.listStrikes(expiry, strikes.map((strike) => strike + eth(1_000)).slice(0, 20));
    });

    it("failure 20: bounds the live expiries at twelve", async () => {
      const { market, curator } = await loadFixture(empty);
      const m = market.connect(curator);
      const today = nextFriday(BigInt(await time.latest()));
      const weeks = [1n, 2n, 3n, 4n].map((ahead) => today + ahead * week);
      const months = lastFridays(today + 6n * week, 9);
      for (const expiry of [...weeks, ...months.slice(0, 8)]) await m.listExpiry(expiry);
      await expect(m.listExpiry(months[8]!))
        .to.be.revertedWithCustomError(market, "TooManyExpiries")
        .withArgs(13n, 12n);
    });

    it("failure 20: bounds the live series at 256, and frees their places at settlement", async () => {
      const system = await loadFixture(empty);
      const { market, curator } = system;
      const m = market.connect(curator);
      const expiry = nextFriday(BigInt(await time.latest())) + week;
      await m.listExpiry(expiry);
      const strikes = (count: number, from: number) => Array.from({ length: count }, (_, at) => eth(from + at));
      for (let day = 0; day < 6; day++) {
        await m.listStrikes(expiry, strikes(20, 1_000 + 100 * day));
        await time.increase(DAY);
      }
      await expect(m.listStrikes(expiry, strikes(9, 9_000)))
        .to.be.revertedWithCustomError(market, "TooManySeries")
        .withArgs(258n, 256n);
      await m.listStrikes(expiry, strikes(8, 9_000));
      await expect(m.listStrikes(expiry, [eth(9_900)])).to.be.revertedWithCustomError(market, "TooManySeries");
      await settleAt(system, expiry, 3_000);
      await m.listExpiry(expiry + week);
      await m.listStrikes(expiry + week, strikes(11, 9_900));
    });
  });

  describe("V_cap", () => {
    it("is at most a tenth of bid NAV, and never zero", async () => {
      const system = await loadFixture(empty);
      const { market, curator, riskEngine } = system;
      const m = market.connect(curator);
      await expect(m.setVegaCapacity(1n))
        .to.be.revertedWithCustomError(market, "VegaCapacityOutOfBounds")
        .withArgs(1n, 1n, 0n);
      await deposit(system, system.alice, usdc(1_000_000));
      const most = (await riskEngine.valuation()).bid / 10n;
      for (const wrong of [0n, most + 1n, MaxUint256]) {
        await expect(m.setVegaCapacity(wrong))
          .to.be.revertedWithCustomError(market, "VegaCapacityOutOfBounds")
          .withArgs(wrong, 1n, most);
      }
      await expect(m.setVegaCapacity(most)).to.emit(market, "VegaCapacitySet").withArgs(most);
      expect(await market.vegaCapacity()).to.equal(most);
    });

    it("is set once a day, and at most doubled or halved", async () => {
      const system = await loadFixture(empty);
      const { market, curator } = system;
      await deposit(system, system.alice, usdc(1_000_000));
      const m = market.connect(curator);
      await m.setVegaCapacity(eth(10_000));
      const earliest = BigInt((await time.latest()) + DAY);
      await time.setNextBlockTimestamp(earliest - 1n);
      await expect(m.setVegaCapacity(eth(10_000)))
        .to.be.revertedWithCustomError(market, "VegaCapacityTooSoon")
        .withArgs(earliest, earliest - 1n);
      await refreshFeed(system);
      for (const wrong of [eth(20_000) + 1n, eth(5_000) - 1n]) {
        await expect(m.setVegaCapacity(wrong))
          .to.be.revertedWithCustomError(market, "VegaCapacityOutOfBounds")
          .withArgs(wrong, eth(5_000), eth(20_000));
      }
      await m.setVegaCapacity(eth(20_000));
      await time.increase(DAY);
      await refreshFeed(system);
      await m.setVegaCapacity(eth(10_000));
    });

    it("bounds what one expiry is sold, and nothing is sold before it is set", async () => {
      const system = await loadFixture(empty);
      const { market, pricer, curator, dave } = system;
      // Nobody has deposited yet: there is no NAV to take a tenth of.
      const expiry = await listBoard(system);
      await deposit(system, system.alice, usdc(1_000_000));
      const id = seriesId(expiry, 3_000, "call");
      await fund(system, dave, usdc(10_000));
      const order = (size: bigint) => market.connect(dave).buy(id, size, usdc(10_000), MaxUint256, dave.address);
      const { price } = await market.quote(id, eth(1));
      expect(price.buying).to.equal(CLOSURE.noVegaCapacity);
      await expect(order(eth(1))).to.be.revertedWithCustomError(pricer, "NoVegaCapacity");
      await market.connect(curator).setVegaCapacity(10n * price.vega);
      await order(eth(9));
      await expect(order(eth(2))).to.be.revertedWithCustomError(pricer, "NoVegaCapacity");
      expect((await market.quote(id, eth(2))).price.buying).to.equal(CLOSURE.noVegaCapacity);
      await order(eth("0.9"));
    });

    it("needs a trusted valuation: while the bid is not known it would not be bound to what it was", async () => {
      const system = await loadFixture(listed);
      const { market, saleLimits, curator, feed, stranger } = system;
      await time.increase(DAY);
      await feed.connect(stranger).setOffline(true);
      for (const capacity of [0n, 1n, eth(1)]) {
        await expect(market.connect(curator).setVegaCapacity(capacity))
          .to.be.revertedWithCustomError(saleLimits, "SalesClosed")
          .withArgs(CLOSURE.priceUntrusted);
      }
    });
  });

  describe("quote", () => {
    it("explains itself: the premium is the sum of its addends", async () => {
      const { market, call, put, expiry } = await loadFixture(listed);
      for (const id of [call, put, seriesId(expiry, 3_300, "call"), seriesId(expiry, 2_700, "put")]) {
        const { price: q, limits } = await market.quote(id, eth("1.5"));
        for (const { volatility, hedging, spot, convexity, carry, halfSpread } of [q.buyer, q.seller]) {
          const greater = volatility > hedging ? volatility : hedging;
          expect(halfSpread).to.equal(greater + spot + convexity + carry);
        }
        const ask = q.value + q.buyer.worsePrice + q.buyer.halfSpread;
        const cost = (ask * 15n + 9n) / 10n + q.buySkew;
        expect(q.premium).to.equal((cost + 10n ** 12n - 1n) / 10n ** 12n);
        const bid = q.value - q.seller.worsePrice - q.seller.halfSpread;
        expect(q.proceeds).to.equal(((bid * 15n) / 10n + q.sellSkew) / 10n ** 12n);
        expect([q.spot, q.markPrice, q.isPull, q.buying, q.selling]).to.deep.equal([
          eth(3_000),
          eth(3_000),
          false,
          CLOSURE.none,
          CLOSURE.none,
        ]);
        expect(abs(q.volatility - VOLATILITY)).to.be.lessThan(10n ** 13n);
        expect([limits.closure, limits.coverage]).to.deep.equal([CLOSURE.none, eth(1)]);
      }
    });

    it("agrees with Black–Scholes figures computed elsewhere", async () => {
      const { market, call, put, expiry } = await loadFixture(listed);
      const { price: c } = await market.quote(call, eth(1));
      const { price: p } = await market.quote(put, eth(1));
      // K = 3,000, σ = 65 %, carry 11 % a year, no discount, by an independent float64 formula.
      const tau = (Number(expiry) - (await time.latest())) / (365 * DAY);
      const forward = 3_000 * Math.exp(0.11 * tau);
      const deviation = 0.65 * Math.sqrt(tau);
      const d1 = Math.log(forward / 3_000) / deviation + deviation / 2;
      const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
      // Φ by its series around zero, where these arguments are.
      const cumulative = (x: number) => 0.5 + density(0) * (x - x ** 3 / 6 + x ** 5 / 40 - x ** 7 / 336);
      const expected = forward * cumulative(d1) - 3_000 * cumulative(d1 - deviation);
      expect(Math.abs(Number(c.value) / 1e18 / expected - 1)).to.be.lessThan(1e-6);
      expect(abs(c.value - p.value - (c.forward - eth(3_000)))).to.be.lessThan(10n ** 6n);
      expect(Math.abs(Number(c.forward) / 1e18 / forward - 1)).to.be.lessThan(1e-9);
      const vega = forward * density(d1) * Math.sqrt(tau);
      expect(Math.abs(Number(c.vega) / 1e18 / vega - 1)).to.be.lessThan(1e-6);
    });

    it("reverts only for what is not listed; what is closed it says", async () => {
      const system = await loadFixture(listed);
      const { market, call, expiry } = system;
      const buying = async (id: bigint, size: bigint) => (await market.quote(id, size)).price.buying;
      expect(await buying(call, 0n)).to.equal(CLOSURE.sizeBelowMinimum);
      expect(await buying(call, eth("0.01") - 1n)).to.equal(CLOSURE.sizeBelowMinimum);
      for (const id of [seriesId(expiry, 3_001, "call"), seriesId(expiry + 1n, 3_000, "call")]) {
        await expect(market.quote(id, eth(1)))
          .to.be.revertedWithCustomError(market, "SeriesNotListed")
          .withArgs(id);
      }
      await expect(market.quote(call | (1n << 105n), eth(1))).to.be.revertedWithCustomError(
        market,
        "MalformedSeriesId",
      );
      await time.increaseTo(expiry - BigInt(HOUR) - 60n);
      await keepFresh(system);
      expect(await buying(call, eth(1))).to.equal(CLOSURE.none);
      await time.increaseTo(expiry - BigInt(HOUR));
      expect(await buying(call, eth(1))).to.equal(CLOSURE.nearExpiry);
      await time.increaseTo(expiry);
      expect(await buying(call, eth(1))).to.equal(CLOSURE.expired);
    });

    it("says which limit of the vault a purchase would break", async () => {
      const { market, call } = await loadFixture(listed);
      const closureOf = async (size: bigint) => (await market.quote(call, size)).limits.closure;
      expect(await closureOf(eth(26))).to.equal(CLOSURE.none);
      expect(await closureOf(eth(40))).to.equal(CLOSURE.roundDeltaSpent);
    });
  });

  describe("buying", () => {
    it("takes the premium, gives the options and counts the open interest", async () => {
      const system = await loadFixture(listed);
      const { market, token, usdcToken, vault, dave, erin, call, put } = system;
      await fund(system, dave, usdc(10_000));
      const idle = await vault.idle();
      await expect(market.connect(dave).buy(call, eth(2), usdc(10_000), MaxUint256, erin.address)).to.emit(
        market,
        "Bought",
      );
      const { args } = (await market.queryFilter(market.filters.Bought()))[0]!;
      const paid = usdc(10_000) - (await usdcToken.balanceOf(dave.address));
      expect([args.id, args.buyer, args.receiver, args.size, args.premium]).to.deep.equal([
        call,
        dave.address,
        erin.address,
        eth(2),
        paid,
      ]);
      expect([args.spot, args.openInterest]).to.deep.equal([eth(3_000), eth(2)]);
      expect(args.delta).to.be.within(eth("0.52"), eth("0.54"));
      expect(args.value).to.be.within(eth(110), eth(115));
      expect(paid).to.be.within(usdc(2 * 115), usdc(2 * 140));
      expect(await vault.idle()).to.equal(idle + paid);
      expect(await token.balanceOf(erin.address, call)).to.equal(eth(2));
      expect(await token.totalSupply(call)).to.equal(eth(2));
      expect([await market.openInterest(call), await market.openInterest(put)]).to.deep.equal([eth(2), 0n]);
    });

    it("reverts when the premium is above the limit or the deadline has passed", async () => {
      const system = await loadFixture(listed);
      const { market, dave, call } = system;
      await fund(system, dave, usdc(10_000));
      const { premium } = (await market.quote(call, eth(1))).price;
      await expect(
        market.connect(dave).buy(call, eth(1), premium / 2n, MaxUint256, dave.address),
      ).to.be.revertedWithCustomError(market, "PremiumAboveLimit");
      const now = BigInt(await time.latest());
      await expect(market.connect(dave).buy(call, eth(1), premium, now, dave.address))
        .to.be.revertedWithCustomError(market, "DeadlinePassed")
        .withArgs(now, now + 1n);
      await expect(
        market.connect(dave).buy(call, eth(1), premium, MaxUint256, ZeroAddress),
      ).to.be.revertedWithCustomError(market, "ZeroAddress");
    });

    it("at another spread is the auctions' alone", async () => {
      const { market, dave, governor, curator, call } = await loadFixture(listed);
      for (const who of [dave, governor, curator]) {
        await expect(market.connect(who).buyAtFactor(call, eth(1), 0n, MaxUint256, who.address, who.address))
          .to.be.revertedWithCustomError(market, "NotAuctions")
          .withArgs(who.address);
      }
    });

    it("refuses to sell on an untrusted price, and while an expiry waits for settlement", async () => {
      const system = await loadFixture(listedTwice);
      const { market, oracle, saleLimits, feed, dave, stranger, expiry, next } = system;
      await buy(system, dave, system.call, eth(1));
      await fund(system, dave, usdc(10_000));
      const order = () => market.connect(dave).buy(next, eth(1), MaxUint256, MaxUint256, dave.address);
      for (const answer of [0n, -3n]) {
        await feed.connect(stranger).setAnswer(answer);
        await expect(order()).to.be.revertedWithCustomError(oracle, "PriceNotPositive");
      }
      await time.increaseTo(expiry - 700n);
      await setPrice(system, 3_000);
      await keepFresh(system);
      await time.increaseTo(expiry);
      await refreshFeed(system);
      await expect(order()).to.be.revertedWithCustomError(saleLimits, "SalesClosed").withArgs(CLOSURE.expiryUnsettled);
      await settleAt(system, expiry, 3_000);
      await order();
    });

    it("refuses on a venue whose mark was pushed away, whichever way", async () => {
      const system = await loadFixture(listed);
      const { market, pricer, venue, stranger, dave, call } = system;
      await fund(system, dave, usdc(10_000));
      for (const mark of [3_046, 2_954]) {
        await venue.connect(stranger).setMark(eth(mark));
        await expect(market.connect(dave).buy(call, eth(1), MaxUint256, MaxUint256, dave.address))
          .to.be.revertedWithCustomError(pricer, "MarkApart")
          .withArgs(eth(3_000), eth(mark), eth("0.015"));
      }
      // Within the limit the buyer pays by the worse of the two.
      await venue.connect(stranger).setMark(eth(3_040));
      const { buyer, value } = (await market.quote(call, eth(1))).price;
      expect(buyer.worsePrice).to.be.within(value / 6n, value / 4n);
    });

    it("sells nothing so far from the money that it costs next to nothing, for its size would count all the same", async () => {
      const system = await loadFixture(listed);
      const { market, pricer, curator, controller, dave, call, expiry } = system;
      await market.connect(curator).listStrikes(expiry, [eth(1_500), eth(6_000)]);
      await fund(system, dave, usdc(1_000_000));
      const order = (id: bigint, size: bigint) =>
        market.connect(dave).buy(id, size, MaxUint256, MaxUint256, dave.address);
      await order(call, eth(26));
      // A million puts at half of spot would cost a unit and widen the band past any hedge.
      for (const id of [
        seriesId(expiry, 1_500, "put"),
        seriesId(expiry, 1_500, "call"),
        seriesId(expiry, 6_000, "call"),
        seriesId(expiry, 6_000, "put"),
      ]) {
        const { delta } = (await market.quote(id, eth(1))).price;
        await expect(order(id, eth(1)))
          .to.be.revertedWithCustomError(pricer, "DeltaOutOfBounds")
          .withArgs((found: bigint) => abs(found - delta) < 10n ** 13n, eth("0.05"), eth("0.95"));
      }
      // Nor what ran far out of the money by itself.
      await time.increaseTo(expiry - 7_200n);
      await keepFresh(system);
      await expect(order(seriesId(expiry, 2_700, "put"), eth(660))).to.be.revertedWithCustomError(
        pricer,
        "DeltaOutOfBounds",
      );
      expect((await controller.hedgeState()).action).to.equal(1n);
    });

    it("sells a twentieth of NAV in delta at one round of a feed, and as much again at the pull feed's", async () => {
      const system = await loadFixture(listed);
      const { market, saleLimits, pyth, stranger, dave, call } = system;
      await buy(system, dave, call, eth(26));
      const { limits, price } = await market.quote(call, eth(2));
      await fund(system, dave, usdc(10_000));
      const order = (size: bigint) => market.connect(dave).buy(call, size, MaxUint256, MaxUint256, dave.address);
      await expect(order(eth(2))).to.be.revertedWithCustomError(saleLimits, "RoundDeltaSpent");
      expect(limits.roundDeltaLeft).to.be.lessThan(2n * price.jumpDelta);
      await bring(pyth.connect(stranger), await pullUpdate(3_000));
      const pulled = await market.quote(call, eth(2));
      expect([pulled.price.isPull, pulled.limits.closure]).to.deep.equal([true, CLOSURE.none]);
      // Its doubt is a seventh of the push feed's.
      expect(pulled.price.spotDoubt).to.be.lessThan(price.spotDoubt / 4n);
      await order(eth(2));
    });

    it("needs the buyer's money", async () => {
      const { market, usdcToken, dave, call } = await loadFixture(listed);
      await expect(
        market.connect(dave).buy(call, eth(1), MaxUint256, MaxUint256, dave.address),
      ).to.be.revertedWithCustomError(usdcToken, "ERC20InsufficientAllowance");
    });
  });

  describe("selling back", () => {
    it("pays value less the half-spread and gives the skew back, burns the options and shrinks the open interest", async () => {
      const system = await loadFixture(listed);
      const { market, token, usdcToken, vault, dave, erin, call } = system;
      await buy(system, dave, call, eth(5));
      const idle = await vault.idle();
      const q = (await market.quote(call, eth(2))).price;
      expect(q.sellSkew).to.be.greaterThan(0n);
      expect(q.proceeds).to.equal(
        (2n * (q.value - q.seller.worsePrice - q.seller.halfSpread) + q.sellSkew) / 10n ** 12n,
      );
      await expect(market.connect(dave).sell(call, eth(2), 0n, MaxUint256, erin.address))
        .to.emit(market, "Sold")
        .withArgs(
          call,
          dave.address,
          erin.address,
          eth(2),
          (proceeds: bigint) => abs(proceeds - q.proceeds) < 300_000n,
          eth(3_000),
          (volatility: bigint) => abs(volatility - q.volatility) < 10n ** 9n,
          (value: bigint) => abs(value - q.value) < eth("0.01"),
          (delta: bigint) => abs(delta - q.delta) < 10n ** 13n,
          eth(3),
        );
      const paid = await usdcToken.balanceOf(erin.address);
      // A second of time value later, and of doubt.
      expect(abs(paid - q.proceeds)).to.be.lessThan(300_000n);
      expect(await vault.idle()).to.equal(idle - paid);
      expect([
        await token.balanceOf(dave.address, call),
        await token.totalSupply(call),
        await market.openInterest(call),
      ]).to.deep.equal([eth(3), eth(3), eth(3)]);
    });

    it("refuses less than the seller allows, late orders, nobody and what the seller does not hold", async () => {
      const system = await loadFixture(listed);
      const { market, token, dave, erin, call, put } = system;
      await buy(system, dave, call, eth(1));
      await buy(system, erin, put, eth(1));
      const { proceeds } = (await market.quote(call, eth(1))).price;
      const m = market.connect(dave);
      await expect(m.sell(call, eth(1), proceeds * 2n, MaxUint256, dave.address)).to.be.revertedWithCustomError(
        market,
        "ProceedsBelowLimit",
      );
      await expect(m.sell(call, eth(1), 0n, BigInt(await time.latest()), dave.address)).to.be.revertedWithCustomError(
        market,
        "DeadlinePassed",
      );
      await expect(m.sell(call, eth(1), 0n, MaxUint256, ZeroAddress)).to.be.revertedWithCustomError(
        market,
        "ZeroAddress",
      );
      await expect(m.sell(call, eth("1.01"), 0n, MaxUint256, dave.address)).to.be.revertedWithCustomError(
        token,
        "ERC6909InsufficientBalance",
      );
      await expect(m.sell(put, eth(1), 0n, MaxUint256, dave.address)).to.be.revertedWithCustomError(
        token,
        "ERC6909InsufficientBalance",
      );
      await expect(m.sell(call, 0n, 0n, MaxUint256, dave.address)).to.be.revertedWithCustomError(market, "ZeroAmount");
    });

    it("takes back dust, and what is too deep in the money or too near its end to be sold", async () => {
      const system = await loadFixture(listed);
      const { market, usdcToken, dave, call, expiry } = system;
      await buy(system, dave, call, eth(2));
      await market.connect(dave).sell(call, 1n, 0n, MaxUint256, dave.address);
      await setPrice(system, 3_600);
      const deep = (await market.quote(call, eth(1))).price;
      expect([deep.buying, deep.selling]).to.deep.equal([CLOSURE.deltaOutOfBounds, CLOSURE.none]);
      await market.connect(dave).sell(call, eth(1), usdc(570), MaxUint256, dave.address);
      await time.increaseTo(expiry - 60n);
      await setPrice(system, 3_600);
      const last = (await market.quote(call, eth("0.5"))).price;
      expect([last.buying, last.selling]).to.deep.equal([CLOSURE.nearExpiry, CLOSURE.none]);
      const before = await usdcToken.balanceOf(dave.address);
      await market.connect(dave).sell(call, eth("0.5"), 0n, MaxUint256, dave.address);
      expect((await usdcToken.balanceOf(dave.address)) - before).to.be.within(usdc(285), usdc(300));
    });

    it("waits while an expiry does, so that it cannot go before what that one will owe", async () => {
      const system = await loadFixture(listedTwice);
      const { market, saleLimits, dave, erin, expiry, next } = system;
      await buy(system, dave, system.call, eth(10));
      await buy(system, erin, next, eth(10));
      await time.increaseTo(expiry);
      await setPrice(system, 3_000);
      await expect(market.connect(erin).sell(next, eth(10), 0n, MaxUint256, erin.address))
        .to.be.revertedWithCustomError(saleLimits, "SalesClosed")
        .withArgs(CLOSURE.expiryUnsettled);
      await settleAt(system, expiry, 3_000);
      await market.connect(erin).sell(next, eth(10), 0n, MaxUint256, erin.address);
    });

    it("pays nobody out of an insolvent vault", async () => {
      const system = await loadFixture(listed);
      const { market, saleLimits, dave, call } = system;
      await buyMuch(system, dave, call, eth(400));
      await setPrice(system, 9_000);
      await expect(market.connect(dave).sell(call, eth(1), 0n, MaxUint256, dave.address))
        .to.be.revertedWithCustomError(saleLimits, "SalesClosed")
        .withArgs(CLOSURE.insolvent);
    });

    it("closes with the price", async () => {
      const system = await loadFixture(listed);
      const { market, oracle, feed, stranger, dave, call } = system;
      await buy(system, dave, call, eth(1));
      await feed.connect(stranger).setAnswer(0n);
      await expect(market.connect(dave).sell(call, eth(1), 0n, MaxUint256, dave.address)).to.be.revertedWithCustomError(
        oracle,
        "PriceNotPositive",
      );
    });

    it("pays at most the intrinsic value on the forward while the surface is stale", async () => {
      const system = await loadFixture(listed);
      const { market, dave, expiry } = system;
      const inTheMoney = seriesId(expiry, 2_850, "call");
      await buy(system, dave, inTheMoney, eth(1));
      await time.increase(5 * HOUR);
      await refreshFeed(system);
      const { proceeds, intrinsic, selling } = (await market.quote(inTheMoney, eth(1))).price;
      expect(selling).to.equal(CLOSURE.none);
      expect(proceeds).to.equal(intrinsic / 10n ** 12n);
      await market.connect(dave).sell(inTheMoney, eth(1), proceeds - 100n, MaxUint256, dave.address);
    });

    it("gives nothing for an option that is worth less than the half-spread, and never asks for money", async () => {
      const system = await loadFixture(listed);
      const { market, usdcToken, dave, expiry } = system;
      const far = seriesId(expiry, 3_300, "call");
      await buy(system, dave, far, eth(1));
      await setPrice(system, 1_500);
      const before = await usdcToken.balanceOf(dave.address);
      await market.connect(dave).sell(far, eth(1), 0n, MaxUint256, dave.address);
      expect(await usdcToken.balanceOf(dave.address)).to.equal(before);
    });

    it("spends nothing that is owed", async () => {
      const system = await loadFixture(listedTwice);
      const { market, vault, dave, erin, expiry, next } = system;
      await buyMuch(system, dave, system.call, eth(100));
      await buyMuch(system, erin, next, eth(100));
      await settleAt(system, expiry, 12_000);
      // The vault is solvent, but most of its money is at the venue.
      const live = stateOf(await system.venue.state());
      await system.venue.connect(system.stranger).setState({ ...live, cash: eth(2_000_000) });
      const free = (await vault.idle()) - (await vault.owed());
      expect(free).to.be.within(usdc(100_000), usdc(140_000));
      await expect(
        market.connect(erin).sell(next, eth(100), 0n, MaxUint256, erin.address),
      ).to.be.revertedWithCustomError(vault, "InsufficientIdle");
      await market.connect(erin).sell(next, eth(10), 0n, MaxUint256, erin.address);
      await market.connect(dave).redeem(system.call, eth(100), dave.address);
      expect(await vault.owed()).to.equal(0n);
    });

    it("no sequence of purchases and sales gains at unchanged prices, whatever the sizes", async () => {
      const system = await loadFixture(listed);
      const { market, usdcToken, dave, expiry } = system;
      await fund(system, dave, usdc(1_000_000));
      const ids = [3_000, 2_700, 3_300].flatMap((strike) => [
        seriesId(expiry, strike, "call"),
        seriesId(expiry, strike, "put"),
      ]);
      const trade = fc.record({
        series: fc.nat(ids.length - 1),
        size: fc.bigInt({ min: eth("0.01"), max: eth(15) }),
        parts: fc.integer({ min: 1, max: 3 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(trade, { minLength: 1, maxLength: 4 }), async (trades) => {
          const snapshot = await networkHelpers.takeSnapshot();
          const before = await usdcToken.balanceOf(dave.address);
          for (const { series, size } of trades) {
            await refreshFeed(system);
            await market.connect(dave).buy(ids[series]!, size, MaxUint256, MaxUint256, dave.address);
          }
          for (const { series, size, parts } of trades) {
            for (let left = BigInt(parts), rest = size; left > 0n; left--) {
              const part = rest / left;
              rest -= part;
              await market.connect(dave).sell(ids[series]!, part, 0n, MaxUint256, dave.address);
            }
          }
          expect(await usdcToken.balanceOf(dave.address)).to.be.lessThan(before);
          const open = await Promise.all(ids.map((id) => market.openInterest(id)));
          expect(open.every((size) => size === 0n)).to.equal(true);
          await snapshot.restore();
        }),
        { numRuns: 25, seed: 4 },
      );
    });
  });

  describe("settlement", () => {
    it("failure 18: settle three days late: the payout is that of the first round, whoever calls and however late", async () => {
      const system = await loadFixture(listed);
      const { market, expiryPrices, stranger, expiry, dave, call, vault } = system;
      await buy(system, dave, call, eth(7));
      await time.increaseTo(expiry + 60n);
      await setPrice(system, 3_100);
      const first = await latestRound(system);
      const { updatedAt } = await system.feed.getRoundData(first);
      await time.increase(3 * DAY);
      await setPrice(system, 9_000);
      const last = await latestRound(system);
      await expect(expiryPrices.connect(stranger).proveFirstRound(expiry, last, []))
        .to.be.revertedWithCustomError(expiryPrices, "NotTheFirstRound")
        .withArgs(last, first, updatedAt);
      await expect(market.connect(stranger).settle(expiry))
        .to.be.revertedWithCustomError(expiryPrices, "NotProved")
        .withArgs(expiry);
      await expiryPrices.connect(stranger).proveFirstRound(expiry, first, []);
      await expect(market.connect(stranger).settle(expiry))
        .to.emit(market, "Settled")
        .withArgs(expiry, eth(3_100), usdc(700), stranger.address);
      expect((await market.expiryOf(expiry)).settlementPrice).to.equal(eth(3_100));
      expect(await vault.owed()).to.equal(usdc(700));
    });

    it("happens once, after the proof, and only where something was listed", async () => {
      const system = await loadFixture(settled);
      const { market, expiryPrices, stranger, expiry } = system;
      await expect(market.connect(stranger).settle(expiry))
        .to.be.revertedWithCustomError(market, "ExpiryAlreadySettled")
        .withArgs(expiry);
      await expect(market.connect(stranger).settle(expiry - 1n))
        .to.be.revertedWithCustomError(market, "ExpiryNotListed")
        .withArgs(expiry - 1n);
      const next = await listBoard(system);
      await expect(market.connect(stranger).settle(next))
        .to.be.revertedWithCustomError(expiryPrices, "NotProved")
        .withArgs(next);
      await expect(
        expiryPrices.connect(stranger).proveFirstRound(next, await latestRound(system), []),
      ).to.be.revertedWithCustomError(expiryPrices, "NotExpired");
      await expect(system.market.connect(system.curator).listExpiry(expiry)).to.be.revertedWithCustomError(
        market,
        "ExpiryTooSoon",
      );
    });

    it("takes the expiry out of the book and off the surface at once, and records what is owed", async () => {
      const { market, riskEngine, surface, vault, call, put, expiry } = await loadFixture(settled);
      expect(await market.liveExpiries()).to.deep.equal([]);
      expect(await surface.expiries()).to.deep.equal([]);
      expect((await riskEngine.book(eth(3_100))).liability).to.equal(0n);
      expect(await vault.owed()).to.equal(usdc(1_000));
      expect([await market.openInterest(call), await market.payoff(call), await market.payoff(put)]).to.deep.equal([
        0n,
        eth(100),
        0n,
      ]);
      expect([...(await market.openContracts())]).to.deep.equal([0n, 0n]);
      expect((await market.expiryOf(expiry)).settled).to.equal(true);
    });

    it("needs no cash, no trusted price and no venue: what is owed is recorded all the same", async () => {
      const system = await loadFixture(listed);
      const { market, vault, feed, venue, stranger, dave, call, expiry } = system;
      await buyMuch(system, dave, call, eth(200));
      await time.increaseTo(expiry);
      await setPrice(system, 9_000);
      await prove(system, expiry);
      await feed.connect(stranger).setOffline(true);
      await venue.connect(stranger).setFault(1n);
      await market.connect(stranger).settle(expiry);
      expect(await vault.owed()).to.equal(usdc(200 * 6_000));
      expect(await vault.owed()).to.be.greaterThan(await vault.idle());
    });

    it("failure 19: one expired series blocks no read", async () => {
      const system = await loadFixture(listedTwice);
      await buy(system, system.dave, system.call, eth(5));
      const { market, expiry, riskEngine, controller, vault, lens, alice, next } = system;
      await time.increaseTo(expiry + BigInt(DAY));
      await setPrice(system, 3_050);
      expect((await riskEngine.book(eth(3_050))).calls).to.equal(eth(5));
      expect((await controller.hedgeState()).bookDelta).to.be.lessThan(0n);
      expect(await vault.totalAssets()).to.be.greaterThan(0n);
      expect([await vault.maxDeposit(alice.address), await vault.maxRedeem(alice.address)]).to.deep.equal([0n, 0n]);
      expect(await vault.previewRedeem(10n ** 12n)).to.be.greaterThan(0n);
      expect((await lens.snapshot()).unsettled).to.deep.equal([expiry]);
      const { price, limits } = await market.quote(next, eth(1));
      expect(price.premium).to.be.greaterThan(0n);
      expect(limits.closure).to.equal(CLOSURE.expiryUnsettled);
      // Of the expired one, too.
      expect((await market.quote(system.call, eth(1))).price.buying).to.equal(CLOSURE.expired);
    });
  });

  describe("failure 20: 200 series, one expiry of them expired and unsettled: every read works", () => {
    /** Twenty strikes a day for five days: forty series of a near expiry and 160 of a far one, each with open interest. */
    async function crowded() {
      const system = await systemOnMisbehavingVenue();
      const { market, surface, curator, dave } = system;
      await deposit(system, system.alice, usdc(1_000_000));
      await fund(system, dave, usdc(100_000));
      const near = nextFriday(BigInt(await time.latest()) + BigInt(6 * DAY));
      const far = near + week;
      for (const expiry of [near, far]) await market.connect(curator).listExpiry(expiry);
      await postSurface(system);
      await setVegaCapacity(system);
      const ids: bigint[] = [];
      for (let day = 0; day < 5; day++) {
        const expiry = day === 0 ? near : far;
        const strikes = Array.from({ length: 20 }, (_, at) => 2_810 + 20 * at + 3 * day);
        await market.connect(curator).listStrikes(expiry, strikes.map(eth));
        await keepFresh(system);
        for (const strike of strikes) {
          for (const kind of ["call", "put"] as const) {
            const id = seriesId(expiry, strike, kind);
            await market.connect(dave).buy(id, eth("0.05"), usdc(100), MaxUint256, dave.address);
            ids.push(id);
          }
        }
        await time.increase(DAY);
      }
      await time.increaseTo(near + BigInt(HOUR));
      await setPrice(system, 3_020);
      expect(await surface.expiries()).to.deep.equal([near, far]);
      return { ...system, near, far, ids };
    }

    it("valuation, book, shares, hedge, quotes and the lens answer", async () => {
      const system = await loadFixture(crowded);
      const { riskEngine, vault, controller, market, lens, saleLimits, alice, ids, near } = system;
      expect(ids.length).to.equal(200);
      const limit = { gasLimit: 16_000_000n };
      const v = await riskEngine.valuation(limit);
      expect([v.closure, v.mid > 0n, v.bid > 0n]).to.deep.equal([CLOSURE.expiryUnsettled, true, true]);
      const b = await riskEngine.book(v.spot, limit);
      expect([b.calls, b.puts]).to.deep.equal([eth(5), eth(5)]);
      expect(await riskEngine.coverage(limit)).to.equal(eth(1));
      expect(await vault.totalAssets(limit)).to.equal(v.mid / 10n ** 12n);
      for (const max of [vault.maxDeposit, vault.maxMint, vault.maxWithdraw, vault.maxRedeem]) {
        expect(await max(alice.address, limit)).to.equal(0n);
      }
      for (const preview of [vault.previewDeposit, vault.previewMint, vault.previewWithdraw, vault.previewRedeem]) {
        expect(await preview(10n ** 12n, limit)).to.be.greaterThan(0n);
      }
      const state = await controller.hedgeState(limit);
      expect([state.bookDelta, state.reason]).to.deep.equal([b.delta, 0n]);
      const s = await lens.snapshot(limit);
      expect([s.unsettled, s.liveExpiries.length]).to.deep.equal([[near], 2]);
      expect((await saleLimits.connect(alice).renew.staticCall(limit)).mid).to.equal(v.mid);
      for (const id of [ids[0]!, ids[41]!, ids[199]!]) {
        const { price, limits } = await market.quote(id, eth(1), limit);
        expect(price.premium).to.be.greaterThan(0n);
        expect(limits.closure).to.equal(CLOSURE.expiryUnsettled);
      }
    });

    it("and it is settled and paid within a block's gas, after which everything is open again", async () => {
      const system = await loadFixture(crowded);
      const { market, riskEngine, token, vault, stranger, dave, ids, near, far } = system;
      await prove(system, near);
      const receipt = await (await market.connect(stranger).settle(near)).wait();
      console.log(`      settling 40 open series among 200: ${receipt!.gasUsed} gas`);
      expect(receipt!.gasUsed).to.be.lessThan(2_000_000n);
      await keepFresh(system);
      expect((await riskEngine.valuation()).closure).to.equal(CLOSURE.none);
      const mine = ids.slice(0, 40);
      for (const id of mine) await market.connect(stranger).redeemFor(dave.address, id);
      expect(await vault.owed()).to.equal(0n);
      for (const id of ids.slice(40)) expect(await market.openInterest(id)).to.equal(await token.totalSupply(id));
      expect(await market.liveExpiries()).to.deep.equal([far]);
    });
  });

  describe("redemption", () => {
    it("burns the holder's options and pays what they are worth, to whom he says", async () => {
      const { market, token, usdcToken, vault, dave, alice, call } = await loadFixture(settled);
      const before = await usdcToken.balanceOf(alice.address);
      await expect(market.connect(dave).redeem(call, eth(5), alice.address))
        .to.emit(market, "Redeemed")
        .withArgs(call, dave.address, alice.address, eth(5), usdc(500));
      expect((await usdcToken.balanceOf(alice.address)) - before).to.equal(usdc(500));
      expect(await token.balanceOf(dave.address, call)).to.equal(eth(2));
      expect(await vault.owed()).to.equal(usdc(500));
    });

    it("one payment counted for several series: each series has its own money, paid once", async () => {
      const system = await loadFixture(listedTwice);
      const { market, vault, token, usdcToken, stranger, dave, erin, expiry, call, put } = system;
      const other = seriesId(expiry, 2_850, "call");
      // One premium buys one series: with an allowance for one there is no second.
      const { premium } = (await market.quote(call, eth(2))).price;
      await usdcToken.connect(dave).mint(dave.address, premium * 3n);
      await usdcToken.connect(dave).approve(system.addresses.market, (premium * 105n) / 100n);
      await market.connect(dave).buy(call, eth(2), MaxUint256, MaxUint256, dave.address);
      for (const id of [call, other, put]) {
        await expect(
          market.connect(dave).buy(id, eth(2), MaxUint256, MaxUint256, dave.address),
        ).to.be.revertedWithCustomError(usdcToken, "ERC20InsufficientAllowance");
      }
      await buy(system, erin, other, eth(3));
      await buy(system, erin, put, eth(4));
      await settleAt(system, expiry, 2_900);
      // 2,850 calls bring 50 each, 3,000 puts 100: nothing for the 3,000 calls.
      expect(await vault.owed()).to.equal(usdc(3 * 50 + 4 * 100));
      const before = await usdcToken.balanceOf(dave.address);
      await market.connect(dave).redeem(call, eth(2), dave.address);
      expect(await usdcToken.balanceOf(dave.address)).to.equal(before);
      for (const id of [other, put]) {
        await expect(market.connect(dave).redeem(id, eth(1), dave.address)).to.be.revertedWithCustomError(
          token,
          "ERC6909InsufficientBalance",
        );
      }
      const idle = await vault.idle();
      await market.connect(erin).redeem(other, eth(3), erin.address);
      await expect(market.connect(erin).redeem(other, eth(3), erin.address)).to.be.revertedWithCustomError(
        token,
        "ERC6909InsufficientBalance",
      );
      await expect(market.connect(stranger).redeemFor(erin.address, other)).to.be.revertedWithCustomError(
        market,
        "ZeroAmount",
      );
      expect([idle - (await vault.idle()), await vault.owed()]).to.deep.equal([usdc(150), usdc(400)]);
      await market.connect(stranger).redeemFor(erin.address, put);
      expect([idle - (await vault.idle()), await vault.owed()]).to.deep.equal([usdc(550), 0n]);
    });

    it("does not redeem another's options", async () => {
      const { market, token, stranger, dave, erin, call } = await loadFixture(settled);
      await expect(market.connect(stranger).redeem(call, eth(1), stranger.address)).to.be.revertedWithCustomError(
        token,
        "ERC6909InsufficientBalance",
      );
      await expect(market.connect(erin).redeem(call, eth(4), erin.address)).to.be.revertedWithCustomError(
        token,
        "ERC6909InsufficientBalance",
      );
      await expect(token.connect(stranger).burn(dave.address, call, 1n))
        .to.be.revertedWithCustomError(token, "NotMarket")
        .withArgs(stranger.address);
      await expect(token.connect(stranger).mint(stranger.address, call, 1n)).to.be.revertedWithCustomError(
        token,
        "NotMarket",
      );
      // An operator may move them, as ERC-6909 says, and then they are his to redeem.
      await token.connect(dave).setOperator(stranger.address, true);
      await expect(market.connect(stranger).redeem(call, eth(1), stranger.address)).to.be.revertedWithCustomError(
        token,
        "ERC6909InsufficientBalance",
      );
    });

    it("refuses nothing, nobody, the unsettled and the unlisted", async () => {
      const system = await loadFixture(settled);
      const { market, dave, call, expiry } = system;
      const next = await listBoard(system);
      await expect(market.connect(dave).redeem(call, 0n, dave.address)).to.be.revertedWithCustomError(
        market,
        "ZeroAmount",
      );
      await expect(market.connect(dave).redeem(call, 1n, ZeroAddress)).to.be.revertedWithCustomError(
        market,
        "ZeroAddress",
      );
      await expect(market.connect(dave).redeem(seriesId(next, 3_000, "call"), 1n, dave.address))
        .to.be.revertedWithCustomError(market, "ExpiryNotSettled")
        .withArgs(next);
      await expect(
        market.connect(dave).redeem(seriesId(expiry, 3_001, "call"), 1n, dave.address),
      ).to.be.revertedWithCustomError(market, "SeriesNotListed");
    });

    it("pays a holder for whom anybody asks, and nobody else", async () => {
      const { market, token, usdcToken, stranger, dave, erin, call, put } = await loadFixture(settled);
      const before = await usdcToken.balanceOf(dave.address);
      await expect(market.connect(stranger).redeemFor(dave.address, call))
        .to.emit(market, "Redeemed")
        .withArgs(call, dave.address, dave.address, eth(7), usdc(700));
      expect((await usdcToken.balanceOf(dave.address)) - before).to.equal(usdc(700));
      expect(await usdcToken.balanceOf(stranger.address)).to.equal(0n);
      expect(await token.balanceOf(dave.address, call)).to.equal(0n);
      await expect(market.connect(stranger).redeemFor(dave.address, call)).to.be.revertedWithCustomError(
        market,
        "ZeroAmount",
      );
      await market.connect(stranger).redeemFor(erin.address, call);
      await market.connect(stranger).redeemFor(erin.address, put);
      expect(await token.totalSupply(put)).to.equal(0n);
    });

    it("is never closed: not by the feed, the surface or the venue", async () => {
      const { market, feed, venue, vault, stranger, dave, call } = await loadFixture(settled);
      await feed.connect(stranger).setOffline(true);
      await venue.connect(stranger).setFault(3n);
      await time.increase(300 * DAY);
      await market.connect(dave).redeem(call, eth(7), dave.address);
      expect(await vault.owed()).to.equal(usdc(300));
    });

    it("pays nothing for what ended out of the money, and burns it all the same", async () => {
      const { market, token, usdcToken, erin, put } = await loadFixture(settled);
      const before = await usdcToken.balanceOf(erin.address);
      await market.connect(erin).redeem(put, eth(4), erin.address);
      expect(await usdcToken.balanceOf(erin.address)).to.equal(before);
      expect(await token.totalSupply(put)).to.equal(0n);
    });

    it("never pays more than was set aside, in however many parts, and frees the dust with the last", async () => {
      const system = await loadFixture(listed);
      const { market, vault, usdcToken, dave, erin, call, expiry } = system;
      await buy(system, dave, call, eth("0.333333333333333333"));
      await buy(system, erin, call, eth("0.777777777777777777"));
      await settleAt(system, expiry, 3_000.12345678);
      const owed = await vault.owed();
      const before = (await usdcToken.balanceOf(dave.address)) + (await usdcToken.balanceOf(erin.address));
      await market.connect(dave).redeem(call, 1n, dave.address);
      await market.connect(dave).redeem(call, eth("0.1"), dave.address);
      await market.connect(dave).redeem(call, eth("0.233333333333333332"), dave.address);
      await market.connect(erin).redeem(call, eth("0.777777777777777777"), erin.address);
      const paid = (await usdcToken.balanceOf(dave.address)) + (await usdcToken.balanceOf(erin.address)) - before;
      expect(paid).to.be.within(owed - 4n, owed);
      expect(await vault.owed()).to.equal(0n);
      expect(await usdcToken.balanceOf(await vault.getAddress())).to.equal(await vault.idle());
    });

    it("waits for money that is at the venue, and is not lost", async () => {
      const system = await loadFixture(async function onRealVenue() {
        const parts = await systemOnCurie();
        await deposit(parts, parts.alice, usdc(30_000));
        const expiry = await listBoard(parts);
        await buyMuch(parts, parts.dave, seriesId(expiry, 3_000, "call"), eth(14));
        return { ...parts, expiry };
      });
      const { controller, market, vault, dave, expiry, world$ } = system;
      const id = seriesId(expiry, 3_000, "call");
      const hedge = async () => {
        if ((await controller.hedgeState()).trade !== 0n) await rebalance(system);
      };
      await hedge();
      for (const price of [3_300, 3_700, 4_200, 4_800, 5_300]) {
        await world$.step({ priceWad: eth(price), seconds: HOUR });
        await hedge();
      }
      await time.increaseTo(expiry);
      // The step's round lies after the expiry.
      await world$.step({ priceWad: eth(5_300), seconds: 120 });
      await prove(system, expiry);
      await market.connect(system.stranger).settle(expiry);
      const owed = await vault.owed();
      expect(owed).to.equal(usdc(14 * 2_300));
      expect(await vault.idle()).to.be.lessThan(owed);
      await expect(market.connect(dave).redeem(id, eth(14), dave.address)).to.be.revertedWithCustomError(
        vault,
        "InsufficientIdle",
      );
      await hedge(); // no open interest: the hedge is unwound and its margin returns
      await market.connect(dave).redeem(id, eth(14), dave.address);
      expect(await vault.owed()).to.equal(0n);
      expect((await controller.position()).size).to.equal(0n);
    });
  });

  it("series ids say what they are", async () => {
    const { market, curator, expiry } = await loadFixture(listed);
    await expect(market.connect(curator).listStrikes(expiry, [eth("2500.5")]))
      .to.emit(market, "StrikeListed")
      .withArgs(expiry, eth("2500.5"), seriesId(expiry, 2500.5, "call"), seriesId(expiry, 2500.5, "put"));
    expect(await market.isListed(seriesId(expiry, 2500.5, "put"))).to.equal(true);
    expect(await market.isListed(seriesId(expiry, 2500.25, "put"))).to.equal(false);
    await expect(market.openInterest(1n)).to.be.revertedWithCustomError(market, "SeriesNotListed").withArgs(1n);
    await expect(market.payoff(1n << 200n)).to.be.revertedWithCustomError(market, "MalformedSeriesId");
  });
});
