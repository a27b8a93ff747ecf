import { expect } from "chai";
import { MaxUint256 } from "ethers";
import {
  buy,
  buyMuch,
  deposit,
  eth,
  HOUR,
  listBoard,
  networkHelpers,
  rebalance,
  seriesId,
  setFeed,
  setPrice,
  settleAt,
  stateOf,
  systemOnCurie,
  systemOnMisbehavingVenue,
  usdc,
  widestLimit,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const ACTION = { hold: 0n, hedge: 1n, topUp: 2n, freeMargin: 3n } as const;
const REASON = {
  withinBand: 0n,
  outsideBand: 1n,
  noOpenInterest: 2n,
  belowMinimumNotional: 3n,
  priceUntrusted: 4n,
  venueUnreadable: 5n,
  venueNotTradable: 6n,
  marginBelowFloor: 7n,
  marginAboveCeiling: 8n,
} as const;
const FAULT = {
  none: 0n,
  revert: 1n,
  noData: 2n,
  burnGas: 3n,
  fillNothing: 4n,
  fillHalf: 5n,
  fillDouble: 6n,
  fillOpposite: 7n,
} as const;
const GAS = { gasLimit: 12_000_000n };
const size = (value: bigint) => (value < 0n ? -value : value);

async function systemOnCurieAlone() {
  return systemOnCurie();
}

async function soldOnCurie() {
  const system = await systemOnCurie();
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  await buy(system, system.dave, seriesId(expiry, 3_000, "call"), eth(20));
  return { ...system, expiry };
}

async function soldOnMisbehaving() {
  const system = await systemOnMisbehavingVenue();
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  await buy(system, system.dave, seriesId(expiry, 3_000, "call"), eth(20));
  return { ...system, expiry };
}

describe("HedgeController", () => {
  describe("hedgeState", () => {
    it("asks for the whole net delta outside a band of a tenth per contract", async () => {
      const { controller } = await loadFixture(soldOnCurie);
      const state = await controller.hedgeState();
      expect(state.band).to.equal(eth(2));
      expect(state.bookDelta).to.be.within(-eth("10.7"), -eth("10.4"));
      expect([state.action, state.reason, state.trade]).to.deep.equal([
        ACTION.hedge,
        REASON.outsideBand,
        -state.netDelta,
      ]);
      expect(state.marginRatio).to.equal(MaxUint256);
    });

    it("counts calls and puts apart: the larger of the two sets the band", async () => {
      const system = await loadFixture(soldOnCurie);
      await buyMuch(system, system.erin, seriesId(system.expiry, 3_000, "put"), eth(12));
      expect((await system.controller.hedgeState()).band).to.equal(eth(2));
      await buyMuch(system, system.erin, seriesId(system.expiry, 3_000, "put"), eth(28));
      expect((await system.controller.hedgeState()).band).to.equal(eth(4));
    });

    it("holds inside the band, and with nothing sold", async () => {
      const system = await loadFixture(soldOnCurie);
      await rebalance(system);
      const hedged = await system.controller.hedgeState();
      expect([hedged.action, hedged.reason, hedged.trade]).to.deep.equal([ACTION.hold, REASON.withinBand, 0n]);
      const empty = await loadFixture(systemOnCurieAlone);
      const state = await empty.controller.hedgeState();
      expect([state.action, state.reason, state.band]).to.deep.equal([ACTION.hold, REASON.noOpenInterest, 0n]);
    });

    it("says why it cannot say more: price untrusted, venue unreadable, venue not tradable", async () => {
      const { controller, venue, feed, stranger } = await loadFixture(soldOnMisbehaving);
      for (const fault of [FAULT.revert, FAULT.noData, FAULT.burnGas]) {
        await venue.connect(stranger).setFault(fault);
        const state = await controller.hedgeState(GAS);
        expect([state.action, state.reason, state.trade]).to.deep.equal([ACTION.hold, REASON.venueUnreadable, 0n]);
      }
      await venue.connect(stranger).setFault(FAULT.none);
      const live = stateOf(await venue.state());
      await venue.connect(stranger).setState({ ...live, tradable: false });
      expect((await controller.hedgeState()).reason).to.equal(REASON.venueNotTradable);
      await feed.connect(stranger).setAnswer(-1n);
      expect((await controller.hedgeState()).reason).to.equal(REASON.priceUntrusted);
    });

    it("wants a caller's gas to suffice for the venue, so that it cannot be starved into looking dead", async () => {
      const { controller } = await loadFixture(soldOnMisbehaving);
      await expect(controller.position({ gasLimit: 1_500_000n })).to.be.revertedWithCustomError(
        controller,
        "InsufficientGas",
      );
    });
  });

  describe("rebalance", () => {
    it("hedges on the real venue, funds the margin itself, and leaves |net delta| within the band", async () => {
      const system = await loadFixture(soldOnCurie);
      const { controller, vault } = system;
      const before = await controller.hedgeState();
      const idle = await vault.idle();
      await expect(rebalance(system)).to.emit(controller, "Hedged");
      const after = await controller.hedgeState();
      expect(size(after.netDelta)).to.be.lessThanOrEqual(after.band);
      expect(size(after.netDelta)).to.be.lessThan(eth("0.001"));
      // Bought to the fraction of a second's drift of delta.
      expect(after.hedgeSize).to.be.closeTo(before.trade, eth("0.001"));
      // Margin of 35 % of about 31,000.
      expect(after.marginRatio).to.be.within(eth("0.33"), eth("0.36"));
      expect(idle - (await vault.idle())).to.be.within(usdc(10_000), usdc(11_500));
    });

    it("failure 13: refuses a limit price beyond 1 % of spot, on both sides", async () => {
      const system = await loadFixture(soldOnCurie);
      const { controller, keeper } = system;
      const { trade, spot } = await controller.hedgeState();
      const limit = widestLimit(trade, spot);
      await expect(controller.connect(keeper).rebalance(trade, limit + 1n, MaxUint256, GAS))
        .to.be.revertedWithCustomError(controller, "LimitBeyondSlippageBound")
        .withArgs(limit + 1n, limit);
      await rebalance(system);
      await buyMuch(system, system.erin, seriesId(system.expiry, 3_000, "put"), eth(50));
      const short = await controller.hedgeState();
      expect(short.trade).to.be.lessThan(0n);
      const floor = widestLimit(short.trade, short.spot);
      await expect(
        controller.connect(keeper).rebalance(short.trade, floor - 1n, MaxUint256, GAS),
      ).to.be.revertedWithCustomError(controller, "LimitBeyondSlippageBound");
      await controller.connect(keeper).rebalance(short.trade, floor, MaxUint256, GAS);
    });

    it("failure 13: reverts on the real venue when the fill is worse than the keeper's limit", async () => {
      const { controller, keeper } = await loadFixture(soldOnCurie);
      const { trade, spot } = await controller.hedgeState();
      // Below the venue's fee of .1 %: nobody sells that cheap.
      await expect(controller.connect(keeper).rebalance(trade, spot, MaxUint256, GAS)).to.be.revertedWith("CH_TMRL");
    });

    it("failure 14: refuses to trade on a mark that was pushed away from the oracle", async () => {
      const system = await loadFixture(soldOnCurie);
      // The market is at 3,000, the oracle says 2,900: a purchase at 3,003 is 3.6 % above spot.
      await setFeed(system, 2_900);
      await expect(rebalance(system)).to.be.revertedWith("CH_TMRL");
    });

    it("failure 5: a trade that points away from neutral reverts, and ten times the size is cut to what is needed", async () => {
      const system = await loadFixture(soldOnCurie);
      const { controller, keeper } = system;
      const { trade, spot } = await controller.hedgeState();
      await expect(
        controller.connect(keeper).rebalance(-trade, widestLimit(-trade, spot), MaxUint256, GAS),
      ).to.be.revertedWithCustomError(controller, "WrongDirection");
      await expect(controller.connect(keeper).rebalance(0n, spot, MaxUint256, GAS)).to.be.revertedWithCustomError(
        controller,
        "WrongDirection",
      );
      await controller.connect(keeper).rebalance(10n * trade, widestLimit(trade, spot), MaxUint256, GAS);
      const after = await controller.hedgeState();
      expect(after.netDelta).to.be.within(-eth("0.0001"), 0n);
      expect(after.hedgeSize).to.be.closeTo(trade, eth("0.0001"));
    });

    it("failure 4: a second trade inside the band reverts", async () => {
      const system = await loadFixture(soldOnCurie);
      await rebalance(system);
      const { controller, keeper } = system;
      const { netDelta, spot } = await controller.hedgeState();
      const trade = netDelta > 0n ? -eth(1) : eth(1);
      await expect(
        controller.connect(keeper).rebalance(trade, widestLimit(trade, spot), MaxUint256, GAS),
      ).to.be.revertedWithCustomError(controller, "WithinBand");
    });

    it("allows a part of what is needed, in as many steps as it takes, until the band is reached", async () => {
      const system = await loadFixture(soldOnCurie);
      const { controller, keeper } = system;
      let steps = 0;
      for (;;) {
        const { action, trade, spot } = await controller.hedgeState();
        if (action !== ACTION.hedge) break;
        await controller.connect(keeper).rebalance(trade / 3n, widestLimit(trade, spot), MaxUint256, GAS);
        steps++;
        await time.increase(16);
      }
      expect(steps).to.equal(5);
      const { netDelta, band } = await controller.hedgeState();
      expect(size(netDelta)).to.be.lessThanOrEqual(band);
    });

    it("refuses a dust trade, and allows one that closes the position", async () => {
      const system = await loadFixture(soldOnCurie);
      const { controller, keeper } = system;
      const { spot } = await controller.hedgeState();
      await expect(controller.connect(keeper).rebalance(eth("0.01"), widestLimit(1n, spot), MaxUint256, GAS))
        .to.be.revertedWithCustomError(controller, "BelowMinimumNotional")
        .withArgs(eth(30), eth(100));
    });

    it("is the keeper's alone", async () => {
      const { controller, alice, curator, governor } = await loadFixture(soldOnCurie);
      const { trade, spot } = await controller.hedgeState();
      for (const who of [alice, curator, governor]) {
        await expect(controller.connect(who).rebalance(trade, widestLimit(trade, spot), MaxUint256, GAS))
          .to.be.revertedWithCustomError(controller, "AccessManagedUnauthorized")
          .withArgs(who.address);
      }
    });

    it("reverts after its deadline and on an untrusted price", async () => {
      const { controller, keeper, oracle, feed, stranger } = await loadFixture(soldOnCurie);
      const { trade, spot } = await controller.hedgeState();
      const now = BigInt(await time.latest());
      await expect(
        controller.connect(keeper).rebalance(trade, widestLimit(trade, spot), now, GAS),
      ).to.be.revertedWithCustomError(controller, "DeadlinePassed");
      await feed.connect(stranger).setAnswer(0n);
      await expect(
        controller.connect(keeper).rebalance(trade, widestLimit(trade, spot), MaxUint256, GAS),
      ).to.be.revertedWithCustomError(oracle, "PriceNotPositive");
    });

    it("reverts when no money is free for the margin", async () => {
      const system = await loadFixture(async function poor() {
        const parts = await systemOnMisbehavingVenue();
        await deposit(parts, parts.alice, usdc(100_000));
        const expiry = await listBoard(parts);
        const later = await listBoard(parts, { week: 2, strikes: [3_000] });
        await buyMuch(parts, parts.dave, seriesId(expiry, 3_000, "call"), eth(40));
        await buyMuch(parts, parts.erin, seriesId(later, 3_000, "put"), eth(4));
        // More than is idle is owed to holders of options that ended deep in the money.
        await settleAt(parts, expiry, 6_000);
        await setPrice(parts, 2_000);
        return { ...parts, later };
      });
      const { controller, vault } = system;
      expect(await vault.idle()).to.be.lessThan(await vault.owed());
      const state = await controller.hedgeState();
      expect(state.action).to.equal(ACTION.hedge);
      await expect(rebalance(system)).to.be.revertedWithCustomError(controller, "LeverageTooHigh");
    });

    it("tops up when the cost of the trade itself could take equity below the floor", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { controller, venue, stranger } = system;
      const { trade } = await controller.hedgeState();
      const live = stateOf(await venue.state());
      // A hair above the floor of the position to come, and a mark half a per cent above spot.
      const floor = (((trade * eth(3_000)) / eth(1)) * 22n) / 100n;
      await venue.connect(stranger).setState({ ...live, cash: floor + eth(1), markPrice: eth(3_015) });
      await rebalance(system);
      const after = await controller.hedgeState();
      expect(after.hedgeSize).to.be.closeTo(trade, eth("0.001"));
      expect(after.marginRatio).to.be.within(eth("0.34"), eth("0.35"));
    });

    it("failure 8: believes the position that the venue shows, not the fill that it reports", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { controller, venue, stranger } = system;
      for (const fault of [FAULT.fillNothing, FAULT.fillDouble, FAULT.fillOpposite]) {
        await venue.connect(stranger).setFault(fault);
        // Twice what is needed would cross zero to the same size on the other side.
        await expect(rebalance(system)).to.be.revertedWithCustomError(controller, "HedgeDidNotReduce");
      }
      await venue.connect(stranger).setFault(FAULT.fillHalf);
      await rebalance(system);
      const state = await controller.hedgeState();
      expect(state.hedgeSize).to.be.within(eth(5), eth("5.3"));
      expect(state.action).to.equal(ACTION.hedge);
    });

    it("trades nothing on a venue that is paused or has no usable price", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { controller, keeper, venue, stranger } = system;
      const { trade, spot } = await controller.hedgeState();
      await venue.connect(stranger).setState({ ...stateOf(await venue.state()), tradable: false });
      await expect(
        controller.connect(keeper).rebalance(trade, widestLimit(trade, spot), MaxUint256, GAS),
      ).to.be.revertedWithCustomError(controller, "VenueNotTradable");
    });

    it("reverts while the venue does, and the next call goes through", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { controller, keeper, venue, stranger } = system;
      const { trade, spot } = await controller.hedgeState();
      await venue.connect(stranger).setFault(FAULT.revert);
      await expect(
        controller.connect(keeper).rebalance(trade, widestLimit(trade, spot), MaxUint256, GAS),
      ).to.be.revertedWithCustomError(controller, "VenueUnreadable");
      await venue.connect(stranger).setFault(FAULT.none);
      await rebalance(system);
    });

    it("failure 12: hedges again after the venue liquidated the position behind its back", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { controller, venue, stranger } = system;
      await rebalance(system);
      const live = stateOf(await venue.state());
      await venue.connect(stranger).setState({ ...live, size: 0n, cash: 0n, entryNotional: 0n, withdrawable: 0n });
      expect((await controller.hedgeState()).action).to.equal(ACTION.hedge);
      await rebalance(system);
      expect((await controller.hedgeState()).hedgeSize).to.be.closeTo(eth("10.57"), eth("0.05"));
    });
  });

  describe("what it tells and brings to the others", () => {
    it("a hedge's cost: the venue's fee and 5 bps, and two million gas at the stored price", async () => {
      const { controller, venue, gasPriceOracle, stranger } = await loadFixture(soldOnMisbehaving);
      const gas = 2_000_000n * (await gasPriceOracle.gasPrice());
      expect([...(await controller.hedgeCost(eth(3_000)))]).to.deep.equal([eth("0.0015"), gas * 3_000n]);
      // A venue that hides its fee, or asks for more than a hedge may slip, costs all the slippage there is.
      await venue.connect(stranger).setTakerFee(MaxUint256);
      expect((await controller.hedgeCost(eth(3_000))).proportional).to.equal(eth("0.01"));
    });

    it("the venue's depth counts as none while the venue says nothing", async () => {
      const { controller, venue, stranger } = await loadFixture(soldOnMisbehaving);
      expect((await controller.position()).depth).to.equal(eth(1_000));
      await venue.connect(stranger).setFault(FAULT.revert);
      const { depth, readable } = await controller.position(GAS);
      expect([depth, readable]).to.deep.equal([0n, false]);
      expect([...(await controller.markPrice(GAS))]).to.deep.equal([0n, false]);
    });

    it("a sample of funding with each hedge, 15 minutes after the last or later", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { funding, venue, stranger, erin, expiry } = system;
      await rebalance(system);
      const first = await funding.averages();
      expect(first.sampledAt).to.equal(BigInt(await time.latest()));
      await venue.connect(stranger).setCumulativeFunding(eth("0.1"));
      await buyMuch(system, erin, seriesId(expiry, 3_000, "put"), eth(30));
      await rebalance(system);
      expect((await funding.averages()).sampledAt).to.equal(first.sampledAt);
      await time.increase(900);
      await buyMuch(system, erin, seriesId(expiry, 3_000, "call"), eth(30));
      await rebalance(system);
      const second = await funding.averages();
      expect(second.sampledAt).to.equal(BigInt(await time.latest()));
      expect(second.fast).to.be.greaterThan(first.fast);
    });

    it("a sample that cannot be taken is no reason not to hedge", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { funding, venue, stranger, controller } = system;
      await venue.connect(stranger).setCumulativeFunding(2n ** 130n);
      await expect(funding.connect(stranger).sample()).to.be.revertedWithCustomError(funding, "NoVenueReadable");
      await expect(rebalance(system)).to.emit(controller, "Hedged");
      expect((await funding.averages()).sampledAt).to.equal(0n);
    });

    it("a hedge has the next sale look at everything again", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { saleLimits, dave, expiry } = system;
      await rebalance(system);
      expect((await saleLimits.checkpoint()).isSpent).to.equal(true);
      await buy(system, dave, seriesId(expiry, 3_150, "call"), eth(1));
      const { time: renewedAt, isSpent } = await saleLimits.checkpoint();
      expect([renewedAt, isSpent]).to.deep.equal([BigInt(await time.latest()), false]);
    });
  });

  describe("margin", () => {
    async function hedgedOnCurie() {
      const system = await soldOnCurie();
      await rebalance(system);
      return system;
    }

    it("stays where it is inside the corridor", async () => {
      const { controller, stranger } = await loadFixture(hedgedOnCurie);
      await expect(controller.connect(stranger).adjustMargin(GAS)).to.be.revertedWithCustomError(
        controller,
        "MarginWithinCorridor",
      );
    });

    it("is topped up to its target by anyone once below the floor", async () => {
      const system = await loadFixture(hedgedOnCurie);
      const { controller, stranger, world$ } = system;
      await world$.step({ priceWad: eth(2_590), seconds: HOUR });
      const before = await controller.hedgeState();
      expect(before.marginRatio).to.be.lessThan(eth("0.26"));
      await world$.step({ priceWad: eth(2_450), seconds: HOUR });
      const low = await controller.hedgeState();
      expect(low.marginRatio).to.be.lessThan(eth("0.22"));
      expect(low.marginMove).to.be.greaterThan(0n);
      await expect(controller.connect(stranger).adjustMargin(GAS)).to.emit(controller, "MarginMoved");
      expect((await controller.hedgeState()).marginRatio).to.be.closeTo(eth("0.35"), eth("0.001"));
    });

    it("comes back to the vault once above the ceiling, to the target and no further", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { controller, venue, vault, stranger } = system;
      await rebalance(system);
      const live = stateOf(await venue.state());
      await system.usdcToken.connect(stranger).mint(await venue.getAddress(), usdc(20_000));
      await venue.connect(stranger).setState({
        ...live,
        cash: live.cash + eth(20_000),
        withdrawable: live.withdrawable + usdc(20_000),
      });
      const idle = await vault.idle();
      const { action, reason, marginMove } = await controller.hedgeState();
      expect([action, reason]).to.deep.equal([ACTION.freeMargin, REASON.marginAboveCeiling]);
      await controller.connect(stranger).adjustMargin(GAS);
      expect(await vault.idle()).to.equal(idle - marginMove);
      expect((await controller.hedgeState()).marginRatio).to.be.closeTo(eth("0.35"), 10n ** 12n);
    });

    it("says so when there is a reason but nothing to move", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { controller, venue, stranger } = system;
      await rebalance(system);
      const live = stateOf(await venue.state());
      await venue.connect(stranger).setState({ ...live, cash: live.cash + eth(20_000), withdrawable: 0n });
      await expect(controller.connect(stranger).adjustMargin(GAS)).to.be.revertedWithCustomError(
        controller,
        "NothingToMove",
      );
    });

    it("failure 11: sends nothing after an account that is under water, with a position or without", async () => {
      const system = await loadFixture(soldOnMisbehaving);
      const { controller, venue, vault, stranger } = system;
      await rebalance(system);
      const live = stateOf(await venue.state());
      const nav = await vault.totalAssets();
      for (const equity of [-eth(100_000), -1n, 0n]) {
        const cash = equity - (live.size * eth(3_000)) / eth(1) + live.entryNotional;
        await venue.connect(stranger).setState({ ...live, cash });
        const { action, marginMove } = await controller.hedgeState();
        expect([action, marginMove]).to.deep.equal([ACTION.hold, 0n]);
        await expect(controller.connect(stranger).adjustMargin(GAS)).to.be.revertedWithCustomError(
          controller,
          "NothingToMove",
        );
        // What was at the venue is gone, and nothing more.
        expect(nav - (await vault.totalAssets())).to.be.lessThan(usdc(11_500));
      }
    });

    it("never pays the debt of an account without a position", async () => {
      const { controller, venue, stranger } = await loadFixture(soldOnMisbehaving);
      const live = stateOf(await venue.state());
      await venue.connect(stranger).setState({ ...live, cash: -eth(5_000) });
      expect((await controller.hedgeState()).marginMove).to.equal(0n);
      await expect(controller.connect(stranger).adjustMargin(GAS)).to.be.revertedWithCustomError(
        controller,
        "NothingToMove",
      );
    });

    it("failure 10: cutting a losing hedge is never refused for its leverage", async () => {
      const system = await loadFixture(hedgedOnCurie);
      const { controller, world$ } = system;
      for (const price of [2_800, 2_600, 2_400]) await world$.step({ priceWad: eth(price), seconds: HOUR });
      const before = await controller.hedgeState();
      expect(before.marginRatio).to.be.lessThan(eth("0.22"));
      expect(before.trade).to.be.lessThan(0n); // the calls are far out of the money now: sell the hedge
      await rebalance(system);
      const after = await controller.hedgeState();
      expect(after.marginRatio).to.be.greaterThan(before.marginRatio);
    });

    it("returns whole when the last option is gone", async () => {
      const system = await loadFixture(hedgedOnCurie);
      const { controller, vault, world$, expiry } = system;
      await time.increaseTo(expiry - 60n);
      await world$.step({ priceWad: eth(3_050), seconds: 120 });
      await settleAt(system, expiry, 3_050);
      const state = await controller.hedgeState();
      expect([state.action, state.reason]).to.deep.equal([ACTION.hedge, REASON.noOpenInterest]);
      await rebalance(system);
      const { size: left, cash } = await controller.position();
      expect(left).to.equal(0n);
      expect(cash).to.be.lessThan(eth("0.00001"));
      expect(await system.usdcToken.balanceOf(await vault.getAddress())).to.equal(await vault.idle());
    });
  });
});
