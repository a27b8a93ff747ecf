import { expect } from "chai";
import { MaxUint256 } from "ethers";
import type { SaleLimitsMutant } from "../../types/index.ts";
import { deployContract } from "../helpers/feeds.ts";
import {
  at,
  CLOSURE,
  DAY,
  deposit,
  eth,
  fund,
  HOUR,
  keepFresh,
  listBoard,
  type MisbehavingSystem,
  networkHelpers,
  provider,
  refreshFeed,
  repostSurface,
  seriesId,
  setPrice,
  setVegaCapacity,
  stateOf,
  systemOnMisbehavingVenue,
  usdc,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const WITHOUT = { nothing: 0, cover: 1, renewal: 2, roundDelta: 3, depth: 4 } as const;
const GAS = { gasLimit: 8_000_000n };

async function board() {
  const system = await systemOnMisbehavingVenue();
  await system.venue.connect(system.stranger).setDepth(eth(100_000));
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  await fund(system, system.dave, usdc(10_000_000));
  return { ...system, expiry, call: seriesId(expiry, 3_000, "call"), put: seriesId(expiry, 3_000, "put") };
}
type Board = Awaited<ReturnType<typeof board>>;

/** The same system with the limits that can leave one out, put where the limits were. */
async function mutant(system: MisbehavingSystem, without: number): Promise<SaleLimitsMutant> {
  const { addresses } = system;
  const path = "mocks/mutants/SaleLimitsMutant";
  const other = await deployContract(path, [
    addresses.market,
    addresses.vault,
    addresses.controller,
    addresses.riskEngine,
    addresses.surface,
  ]);
  await networkHelpers.setCode(addresses.saleLimits, await provider.getCode(other.address));
  const limits = at<SaleLimitsMutant>(path, addresses.saleLimits);
  await limits.connect(system.stranger).leaveOut(without);
  return limits;
}

const order = ({ market, dave }: Board, id: bigint, size: bigint) =>
  market.connect(dave).buy(id, size, MaxUint256, MaxUint256, dave.address, GAS);

describe("SaleLimits", () => {
  describe("Q5: |delta| sold at one round of the oracle", () => {
    it("is worth at most 5 % of bid NAV, and a new round gives as much again", async () => {
      const system = await loadFixture(board);
      const { market, saleLimits, call } = system;
      const { price, limits } = await market.quote(call, eth(1));
      const bid = (await system.riskEngine.valuation()).bid;
      expect(limits.roundDeltaLeft).to.equal(bid / 20n / 3_000n);
      const most = (limits.roundDeltaLeft * eth(1)) / price.jumpDelta;
      await expect(order(system, call, (most * 101n) / 100n)).to.be.revertedWithCustomError(
        saleLimits,
        "RoundDeltaSpent",
      );
      await order(system, call, (most * 60n) / 100n);
      await expect(order(system, call, (most * 60n) / 100n)).to.be.revertedWithCustomError(
        saleLimits,
        "RoundDeltaSpent",
      );
      expect((await market.quote(call, (most * 60n) / 100n)).limits.closure).to.equal(CLOSURE.roundDeltaSpent);
      await refreshFeed(system);
      await order(system, call, (most * 60n) / 100n);
    });

    it("is not freed by a vault call, by a renewal, or by selling back", async () => {
      const system = await loadFixture(board);
      const { market, saleLimits, call, dave, stranger } = system;
      const { price, limits } = await market.quote(call, eth(1));
      const most = (limits.roundDeltaLeft * eth(1)) / price.jumpDelta;
      await order(system, call, (most * 95n) / 100n);
      await saleLimits.connect(stranger).renew();
      await market.connect(dave).sell(call, (most * 90n) / 100n, 0n, MaxUint256, dave.address, GAS);
      await expect(order(system, call, (most * 10n) / 100n)).to.be.revertedWithCustomError(
        saleLimits,
        "RoundDeltaSpent",
      );
    });

    it("counts calls and puts alike", async () => {
      const system = await loadFixture(board);
      const { market, saleLimits, call, put } = system;
      const { price, limits } = await market.quote(call, eth(1));
      await order(system, call, (limits.roundDeltaLeft * eth("0.98")) / price.jumpDelta);
      await expect(order(system, put, eth(2))).to.be.revertedWithCustomError(saleLimits, "RoundDeltaSpent");
    });

    it("Q5: without the limit a jump of the true price by 3 % is sold as often as there is money", async () => {
      const attack = async (without: number) => {
        const system = await loadFixture(board);
        await mutant(system, without);
        const { market, call, dave, usdcToken } = system;
        const before = await usdcToken.balanceOf(dave.address);
        let bought = 0n;
        // The true price is 3,090 already; the feed says so in its next round.
        for (let trade = 0; trade < 12; trade++) {
          const sent = order(system, call, eth(10));
          const isRefused = await sent.then(
            () => false,
            () => true,
          );
          if (isRefused) break;
          bought += eth(10);
        }
        await refreshFeed(system);
        await setPrice(system, 3_090);
        if (bought > 0n) await market.connect(dave).sell(call, bought, 0n, MaxUint256, dave.address, GAS);
        return { bought, profit: (await usdcToken.balanceOf(dave.address)) - before };
      };
      const bounded = await attack(WITHOUT.nothing);
      const unbounded = await attack(WITHOUT.roundDelta);
      console.log(
        `      a jump of 3 %: ${Number(bounded.bought / eth(1))} options for a profit of $${Number(bounded.profit) / 1e6}; without the limit ${Number(unbounded.bought / eth(1))} for $${Number(unbounded.profit) / 1e6}`,
      );
      expect(unbounded.bought).to.be.greaterThan(2n * bounded.bought);
      // 5 % of NAV, times what the jump moves it: at most 3 % of 50,000 here.
      expect(bounded.profit).to.be.lessThan(usdc(1_500));
    });
  });

  describe("Q5: the venue's depth", () => {
    it("covers what was sold since the checkpoint and what an open breach needs", async () => {
      const system = await loadFixture(board);
      const { market, saleLimits, venue, stranger, call } = system;
      const { price } = await market.quote(call, eth(1));
      await venue.connect(stranger).setDepth(eth(3));
      await saleLimits.connect(stranger).renew();
      expect((await market.quote(call, eth(1))).limits.depthLeft).to.equal(eth(3));
      const most = (eth(3) * eth(1)) / price.delta;
      await expect(order(system, call, (most * 101n) / 100n)).to.be.revertedWithCustomError(
        saleLimits,
        "VenueDepthSpent",
      );
      await order(system, call, (most * 60n) / 100n);
      await expect(order(system, call, (most * 80n) / 100n)).to.be.revertedWithCustomError(
        saleLimits,
        "VenueDepthSpent",
      );
      // A renewal does not free it: what was sold is a breach of the band now.
      await saleLimits.connect(stranger).renew();
      const { limits } = await market.quote(call, eth(1));
      expect(limits.depthLeft).to.be.lessThan(eth(2));
    });

    it("Q5: without the limit delta is sold that nobody could hedge", async () => {
      const sold = async (without: number) => {
        const system = await loadFixture(board);
        await mutant(system, without);
        await system.venue.connect(system.stranger).setDepth(eth(1));
        await system.saleLimits.connect(system.stranger).renew();
        return order(system, system.call, eth(10)).then(
          () => true,
          () => false,
        );
      };
      expect([await sold(WITHOUT.nothing), await sold(WITHOUT.depth)]).to.deep.equal([false, true]);
    });

    it("closes sales while the venue cannot be traded", async () => {
      const system = await loadFixture(board);
      const { market, saleLimits, venue, stranger, call } = system;
      await venue.connect(stranger).setState({ ...stateOf(await venue.state()), tradable: false });
      await saleLimits.connect(stranger).renew();
      expect((await market.quote(call, eth(1))).limits.closure).to.equal(CLOSURE.venueNotTradable);
      await expect(order(system, call, eth(1)))
        .to.be.revertedWithCustomError(saleLimits, "SalesClosed")
        .withArgs(CLOSURE.venueNotTradable);
    });
  });

  describe("S4: the checkpoint", () => {
    const timeOf = async ({ saleLimits }: Board) => Number((await saleLimits.checkpoint()).time);

    it("is renewed by every vault call, and by anybody", async () => {
      const system = await loadFixture(board);
      await time.increase(60);
      await deposit(system, system.bob, usdc(1_000));
      expect(await timeOf(system)).to.equal(await time.latest());
      await time.increase(60);
      await system.vault.connect(system.alice).withdraw(usdc(10), system.alice.address, system.alice.address);
      expect(await timeOf(system)).to.equal(await time.latest());
      await time.increase(60);
      await system.saleLimits.connect(system.stranger).renew();
      expect(await timeOf(system)).to.equal(await time.latest());
    });

    it("serves for ten minutes, not a second longer", async () => {
      const system = await loadFixture(board);
      await system.saleLimits.connect(system.stranger).renew();
      const made = await timeOf(system);
      await time.setNextBlockTimestamp(made + 600);
      await order(system, system.call, eth("0.1"));
      expect(await timeOf(system)).to.equal(made);
      await time.setNextBlockTimestamp(made + 601);
      await order(system, system.call, eth("0.1"));
      expect(await timeOf(system)).to.equal(made + 601);
    });

    it("is renewed by a sale when spot moved by more than 1 %, a surface was posted, a hedge or a settlement came between", async () => {
      const system = await loadFixture(board);
      const { saleLimits, stranger, call } = system;
      const isRenewedBy = async (what: () => Promise<unknown>) => {
        await saleLimits.connect(stranger).renew();
        const made = await timeOf(system);
        await what();
        await order(system, call, eth("0.01"));
        return (await timeOf(system)) !== made;
      };
      expect(await isRenewedBy(async () => {})).to.equal(false);
      expect(await isRenewedBy(() => setPrice(system, 3_030))).to.equal(false);
      expect(await isRenewedBy(() => setPrice(system, 3_061))).to.equal(true);
      await time.increase(HOUR);
      await refreshFeed(system);
      expect(await isRenewedBy(() => repostSurface(system))).to.equal(true);
      await refreshFeed(system);
      await order(system, call, eth(10));
      expect(
        await isRenewedBy(async () => {
          const { trade, spot } = await system.controller.hedgeState();
          await system.controller
            .connect(system.keeper)
            .rebalance(trade, (spot * 101n) / 100n, MaxUint256, { gasLimit: 10_000_000n });
        }),
      ).to.equal(true);
    });

    it("counts each sale's own loss exactly: what is left equals a fresh valuation's, less the moves it allows for", async () => {
      const system = await loadFixture(board);
      const { saleLimits, stranger, call, put } = system;
      await saleLimits.connect(stranger).renew();
      await order(system, call, eth(3));
      await order(system, put, eth(2));
      const counted = await saleLimits.checkpoint();
      await saleLimits.connect(stranger).renew();
      const fresh = await saleLimits.checkpoint();
      expect(counted.lossUp).to.equal(fresh.lossUp);
      expect(counted.lossDown).to.equal(fresh.lossDown);
      // Calls and puts each keep 1 % for themselves; together the greater of both would do.
      expect(counted.lossHere - fresh.lossHere).to.be.within(0n, eth(61));
      expect(counted.deltaSold).to.be.greaterThan(fresh.deltaSold);
    });

    it("S4: without renewal what is sold after the money has left is admitted against the money that was there", async () => {
      // The venue's account is emptied by a loss; the stale checkpoint still counts it.
      const sold = async (without: number) => {
        const system = await loadFixture(board);
        const { venue, stranger, saleLimits, call } = system;
        await mutant(system, without);
        const live = stateOf(await venue.state());
        await venue
          .connect(stranger)
          .setState({ ...live, size: eth(500), cash: eth(2_000_000), entryNotional: eth(1_500_000) });
        await saleLimits.connect(stranger).renew();
        const rich = (await saleLimits.checkpoint()).hedgeUp;
        await venue.connect(stranger).setState({ ...live });
        await time.increase(DAY);
        await keepFresh(system);
        await order(system, call, eth(1));
        return (await saleLimits.checkpoint()).hedgeUp === rich;
      };
      expect([await sold(WITHOUT.nothing), await sold(WITHOUT.renewal)]).to.deep.equal([false, true]);
    });
  });

  describe("S3: cover", () => {
    it("S3: without it more is sold than the vault could ever pay", async () => {
      const attack = async (without: number) => {
        const system = await loadFixture(board);
        await mutant(system, without);
        const { vault, market } = system;
        // Deep in the money: little vega, so that V_cap does not end it first.
        const call = seriesId(system.expiry, 2_700, "call");
        let sold = 0n;
        for (let trade = 0; trade < 150; trade++) {
          await refreshFeed(system);
          if (trade % 20 === 0) await system.saleLimits.connect(system.stranger).renew();
          const isRefused = await order(system, call, eth(15)).then(
            () => false,
            () => true,
          );
          if (isRefused) break;
          sold += eth(15);
        }
        // At one and a half times spot.
        const owed = (sold * 1_800n) / 10n ** 12n;
        return { sold: await market.openInterest(call), short: owed - (await vault.idle()) };
      };
      const covered = await attack(WITHOUT.nothing);
      const uncovered = await attack(WITHOUT.cover);
      console.log(
        `      at 4,500 the vault owes $${-Number(covered.short) / 1e6} less than it has with the rule, and $${Number(uncovered.short) / 1e6} more than it has without`,
      );
      expect(covered.short).to.be.lessThan(0n);
      expect(uncovered.short).to.be.greaterThan(0n);
    });
  });

  describe("Q3: V_cap", () => {
    it("an expiry is not sold beyond it", async () => {
      const system = await loadFixture(board);
      const { market, pricer, call } = system;
      await time.increase(DAY);
      await keepFresh(system);
      const half = (await market.vegaCapacity()) / 2n + 1n;
      await setVegaCapacity(system, half);
      for (;;) {
        await refreshFeed(system);
        const { price } = await market.quote(call, eth(20));
        if (price.buying !== 0n) {
          expect(price.buying).to.equal(CLOSURE.noVegaCapacity);
          break;
        }
        await order(system, call, eth(20));
      }
      await expect(order(system, call, eth(20))).to.be.revertedWithCustomError(pricer, "NoVegaCapacity");
    });

    it("moves by at most a factor of two a day, within a tenth of bid NAV", async () => {
      const system = await loadFixture(board);
      const { market, curator } = system;
      const now = await market.vegaCapacity();
      await time.increase(DAY);
      await keepFresh(system);
      const m = market.connect(curator);
      await expect(m.setVegaCapacity((now + 1n) / 2n - 1n)).to.be.revertedWithCustomError(
        market,
        "VegaCapacityOutOfBounds",
      );
      await m.setVegaCapacity((now + 1n) / 2n);
      await time.increase(DAY);
      await keepFresh(system);
      await expect(m.setVegaCapacity(2n * ((now + 1n) / 2n) + 1n)).to.be.revertedWithCustomError(
        market,
        "VegaCapacityOutOfBounds",
      );
    });
  });

  it("who may tell it anything", async () => {
    const system = await loadFixture(board);
    const { saleLimits, alice } = system;
    const sale = {
      isCall: true,
      isPull: false,
      strike: eth(3_000),
      size: eth(1),
      delta: eth("0.5"),
      jumpDelta: eth("0.6"),
      vega: eth(100),
      skew: 0n,
      value: eth(100),
      premium: usdc(100),
      spot: eth(3_000),
      spotUpdatedAt: 1n,
    };
    const l = saleLimits.connect(alice);
    for (const call of [() => l.spend(), () => l.admitSale(sale), () => l.admitBuyback(sale)]) {
      await expect(call()).to.be.revertedWithCustomError(saleLimits, "NotSystem").withArgs(alice.address);
    }
  });
});
