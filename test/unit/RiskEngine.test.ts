import { expect } from "chai";
import {
  buy,
  DAY,
  deposit,
  eth,
  HOUR,
  listBoard,
  networkHelpers,
  rebalance,
  seriesId,
  setPrice,
  systemOnCurie,
  systemOnMisbehavingVenue,
  usdc,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;

async function boards() {
  const system = await systemOnMisbehavingVenue();
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  return { ...system, expiry };
}

describe("RiskEngine", () => {
  describe("book", () => {
    it("is nothing without open interest, at any spot", async () => {
      const { riskEngine } = await loadFixture(boards);
      for (const spot of [1n, eth(3_000), eth(1_000_000)]) {
        const b = await riskEngine.book(spot);
        expect([b.liability, b.delta, b.gamma, b.vega, b.theta, b.calls, b.puts]).to.deep.equal([
          0n,
          0n,
          0n,
          0n,
          0n,
          0n,
          0n,
        ]);
      }
    });

    it("values what was sold at the quote's own model value, from the vault's side", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, market, dave, expiry } = system;
      const call = seriesId(expiry, 3_150, "call");
      const put = seriesId(expiry, 2_850, "put");
      await buy(system, dave, call, eth(3));
      await buy(system, dave, put, eth(5));
      const [c, p, b] = await Promise.all([
        market.quote(call, eth(1)),
        market.quote(put, eth(1)),
        riskEngine.book(eth(3_000)),
      ]);
      // Rounded up by 2^-58 of the notional.
      expect(b.liability).to.be.within(3n * c.value + 5n * p.value, 3n * c.value + 5n * p.value + 100_000n);
      expect(b.delta).to.be.closeTo(-(3n * c.delta + 5n * p.delta), 10n);
      expect([b.calls, b.puts]).to.deep.equal([eth(3), eth(5)]);
      // Short options: time works for the vault, moves and volatility against it.
      expect(b.theta).to.be.greaterThan(0n);
      expect(b.gamma).to.be.lessThan(0n);
      expect(b.vega).to.be.lessThan(0n);
    });

    it("rounds the liability up: never less than what was sold is worth", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, market, dave, expiry } = system;
      const id = seriesId(expiry, 3_000, "call");
      await buy(system, dave, id, eth("0.010000000000000001"));
      const [{ value }, { liability }] = await Promise.all([market.quote(id, eth(1)), riskEngine.book(eth(3_000))]);
      expect(liability * eth(1)).to.be.greaterThanOrEqual(value * eth("0.010000000000000001"));
    });

    it("adds up over several expiries and follows the posted volatility at once", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, market, curator, dave, expiry } = system;
      const later = await listBoard(system, [3_000], 14 * DAY);
      await buy(system, dave, seriesId(expiry, 3_000, "call"), eth(2));
      const one = await riskEngine.book(eth(3_000));
      await buy(system, dave, seriesId(later, 3_000, "call"), eth(2));
      const two = await riskEngine.book(eth(3_000));
      // √2 as much for twice the time.
      expect(two.liability).to.be.within((one.liability * 24n) / 10n, (one.liability * 243n) / 100n);
      await market.connect(curator).setVolatility(later, eth("1.3"));
      const three = await riskEngine.book(eth(3_000));
      expect(three.liability - one.liability).to.be.within(
        ((two.liability - one.liability) * 199n) / 100n,
        (two.liability - one.liability) * 2n,
      );
    });

    it("holds the greeks of the last ten minutes at ten minutes", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, dave, expiry } = system;
      await buy(system, dave, seriesId(expiry, 3_000, "call"), eth(1));
      await time.increaseTo(expiry - 600n);
      const before = await riskEngine.book(eth(3_001));
      await time.increaseTo(expiry + BigInt(DAY));
      expect(await riskEngine.book(eth(3_001))).to.deep.equal(before);
    });
  });

  describe("what a sale must leave", () => {
    it("a fifth of NAV at half and at one and a half times spot", async () => {
      const system = await loadFixture(boards);
      const { market, riskEngine, usdcToken, dave, expiry, addresses } = system;
      await usdcToken.connect(dave).mint(dave.address, usdc(10_000_000));
      await usdcToken.connect(dave).approve(addresses.market, usdc(10_000_000));
      const id = seriesId(expiry, 3_000, "call");
      const order = (size: bigint) => market.connect(dave).buy(id, size, usdc(10_000_000), 2n ** 40n, dave.address);
      // Bisect the largest sale that is accepted.
      let [accepted, refused] = [0n, eth(2_000)];
      while (refused - accepted > eth("0.01")) {
        const size = (accepted + refused) / 2n;
        const snapshot = await networkHelpers.takeSnapshot();
        const ok = await order(size).then(
          () => true,
          () => false,
        );
        await snapshot.restore();
        if (ok) accepted = size;
        else refused = size;
      }
      await order(accepted);
      const { mid } = await riskEngine.valuation();
      const left = (await system.vault.idle()) * 10n ** 12n - (accepted * eth(1_500)) / eth(1);
      expect(left).to.be.within(mid / 5n, mid / 5n + eth(30));
    });

    it("counts the hedge, its gains by half", async () => {
      const system = await loadFixture(async function hedgedOnCurie() {
        const parts = await systemOnCurie();
        await deposit(parts, parts.alice, usdc(1_000_000));
        const expiry = await listBoard(parts);
        return { ...parts, expiry };
      });
      const { riskEngine, dave, expiry } = system;
      const id = seriesId(expiry, 3_000, "call");
      await buy(system, dave, id, eth(520));
      await expect(buy(system, dave, id, eth(60))).to.be.revertedWithCustomError(riskEngine, "InsufficientCollateral");
      await rebalance(system);
      // With half the gain of the hedge at 4,500 there is room for more.
      await buy(system, dave, id, eth(60));
    });
  });

  describe("valuation", () => {
    it("keeps deposits out before a known loss is booked and in line with spot after", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, dave, expiry } = system;
      await buy(system, dave, seriesId(expiry, 3_000, "call"), eth(100));
      const before = await riskEngine.valuation();
      await setPrice(system, 3_300);
      const after = await riskEngine.valuation();
      // 100 calls that gained about 220 each: in the price at once, without anybody's poke.
      expect(before.mid - after.mid).to.be.within(eth(18_000), eth(28_000));
      expect(after.closure).to.equal(0n);
    });

    it("pays no more than the free part out", async () => {
      const system = await loadFixture(boards);
      const { riskEngine, vault, alice, dave, expiry } = system;
      await buy(system, dave, seriesId(expiry, 3_000, "call"), eth(500));
      const { freeLiquidity } = await riskEngine.valuation();
      expect(await vault.maxWithdraw(alice.address)).to.equal(freeLiquidity);
      // 750,000 stay for the loss at 4,500.
      expect(freeLiquidity).to.be.within((await vault.idle()) - usdc(750_001), (await vault.idle()) - usdc(749_999));
      await time.increase(HOUR);
      await setPrice(system, 3_000);
      await vault.connect(alice).withdraw(freeLiquidity, alice.address, alice.address);
      expect((await riskEngine.valuation()).freeLiquidity).to.be.lessThan(usdc(1));
    });
  });
});
