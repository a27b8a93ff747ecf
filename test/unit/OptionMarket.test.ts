import { expect } from "chai";
import { MaxUint256, ZeroAddress } from "ethers";
import fc from "fast-check";
import {
  buy,
  DAY,
  deposit,
  eth,
  ethers,
  HOUR,
  latestRound,
  listBoard,
  networkHelpers,
  seriesId,
  setPrice,
  stateOf,
  systemOnCurie,
  systemOnMisbehavingVenue,
  usdc,
  VOLATILITY,
  WEEK,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;

async function listed() {
  const system = await systemOnMisbehavingVenue();
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  return { ...system, expiry, call: seriesId(expiry, 3_000, "call"), put: seriesId(expiry, 3_000, "put") };
}

/** Two buyers in a call and a put at 3,000, settled at 3,100. */
async function settled() {
  const system = await listed();
  await buy(system, system.dave, system.call, eth(7));
  await buy(system, system.erin, system.call, eth(3));
  await buy(system, system.erin, system.put, eth(4));
  await time.increaseTo(system.expiry);
  await setPrice(system, 3_100);
  const round = await latestRound(system);
  await system.market.connect(system.stranger).settle(system.expiry, round);
  return { ...system, round };
}

describe("OptionMarket", () => {
  describe("listing", () => {
    it("is the curator's alone", async () => {
      const { market, alice, keeper, governor, expiry } = await loadFixture(listed);
      for (const who of [alice, keeper, governor]) {
        const m = market.connect(who);
        for (const call of [
          () => m.listExpiry(expiry + 1n, VOLATILITY),
          () => m.listStrikes(expiry, [eth(1)]),
          () => m.setVolatility(expiry, VOLATILITY),
        ]) {
          await expect(call()).to.be.revertedWithCustomError(market, "AccessManagedUnauthorized").withArgs(who.address);
        }
      }
    });

    it("takes expiries from an hour to two years ahead, once each", async () => {
      const { market, curator, expiry } = await loadFixture(listed);
      const m = market.connect(curator);
      const now = BigInt(await time.latest());
      await expect(m.listExpiry(now + BigInt(HOUR), VOLATILITY)).to.be.revertedWithCustomError(market, "ExpiryTooSoon");
      await expect(m.listExpiry(now - 1n, VOLATILITY)).to.be.revertedWithCustomError(market, "ExpiryTooSoon");
      await expect(m.listExpiry(now + BigInt(731 * DAY), VOLATILITY)).to.be.revertedWithCustomError(
        market,
        "ExpiryTooFar",
      );
      await expect(m.listExpiry(expiry, VOLATILITY))
        .to.be.revertedWithCustomError(market, "ExpiryAlreadyListed")
        .withArgs(expiry);
      await m.listExpiry(now + BigInt(2 * HOUR), VOLATILITY);
      expect(await market.liveExpiries()).to.deep.equal([expiry, now + BigInt(2 * HOUR)]);
    });

    it("keeps volatility within 20 % and 300 %, at listing and after", async () => {
      const { market, curator, expiry } = await loadFixture(listed);
      const m = market.connect(curator);
      for (const volatility of [0n, eth("0.2") - 1n, eth(3) + 1n, MaxUint256]) {
        await expect(m.setVolatility(expiry, volatility)).to.be.revertedWithCustomError(
          market,
          "VolatilityOutOfBounds",
        );
        await expect(m.listExpiry(expiry + 1n, volatility)).to.be.revertedWithCustomError(
          market,
          "VolatilityOutOfBounds",
        );
      }
      for (const volatility of [eth("0.2"), eth(3)]) {
        await m.setVolatility(expiry, volatility);
        expect((await market.expiryOf(expiry)).volatility).to.equal(volatility);
      }
    });

    it("takes strikes that fit a slot, once each, on a live expiry", async () => {
      const { market, curator, expiry, stranger, feed } = await loadFixture(listed);
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
      await expect(m.listStrikes(expiry + 1n, [eth(4_000)]))
        .to.be.revertedWithCustomError(market, "ExpiryNotListed")
        .withArgs(expiry + 1n);
      await time.increaseTo(expiry);
      await expect(m.listStrikes(expiry, [eth(4_000)])).to.be.revertedWithCustomError(market, "ExpiryTooSoon");
      await feed.connect(stranger).setAnswer(3_000n * 10n ** 8n);
      await market.connect(stranger).settle(expiry, (await feed.latestRoundData()).roundId);
      await expect(m.listStrikes(expiry, [eth(4_000)])).to.be.revertedWithCustomError(market, "ExpiryAlreadySettled");
    });

    it("failure 20: bounds the live expiries at 32", async () => {
      const { market, curator, expiry } = await loadFixture(listed);
      const m = market.connect(curator);
      for (let more = 1n; more < 32n; more++) await m.listExpiry(expiry + more, VOLATILITY);
      await expect(m.listExpiry(expiry + 32n, VOLATILITY))
        .to.be.revertedWithCustomError(market, "TooManyExpiries")
        .withArgs(33n, 32n);
    });

    it("failure 20: bounds the live series at 256, and frees their places at settlement", async () => {
      const { market, curator, expiry, feed, stranger, vault, alice } = await loadFixture(listed);
      const m = market.connect(curator);
      const strikes = Array.from({ length: 124 }, (_, index) => eth(4_000 + index));
      await expect(m.listStrikes(expiry, strikes))
        .to.be.revertedWithCustomError(market, "TooManySeries")
        .withArgs(258n, 256n);
      await m.listStrikes(expiry, strikes.slice(1));
      await expect(m.listStrikes(expiry, [eth(9_000)])).to.be.revertedWithCustomError(market, "TooManySeries");
      expect(await vault.maxWithdraw(alice.address)).to.be.greaterThan(0n);
      await time.increaseTo(expiry);
      await feed.connect(stranger).setAnswer(3_000n * 10n ** 8n);
      await market.connect(stranger).settle(expiry, (await feed.latestRoundData()).roundId);
      await m.listExpiry(expiry + BigInt(WEEK), VOLATILITY);
      await m.listStrikes(expiry + BigInt(WEEK), [eth(9_000)]);
    });
  });

  describe("quote", () => {
    it("is model value plus 2 points of vega plus 0.77 % of |delta| · spot, times size, rounded up", async () => {
      const { market, call, put, expiry } = await loadFixture(listed);
      for (const id of [call, put, seriesId(expiry, 3_300, "call"), seriesId(expiry, 2_700, "put")]) {
        const q = await market.quote(id, eth("1.5"));
        const delta = q.delta < 0n ? -q.delta : q.delta;
        expect(q.deltaSpread).to.be.closeTo((delta * q.spot * 77n) / (10_000n * eth(1)), 1n);
        const ask = q.value + q.volatilitySpread + q.deltaSpread;
        expect(q.premium).to.equal((ask * 15n + 10n ** 13n - 1n) / 10n ** 13n);
        expect(q.volatility).to.equal(VOLATILITY);
      }
    });

    it("agrees with Black–Scholes figures computed elsewhere", async () => {
      const { market, call, put } = await loadFixture(listed);
      // S = K = 3,000, σ = 65 %, 7 days, r = 0, by an independent float64 formula: see the tolerance for the seconds.
      const tau = 7 / 365;
      const deviation = 0.65 * Math.sqrt(tau);
      const n = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
      // Φ(d/2) − Φ(−d/2) = 2·(n(0)·d/2 − n(0)·d³/48 + …)
      const expected = 3_000 * 2 * n(0) * (deviation / 2 - deviation ** 3 / 48);
      const c = await market.quote(call, eth(1));
      const p = await market.quote(put, eth(1));
      expect(Math.abs(Number(c.value) / 1e18 / expected - 1)).to.be.lessThan(1e-4);
      expect(c.value - p.value).to.equal(0n);
      expect(c.delta - p.delta).to.equal(eth(1));
      const vega = 3_000 * n(deviation / 2) * Math.sqrt(tau);
      expect(Math.abs(Number(c.volatilitySpread) / 1e18 / (0.02 * vega) - 1)).to.be.lessThan(1e-4);
    });

    it("refuses what could not be bought", async () => {
      const { market, feed, stranger, call, expiry } = await loadFixture(listed);
      await expect(market.quote(call, 0n))
        .to.be.revertedWithCustomError(market, "SizeBelowMinimum")
        .withArgs(0n, eth("0.01"));
      await expect(market.quote(call, eth("0.01") - 1n)).to.be.revertedWithCustomError(market, "SizeBelowMinimum");
      await expect(market.quote(seriesId(expiry, 3_001, "call"), eth(1))).to.be.revertedWithCustomError(
        market,
        "SeriesNotListed",
      );
      await expect(market.quote(seriesId(expiry + 1n, 3_000, "call"), eth(1))).to.be.revertedWithCustomError(
        market,
        "SeriesNotListed",
      );
      await expect(market.quote(call | (1n << 105n), eth(1))).to.be.revertedWithCustomError(
        market,
        "MalformedSeriesId",
      );
      await time.increaseTo(expiry - BigInt(HOUR) + 1n);
      await feed.connect(stranger).setAnswer(3_000n * 10n ** 8n);
      await expect(market.quote(call, eth(1)))
        .to.be.revertedWithCustomError(market, "SaleClosed")
        .withArgs(expiry, expiry - BigInt(HOUR));
    });
  });

  describe("buying", () => {
    it("takes the premium, gives the options and counts the open interest", async () => {
      const { market, token, usdcToken, vault, dave, erin, call, put, addresses } = await loadFixture(listed);
      await usdcToken.connect(dave).mint(dave.address, usdc(10_000));
      await usdcToken.connect(dave).approve(addresses.market, usdc(10_000));
      const idle = await vault.idle();
      await expect(market.connect(dave).buy(call, eth(2), usdc(10_000), MaxUint256, erin.address)).to.emit(
        market,
        "Bought",
      );
      const paid = usdc(10_000) - (await usdcToken.balanceOf(dave.address));
      expect(paid).to.be.within(usdc(2 * 100), usdc(2 * 140));
      expect(await vault.idle()).to.equal(idle + paid);
      expect(await token.balanceOf(erin.address, call)).to.equal(eth(2));
      expect(await token.totalSupply(call)).to.equal(eth(2));
      expect([await market.openInterest(call), await market.openInterest(put)]).to.deep.equal([eth(2), 0n]);
    });

    it("reverts when the premium is above the limit or the deadline has passed", async () => {
      const { market, usdcToken, dave, call, addresses } = await loadFixture(listed);
      await usdcToken.connect(dave).mint(dave.address, usdc(10_000));
      await usdcToken.connect(dave).approve(addresses.market, MaxUint256);
      const { premium } = await market.quote(call, eth(1));
      await expect(
        market.connect(dave).buy(call, eth(1), premium / 2n, MaxUint256, dave.address),
      ).to.be.revertedWithCustomError(market, "PremiumAboveLimit");
      const now = BigInt(await time.latest());
      await expect(market.connect(dave).buy(call, eth(1), premium, now, dave.address)).to.be.revertedWithCustomError(
        market,
        "DeadlinePassed",
      );
      await expect(
        market.connect(dave).buy(call, eth(1), premium, MaxUint256, ZeroAddress),
      ).to.be.revertedWithCustomError(market, "ZeroAddress");
    });

    it("reverts when the vault could not cover the loss at half or at one and a half times spot", async () => {
      const system = await loadFixture(listed);
      const { market, riskEngine, usdcToken, dave, call, put, addresses } = system;
      await usdcToken.connect(dave).mint(dave.address, usdc(10_000_000));
      await usdcToken.connect(dave).approve(addresses.market, MaxUint256);
      // A million covers 800,000 of loss with the reserve of 20 %: 1,500 a call at 4,500.
      await expect(
        market.connect(dave).buy(call, eth(800), MaxUint256, MaxUint256, dave.address),
      ).to.be.revertedWithCustomError(riskEngine, "InsufficientCollateral");
      await expect(
        market.connect(dave).buy(put, eth(800), MaxUint256, MaxUint256, dave.address),
      ).to.be.revertedWithCustomError(riskEngine, "InsufficientCollateral");
      await buy(system, dave, call, eth(500));
      await buy(system, dave, put, eth(500));
    });

    it("refuses to sell on an untrusted price, and while an expiry waits for settlement", async () => {
      const system = await loadFixture(listed);
      const { market, oracle, riskEngine, feed, dave, stranger, usdcToken, addresses, expiry } = system;
      await system.market.connect(system.curator).listExpiry(expiry + BigInt(WEEK), VOLATILITY);
      await system.market.connect(system.curator).listStrikes(expiry + BigInt(WEEK), [eth(3_000)]);
      const later = seriesId(expiry + BigInt(WEEK), 3_000, "call");
      await buy(system, dave, system.call, eth(1));
      await usdcToken.connect(dave).mint(dave.address, usdc(10_000));
      await usdcToken.connect(dave).approve(addresses.market, MaxUint256);
      const order = () => market.connect(dave).buy(later, eth(1), MaxUint256, MaxUint256, dave.address);
      await feed.connect(stranger).setAnswer(0n);
      await expect(order()).to.be.revertedWithCustomError(oracle, "PriceNotPositive");
      await feed.connect(stranger).setAnswer(-3n);
      await expect(order()).to.be.revertedWithCustomError(oracle, "PriceNotPositive");
      await time.increaseTo(expiry);
      await expect(order()).to.be.revertedWithCustomError(oracle, "PriceNotPositive");
      await setPrice(system, 3_000);
      await expect(order()).to.be.revertedWithCustomError(riskEngine, "SalesClosed").withArgs(2n);
      await market.connect(stranger).settle(expiry, await latestRound(system));
      await order();
    });

    it("sells nothing so far from the money that it costs next to nothing, for its size would count all the same", async () => {
      const system = await loadFixture(listed);
      const { market, curator, controller, usdcToken, dave, call, expiry, addresses } = system;
      await market.connect(curator).listStrikes(expiry, [eth(1_500), eth(6_000)]);
      await usdcToken.connect(dave).mint(dave.address, usdc(1_000_000));
      await usdcToken.connect(dave).approve(addresses.market, MaxUint256);
      const order = (id: bigint, size: bigint) =>
        market.connect(dave).buy(id, size, MaxUint256, MaxUint256, dave.address);
      await order(call, eth(100));
      // A million puts at half of spot would cost a unit and widen the band past any hedge.
      for (const id of [
        seriesId(expiry, 1_500, "put"),
        seriesId(expiry, 1_500, "call"),
        seriesId(expiry, 6_000, "call"),
        seriesId(expiry, 6_000, "put"),
      ]) {
        const { delta } = await market.quote(id, eth(1));
        await expect(order(id, eth(1)))
          .to.be.revertedWithCustomError(market, "DeltaOutOfBounds")
          .withArgs(delta, eth("0.05"), eth("0.95"));
      }
      // Nor what ran far out of the money by itself.
      await time.increaseTo(expiry - 7_200n);
      await setPrice(system, 3_000);
      await expect(order(seriesId(expiry, 2_700, "put"), eth(660))).to.be.revertedWithCustomError(
        market,
        "DeltaOutOfBounds",
      );
      expect((await controller.hedgeState()).action).to.equal(1n);
    });

    it("needs the buyer's money", async () => {
      const { market, usdcToken, dave, call } = await loadFixture(listed);
      await expect(
        market.connect(dave).buy(call, eth(1), MaxUint256, MaxUint256, dave.address),
      ).to.be.revertedWithCustomError(usdcToken, "ERC20InsufficientAllowance");
    });
  });

  describe("selling back", () => {
    it("pays model value less the half-spread, burns the options and shrinks the open interest", async () => {
      const system = await loadFixture(listed);
      const { market, token, usdcToken, vault, dave, erin, call } = system;
      await buy(system, dave, call, eth(5));
      const idle = await vault.idle();
      const { proceeds, value, volatilitySpread, deltaSpread } = await market.quote(call, eth(2));
      expect(proceeds).to.equal(((value - volatilitySpread - deltaSpread) * 2n) / 10n ** 12n);
      await expect(market.connect(dave).sell(call, eth(2), 0n, MaxUint256, erin.address)).to.emit(market, "Sold");
      const paid = await usdcToken.balanceOf(erin.address);
      // A second of time value later.
      expect(paid).to.be.within(proceeds - 1_000n, proceeds);
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
      const { proceeds } = await market.quote(call, eth(1));
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
      await expect(m.sell(call, 0n, 0n, MaxUint256, dave.address)).to.be.revertedWithCustomError(
        market,
        "SizeBelowMinimum",
      );
    });

    it("waits while an expiry does, so that it cannot go before what that one will owe", async () => {
      const system = await loadFixture(listed);
      const { market, curator, riskEngine, stranger, dave, erin, expiry } = system;
      const later = expiry + BigInt(WEEK);
      await market.connect(curator).listExpiry(later, VOLATILITY);
      await market.connect(curator).listStrikes(later, [eth(3_000)]);
      const next = seriesId(later, 3_000, "call");
      await buy(system, dave, system.call, eth(10));
      await buy(system, erin, next, eth(10));
      await time.increaseTo(expiry);
      await setPrice(system, 3_000);
      await expect(market.connect(erin).sell(next, eth(10), 0n, MaxUint256, erin.address))
        .to.be.revertedWithCustomError(riskEngine, "SalesClosed")
        .withArgs(2n);
      await market.connect(stranger).settle(expiry, await latestRound(system));
      await market.connect(erin).sell(next, eth(10), 0n, MaxUint256, erin.address);
    });

    it("pays nobody out of an insolvent vault", async () => {
      const system = await loadFixture(listed);
      const { market, riskEngine, dave, call } = system;
      await buy(system, dave, call, eth(400));
      await setPrice(system, 9_000);
      await expect(market.connect(dave).sell(call, eth(1), 0n, MaxUint256, dave.address))
        .to.be.revertedWithCustomError(riskEngine, "SalesClosed")
        .withArgs(4n);
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
      const system = await loadFixture(listed);
      const { market, curator, vault, stranger, dave, erin, expiry } = system;
      const later = expiry + BigInt(WEEK);
      await market.connect(curator).listExpiry(later, VOLATILITY);
      await market.connect(curator).listStrikes(later, [eth(3_000)]);
      const next = seriesId(later, 3_000, "call");
      await buy(system, dave, system.call, eth(100));
      await buy(system, erin, next, eth(100));
      await time.increaseTo(expiry);
      await setPrice(system, 12_000);
      await market.connect(stranger).settle(expiry, await latestRound(system));
      // The vault is solvent, but most of its money is at the venue.
      const live = stateOf(await system.venue.state());
      await system.venue.connect(stranger).setState({ ...live, cash: eth(2_000_000) });
      const free = (await vault.idle()) - (await vault.owed());
      expect(free).to.be.within(usdc(100_000), usdc(130_000));
      await expect(
        market.connect(erin).sell(next, eth(100), 0n, MaxUint256, erin.address),
      ).to.be.revertedWithCustomError(vault, "InsufficientIdle");
      await market.connect(erin).sell(next, eth(10), 0n, MaxUint256, erin.address);
      await market.connect(dave).redeem(system.call, eth(100), dave.address);
      expect(await vault.owed()).to.equal(0n);
    });

    it("no sequence of purchases and sales gains at unchanged prices, whatever the sizes", async () => {
      const system = await loadFixture(listed);
      const { market, usdcToken, dave, expiry, addresses } = system;
      await usdcToken.connect(dave).mint(dave.address, usdc(1_000_000));
      await usdcToken.connect(dave).approve(addresses.market, MaxUint256);
      const ids = [3_000, 2_700, 3_300].flatMap((strike) => [
        seriesId(expiry, strike, "call"),
        seriesId(expiry, strike, "put"),
      ]);
      const trade = fc.record({
        series: fc.nat(ids.length - 1),
        size: fc.bigInt({ min: eth("0.01"), max: eth(20) }),
        parts: fc.integer({ min: 1, max: 3 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(trade, { minLength: 1, maxLength: 4 }), async (trades) => {
          const snapshot = await networkHelpers.takeSnapshot();
          const before = await usdcToken.balanceOf(dave.address);
          for (const { series, size } of trades)
            await market.connect(dave).buy(ids[series]!, size, MaxUint256, MaxUint256, dave.address);
          for (const { series, size, parts } of trades) {
            const part = size / BigInt(parts);
            for (let sold = 0; sold < parts && part >= eth("0.01"); sold++)
              await market.connect(dave).sell(ids[series]!, part, 0n, MaxUint256, dave.address);
          }
          expect(await usdcToken.balanceOf(dave.address)).to.be.lessThan(before);
          await snapshot.restore();
        }),
        { numRuns: 25, seed: 4 },
      );
    });
  });

  describe("settlement", () => {
    it("failure 18: pays at the first round after expiry, whoever calls and however late", async () => {
      const system = await loadFixture(listed);
      await buy(system, system.dave, system.call, eth(7));
      await time.increaseTo(system.expiry + 60n);
      await setPrice(system, 3_100);
      const first = await latestRound(system);
      await time.increase(3 * DAY);
      await setPrice(system, 9_000);
      const { market, stranger, expiry } = system;
      await expect(market.connect(stranger).settle(expiry, await latestRound(system))).to.be.revertedWithCustomError(
        system.oracle,
        "NotTheFirstRound",
      );
      await expect(market.connect(stranger).settle(expiry, first))
        .to.emit(market, "Settled")
        .withArgs(expiry, eth(3_100), usdc(700), stranger.address);
      expect((await market.expiryOf(expiry)).settlementPrice).to.equal(eth(3_100));
    });

    it("happens once, not before expiry, and only where something was listed", async () => {
      const system = await loadFixture(settled);
      const { market, oracle, stranger, expiry, round } = system;
      await expect(market.connect(stranger).settle(expiry, round))
        .to.be.revertedWithCustomError(market, "ExpiryAlreadySettled")
        .withArgs(expiry);
      await expect(market.connect(stranger).settle(expiry - 1n, round)).to.be.revertedWithCustomError(
        market,
        "ExpiryNotListed",
      );
      const next = await listBoard(system);
      await expect(market.connect(stranger).settle(next, round)).to.be.revertedWithCustomError(oracle, "NotExpired");
    });

    it("takes the expiry out of the book at once and records what is owed", async () => {
      const { market, riskEngine, vault, call, put, expiry } = await loadFixture(settled);
      expect(await market.liveExpiries()).to.deep.equal([]);
      expect((await riskEngine.book(eth(3_100))).liability).to.equal(0n);
      expect(await vault.owed()).to.equal(usdc(1_000));
      expect([await market.openInterest(call), await market.payoff(call), await market.payoff(put)]).to.deep.equal([
        0n,
        eth(100),
        0n,
      ]);
      expect((await market.expiryOf(expiry)).settled).to.equal(true);
    });

    it("failure 19: an expiry that nobody settles blocks no read of another", async () => {
      const system = await loadFixture(listed);
      await buy(system, system.dave, system.call, eth(5));
      const { market, curator, expiry, riskEngine, controller, vault, lens } = system;
      await market.connect(curator).listExpiry(expiry + BigInt(WEEK), VOLATILITY);
      await market.connect(curator).listStrikes(expiry + BigInt(WEEK), [eth(3_000)]);
      await time.increaseTo(expiry + BigInt(DAY));
      await setPrice(system, 3_050);
      expect((await riskEngine.book(eth(3_050))).calls).to.equal(eth(5));
      expect((await controller.hedgeState()).bookDelta).to.be.lessThan(0n);
      expect(await vault.totalAssets()).to.be.greaterThan(0n);
      expect((await lens.snapshot()).unsettled).to.deep.equal([expiry]);
      expect((await market.quote(seriesId(expiry + BigInt(WEEK), 3_000, "call"), eth(1))).premium).to.be.greaterThan(
        0n,
      );
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

    it("pays nothing for what ended out of the money, and burns it all the same", async () => {
      const { market, token, usdcToken, erin, put } = await loadFixture(settled);
      const before = await usdcToken.balanceOf(erin.address);
      await market.connect(erin).redeem(put, eth(4), erin.address);
      expect(await usdcToken.balanceOf(erin.address)).to.equal(before);
      expect(await token.totalSupply(put)).to.equal(0n);
    });

    it("never pays more than was set aside, in however many parts, and frees the dust with the last", async () => {
      const system = await loadFixture(listed);
      const { market, vault, usdcToken, dave, erin, stranger, call, expiry } = system;
      await buy(system, dave, call, eth("0.333333333333333333"));
      await buy(system, erin, call, eth("0.777777777777777777"));
      await time.increaseTo(expiry);
      await setPrice(system, 3_000.12345678);
      await market.connect(stranger).settle(expiry, await latestRound(system));
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
        await buy(parts, parts.dave, seriesId(expiry, 3_000, "call"), eth(14));
        return { ...parts, expiry };
      });
      const { controller, market, vault, dave, stranger, keeper, expiry, world$ } = system;
      const id = seriesId(expiry, 3_000, "call");
      const hedge = async () => {
        const { trade, spot } = await controller.hedgeState();
        if (trade === 0n) return;
        await controller
          .connect(keeper)
          .rebalance(trade, trade > 0n ? (spot * 101n) / 100n : (spot * 99n + 99n) / 100n, MaxUint256, {
            gasLimit: 10_000_000n,
          });
      };
      await hedge();
      for (const price of [3_300, 3_700, 4_200, 4_800, 5_300]) {
        await world$.step({ priceWad: eth(price), seconds: HOUR });
        await hedge();
      }
      await time.increaseTo(expiry);
      await world$.step({ priceWad: eth(5_300), seconds: 120 });
      // 120 seconds in one step: the round lies after expiry, its predecessor before.
      await market.connect(stranger).settle(expiry, (await system.feed.latestRoundData()).roundId);
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
    await expect(market.openInterest(1n)).to.be.revertedWithCustomError(market, "SeriesNotListed").withArgs(1n);
    await expect(market.payoff(1n << 200n)).to.be.revertedWithCustomError(market, "MalformedSeriesId");
    expect(ethers.isAddress(await market.oracle())).to.equal(true);
  });
});
