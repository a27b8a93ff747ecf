import { expect } from "chai";
import { Contract, ContractFactory, id } from "ethers";
import { network } from "hardhat";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import { deployCurie } from "../../scripts/local-chain/curie.ts";
import { createMarket } from "../../scripts/local-chain/market.ts";
import { WAD } from "../../scripts/local-chain/prices.ts";
import type { LocalUsdc, MisfillingClearingHouse } from "../../types/index.ts";
import { deployCurieMarket, deployCurieVenue, toUsdc, toWad } from "../helpers/curie.ts";

const { ethers, networkHelpers } = await network.create();

const UNIT = 10n ** 12n; // one USDC unit, WAD
const MAX_PRICE = toWad(1_000_000);
const MARGIN = toUsdc(100_000);
const DAY = 86_400n;

/** An adapter with 100,000 of margin; the test is the controller. */
async function fundedFixture() {
  const [owner, controller, vault, stranger] = await ethers.getSigners();
  const { curie, market } = await deployCurieMarket(owner!);
  const venue = await deployCurieVenue({
    curie,
    signer: controller!,
    controller: controller!.address,
    vault: vault!.address,
  });
  const address = await venue.getAddress();
  await curie.usdc.mint(address, MARGIN);
  await venue.depositMargin(MARGIN);
  /** The adapter itself as a signer, to ask Curie what only the trader may. */
  await networkHelpers.setBalance(address, 10n ** 20n);
  const trader = await ethers.getImpersonatedSigner(address);
  return { curie, market, venue, address, trader, vault: vault!.address, stranger: stranger!, owner: owner! };
}
type Fixture = Awaited<ReturnType<typeof fundedFixture>>;
const load = () => networkHelpers.loadFixture(fundedFixture);

/** Buys or sells at any price, as long as it is one. */
function trade({ venue }: Fixture, size: number) {
  return venue.submit(toWad(size), size > 0 ? MAX_PRICE : 0n);
}

/** The N2 sum at the venue's own mark. */
async function equityAtMark({ venue }: Fixture): Promise<bigint> {
  const { cash, size, markPrice, entryNotional } = await venue.state();
  return cash + (size * markPrice) / WAD - entryNotional;
}

/** Our reading of the account against Curie's own, in the same block. */
async function expectSameAsCurie(fixture: Fixture, when: string) {
  const { curie, venue, address } = fixture;
  const state = await venue.state();
  const { baseToken, usdc } = curie.addresses;
  // Curie floors its account value to token units.
  const difference = (await equityAtMark(fixture)) - (await curie.clearingHouse.getAccountValue(address));
  expect(difference, `equity ${when}`).to.be.within(-1n, UNIT);
  expect(state.withdrawable, `withdrawable ${when}`).to.equal(
    await curie.vault.getFreeCollateralByToken(address, usdc),
  );
  expect(state.maintenanceMargin, `maintenance margin ${when}`).to.equal(
    await curie.accountBalance.getMarginRequirementForLiquidation(address),
  );
  expect(state.size, `size ${when}`).to.equal(await curie.accountBalance.getTakerPositionSize(address, baseToken));
}

describe("CurieVenue", () => {
  describe("trading", () => {
    it("opens, adds to, reduces, reverses and closes a position, and returns the margin", async () => {
      const fixture = await load();
      const { curie, market, venue, vault } = fixture;
      expect((await venue.state()).cash).to.equal(MARGIN * UNIT);

      let size = 0n;
      for (const sizeDelta of [-10, -5, 3, 20, 1.5]) {
        await trade(fixture, sizeDelta);
        size += toWad(sizeDelta);
        expect((await venue.state()).size, `after a trade of ${sizeDelta}`).to.equal(size);
        await market.step({ priceWad: toWad(3_000), seconds: 60 });
      }
      await venue.submit(-size, 0n);
      const closed = await venue.state();
      expect(closed.size).to.equal(0n);
      expect(closed.entryNotional).to.equal(0n);
      expect(closed.maintenanceMargin).to.equal(0n);

      const { withdrawable, cash } = closed;
      expect(withdrawable).to.equal(cash / UNIT);
      await venue.withdrawMargin(withdrawable);
      expect(await curie.usdc.balanceOf(vault)).to.equal(withdrawable);
      // Curie rounds both the settling and the payment down to a unit.
      expect((await venue.state()).cash).to.be.within(0n, 2n * UNIT);
      // Fees of .1 % of about 50 ETH traded, and their impact, are what it cost.
      expect(MARGIN - withdrawable).to.be.within(toUsdc(50), toUsdc(400));
    });

    it("fills the exact size in both directions and reports the average price with the fee in it", async () => {
      const fixture = await load();
      const { venue } = fixture;
      for (const sizeDelta of [toWad(-7.123456789), 1n + toWad(2.5), 33_333n]) {
        const before = await venue.state();
        const limit = sizeDelta > 0n ? MAX_PRICE : 0n;
        const [filled, price] = await venue.submit.staticCall(sizeDelta, limit);
        await expect(venue.submit(sizeDelta, limit)).to.emit(venue, "Filled").withArgs(filled, price);
        const after = await venue.state();

        expect(filled).to.equal(sizeDelta);
        expect(after.size - before.size).to.equal(sizeDelta);
        // What left the account, at any price: quote paid, and its fee.
        const quote = after.entryNotional - before.entryNotional - (after.cash - before.cash);
        expect(quote).to.be.closeTo((sizeDelta * price) / WAD, toWad(0.001)); // a second's funding
      }
    });

    it("charges a buyer .1 % above the pool's price and a seller .1 % below", async () => {
      const { venue } = await load();
      const [, bought] = await venue.submit.staticCall(toWad(0.01), MAX_PRICE);
      const [, sold] = await venue.submit.staticCall(toWad(-0.01), 0n);
      expect(bought).to.be.closeTo(toWad(3_003), toWad(0.01));
      expect(sold).to.be.closeTo(toWad(2_997), toWad(0.01));
    });

    for (const [side, sizeDelta, worse, reason] of [
      ["purchase", toWad(4), -1n, "CH_TMRL"],
      ["sale", toWad(-4), 1n, "CH_TLRS"],
    ] as const) {
      it(`fills a ${side} at its limit and refuses it one wei beyond`, async () => {
        const { venue } = await load();
        const [, price] = await venue.submit.staticCall(sizeDelta, sizeDelta > 0n ? MAX_PRICE : 0n);
        await expect(venue.submit(sizeDelta, price + worse)).to.be.revertedWith(reason);
        await expect(venue.submit(sizeDelta, price)).to.emit(venue, "Filled").withArgs(sizeDelta, price);
      });
    }

    it("does not take a limit of nothing for no limit", async () => {
      const { curie, venue } = await load();
      const mark = await curie.accountBalance.getMarkPrice(curie.addresses.baseToken);
      await expect(venue.submit(toWad(1), 0n))
        .to.be.revertedWithCustomError(venue, "WorseThanLimit")
        .withArgs(mark, 0n);
      // 1 wei of base at a limit below 1 wei of quote computes to a bound of 0, which Curie would read as none.
      await expect(venue.submit(1n, WAD - 1n)).to.be.revertedWithCustomError(venue, "WorseThanLimit");
    });

    it("does not take an infinite limit for a purchase", async () => {
      const { venue } = await load();
      await expect(venue.submit(toWad(2), 2n ** 256n - 1n)).to.be.revertedWithPanic(0x11);
    });

    it("refuses a trade of nothing", async () => {
      const { venue } = await load();
      await expect(venue.submit(0n, MAX_PRICE)).to.be.revertedWithCustomError(venue, "ZeroSize");
    });

    it("reverts as a whole when the trade is beyond the protocol's price or margin limits", async () => {
      const fixture = await load();
      const before = await fixture.venue.state();
      await expect(trade(fixture, 4_000)).to.be.revertedWith("EX_OPB");
      await expect(trade(fixture, -400)).to.be.revertedWith("CH_NEFCI");
      expect((await fixture.venue.state()).size).to.equal(before.size);
    });

    describe("against a protocol that misbehaves", () => {
      async function misfillingFixture() {
        const [signer] = await ethers.getSigners();
        const deploy = async (path: string, ...args: unknown[]) => {
          const { abi, bytecode } = ballastArtifact(path);
          return (await new ContractFactory(abi, bytecode, signer!).deploy(...args)) as unknown;
        };
        const usdc = (await deploy("local/LocalUsdc", 6)) as LocalUsdc;
        const protocol = (await deploy(
          "mocks/MisfillingClearingHouse",
          await usdc.getAddress(),
        )) as MisfillingClearingHouse;
        const at = await protocol.getAddress();
        const { curie } = await deployCurieMarket(signer!);
        const venue = await deployCurieVenue({
          curie: { ...curie, addresses: { ...curie.addresses, clearingHouse: at } },
          signer: signer!,
          controller: signer!.address,
          vault: signer!.address,
        });
        return { protocol, venue };
      }

      it("reverts when less, more or the opposite was filled", async () => {
        const { protocol, venue } = await networkHelpers.loadFixture(misfillingFixture);
        for (const fill of [0n, toWad(0.999), toWad(1.001), toWad(-1)]) {
          await protocol.setNextFill(fill, toWad(3_000));
          await expect(venue.submit(toWad(1), MAX_PRICE), `filled ${fill}`)
            .to.be.revertedWithCustomError(venue, "PartialFill")
            .withArgs(fill, toWad(1));
        }
      });

      it("accepts the 9 wei that Curie rounds a remaining position away by, and not 10", async () => {
        const { protocol, venue } = await networkHelpers.loadFixture(misfillingFixture);
        await protocol.setNextFill(toWad(1) + 9n, toWad(3_000));
        await expect(venue.submit(toWad(1), MAX_PRICE))
          .to.emit(venue, "Filled")
          .withArgs(toWad(1) + 9n, toWad(3_000));
        await protocol.setNextFill(toWad(1) + 10n, toWad(3_000));
        await expect(venue.submit(toWad(1), MAX_PRICE)).to.be.revertedWithCustomError(venue, "PartialFill");
      });

      it("names a bound for every order, 1 wei where a sale has no limit", async () => {
        const { protocol, venue } = await networkHelpers.loadFixture(misfillingFixture);
        for (const [sizeDelta, limit, bound] of [
          [toWad(-1), 0n, 1n],
          [-3n, WAD / 2n, 2n], // 1.5 wei, rounded up for a sale
          [3n, WAD / 2n, 1n], // and down for a purchase
        ] as const) {
          await protocol.setNextFill(sizeDelta, bound);
          await venue.submit(sizeDelta, limit);
          expect(await protocol.lastBound()).to.equal(bound);
        }
      });

      it("reverts when the bound was ignored, on both sides, and rounds the price against us", async () => {
        const { protocol, venue } = await networkHelpers.loadFixture(misfillingFixture);
        const limit = toWad(3_000);
        for (const [sizeDelta, quote, price] of [
          [toWad(3), toWad(9_000) + 1n, limit + 1n],
          [toWad(-3), toWad(9_000) - 1n, limit - 1n],
        ] as const) {
          await protocol.setNextFill(sizeDelta, quote);
          await expect(venue.submit(sizeDelta, limit))
            .to.be.revertedWithCustomError(venue, "WorseThanLimit")
            .withArgs(price, limit);
        }
      });
    });
  });

  describe("margin", () => {
    it("moves exactly what is named, and leaves no allowance", async () => {
      const { curie, venue, address } = await load();
      await curie.usdc.mint(address, 500n);
      await expect(venue.depositMargin(200n)).to.emit(venue, "MarginDeposited").withArgs(200n);
      expect(await curie.usdc.balanceOf(address)).to.equal(300n);
      expect(await curie.usdc.allowance(address, curie.addresses.vault)).to.equal(0n);
      expect((await venue.state()).cash).to.equal((MARGIN + 200n) * UNIT);
    });

    it("is not disturbed by tokens that sit in the adapter, and neither deposits nor withdraws them", async () => {
      const { curie, venue, address, vault } = await load();
      await curie.usdc.mint(address, 777n);
      await curie.usdc.mint(address, 1_000n);
      await venue.depositMargin(1_000n);
      await expect(venue.withdrawMargin(400n)).to.emit(venue, "MarginWithdrawn").withArgs(400n);
      expect(await curie.usdc.balanceOf(vault)).to.equal(400n);
      expect(await curie.usdc.balanceOf(address)).to.equal(777n);
    });

    it("returns what is free when more is asked for, and Curie would not have paid a unit more", async () => {
      const fixture = await load();
      const { curie, market, venue, vault, trader } = fixture;
      await trade(fixture, -20);
      await market.step({ priceWad: toWad(3_050), seconds: 3_600 });

      const snapshot = await networkHelpers.takeSnapshot();
      const returned = await venue.withdrawMargin.staticCall(MARGIN);
      // 100,000 less the loss, less 10 % of about 61,000.
      expect(returned).to.be.within(toUsdc(92_000), toUsdc(93_500));
      await venue.withdrawMargin(MARGIN);
      const paid = await curie.usdc.balanceOf(vault);
      const time = await networkHelpers.time.latest();
      expect((await venue.state()).withdrawable).to.be.lessThan(2n);

      await snapshot.restore();
      await networkHelpers.time.setNextBlockTimestamp(time);
      const asTrader = curie.vault.connect(trader);
      await expect(asTrader.withdraw(curie.addresses.usdc, paid + 1n)).to.be.revertedWith("V_NEFC");
    });

    it("pays what is free after an index round that Curie had not seen", async () => {
      const fixture = await load();
      const { curie, market, venue, vault } = fixture;
      await trade(fixture, 10);
      await market.step({ priceWad: toWad(3_000), seconds: 3_600 });
      await curie.aggregator.setAnswer(303_000_000_000n);
      await market.wait(3_600);
      // Extrapolated: the index TWAP reads 3,120 and funding owes us dollars that do not exist.
      const before = await venue.state();
      expect(await curie.baseToken.getIndexPrice(900)).to.equal(toWad(3_120));
      expect(before.accruedFunding).to.be.greaterThan(toWad(40));

      await venue.withdrawMargin(before.withdrawable);
      const paid = await curie.usdc.balanceOf(vault);
      expect(await curie.baseToken.getIndexPrice(900)).to.equal(toWad(3_030));
      expect(paid).to.be.within(before.withdrawable - toUsdc(45), before.withdrawable - toUsdc(30));
    });

    it("returns nothing while Curie's vault is paused", async () => {
      const { curie, venue } = await load();
      await curie.vault.pause();
      expect((await venue.state()).withdrawable).to.equal(0n);
      await expect(venue.withdrawMargin(1n)).to.not.emit(venue, "MarginWithdrawn");
      await curie.vault.unpause();
      await expect(venue.withdrawMargin(1n)).to.emit(venue, "MarginWithdrawn").withArgs(1n);
    });

    it("offers no more than Curie's vault holds", async () => {
      const { curie, venue, vault } = await load();
      const pot = await ethers.getImpersonatedSigner(curie.addresses.vault);
      await networkHelpers.setBalance(curie.addresses.vault, 10n ** 20n);
      const held = await curie.usdc.balanceOf(curie.addresses.vault);
      await curie.usdc.connect(pot).transfer(curie.addresses.exchange, held - 123n);
      expect((await venue.state()).withdrawable).to.equal(123n);
      await venue.withdrawMargin(MARGIN);
      expect(await curie.usdc.balanceOf(vault)).to.equal(123n);
    });

    it("counts settlement tokens that anyone gives the account, for the caller to tell apart", async () => {
      const { curie, venue, address, stranger } = await load();
      await curie.usdc.mint(stranger.address, 1_000n);
      await curie.usdc.connect(stranger).approve(curie.addresses.vault, 1_000n);
      await curie.vault.connect(stranger).depositFor(address, curie.addresses.usdc, 1_000n);
      const { cash, withdrawable } = await venue.state();
      expect(cash).to.equal((MARGIN + 1_000n) * UNIT);
      expect(withdrawable).to.equal(MARGIN + 1_000n);
    });

    it("counts other collateral as nothing", async () => {
      const fixture = await load();
      const { curie, venue, address, owner } = fixture;
      await trade(fixture, -10);
      const { abi, bytecode } = ballastArtifact("local/LocalUsdc");
      const weth = (await new ContractFactory(abi, bytecode, owner).deploy(18)) as unknown as LocalUsdc;
      const token = await weth.getAddress();
      await curie.collateralManager.addCollateral(token, {
        priceFeed: curie.addresses.priceFeed,
        collateralRatio: 700_000,
        discountRatio: 100_000,
        depositCap: toWad(1_000),
      });
      await weth.mint(owner.address, toWad(5));
      await weth.approve(curie.addresses.vault, toWad(5));

      const [before, valueBefore] = [await venue.state(), await curie.clearingHouse.getAccountValue(address)];
      await curie.vault.depositFor(address, token, toWad(5));
      const [after, valueAfter] = [await venue.state(), await curie.clearingHouse.getAccountValue(address)];
      expect(valueAfter - valueBefore).to.be.greaterThan(toWad(10_000)); // Curie counts it
      expect(after.cash).to.be.closeTo(before.cash, toWad(0.01)); // a few seconds of funding
      expect(after.withdrawable).to.be.closeTo(before.withdrawable, toUsdc(0.01));
    });
  });

  describe("state", () => {
    it("agrees with Curie's own account value, free collateral and margin along a path", async () => {
      const fixture = await load();
      const { curie, market } = fixture;
      const path = [
        [3_030, -12, 0.001],
        [3_450, -5, -0.002],
        [2_935, 9, 0],
        [2_900, 30, 0.003],
        [3_100, 1.25, 0.001],
        [2_700, -40, -0.001],
        [2_650, 0.5, 0],
      ] as const;
      for (const [price, sizeDelta, premium] of path) {
        await market.step({ priceWad: toWad(price), seconds: 3_600, premiumWad: toWad(premium) });
        await expectSameAsCurie(fixture, `before trading at ${price}`);
        await trade(fixture, sizeDelta);
        await expectSameAsCurie(fixture, `after trading ${sizeDelta} at ${price}`);
      }
      await curie.baseToken.pause();
      await market.wait(600);
      const { withdrawable, maintenanceMargin } = await fixture.venue.state();
      expect(withdrawable).to.equal(await curie.vault.getFreeCollateralByToken(fixture.address, curie.addresses.usdc));
      expect(maintenanceMargin).to.equal(
        await curie.accountBalance.getMarginRequirementForLiquidation(fixture.address),
      );
    });

    it("gives the entry notional the sign of the position", async () => {
      const fixture = await load();
      await trade(fixture, -10);
      expect((await fixture.venue.state()).entryNotional).to.be.closeTo(toWad(-29_970), toWad(10));
      await trade(fixture, 20);
      expect((await fixture.venue.state()).entryNotional).to.be.closeTo(toWad(30_030), toWad(10));
    });

    it("gains on a short when the price falls, by our sum and at our price", async () => {
      const fixture = await load();
      const { market, venue } = fixture;
      await trade(fixture, -10);
      const opened = await venue.state();
      await market.step({ priceWad: toWad(2_800), seconds: 3_600 });
      const { cash, size, entryNotional, accruedFunding } = await venue.state();
      const gain = cash + (size * toWad(2_800)) / WAD - entryNotional - MARGIN * UNIT;
      expect(gain - accruedFunding).to.be.closeTo(toWad(2_000) - toWad(35), toWad(10));
      expect(opened.indexPrice).to.equal(toWad(3_000));
    });

    for (const [position, sizeDelta, premium, received] of [
      ["short", -10, 0.002, true],
      ["long", 10, 0.002, false],
      ["short", -10, -0.002, false],
      ["long", 10, -0.002, true],
    ] as const) {
      it(`${received ? "credits" : "debits"} a ${position} at a premium of ${premium} a day`, async () => {
        const fixture = await load();
        const { curie, market, venue, address, trader } = fixture;
        await market.step({ priceWad: toWad(3_000), seconds: 3_600, premiumWad: toWad(premium) });
        await trade(fixture, sizeDelta);
        await market.step({ priceWad: toWad(3_000), seconds: 3_600, premiumWad: toWad(premium) });
        await market.wait(900); // the funding interval: the average has forgotten our own trade
        const opened = await venue.state();
        await market.wait(7_200);

        const { accruedFunding, cash, fundingRate } = await venue.state();
        expect(accruedFunding > 0n).to.equal(received);
        expect(cash - opened.cash).to.equal(accruedFunding - opened.accruedFunding);
        expect(fundingRate).to.be.closeTo(toWad(premium * 365), toWad(0.0002 * 365));
        // Curie charges the rate it shows: size × index × rate × time.
        const expected = (-toWad(sizeDelta) * 3_000n * (fundingRate / 365n) * 7_200n) / (WAD * DAY);
        expect(accruedFunding - opened.accruedFunding).to.be.closeTo(expected, 1_000_000n);

        // Settling turns it into money without changing the sum.
        const settled = await curie.clearingHouse.connect(trader).settleAllFunding(address);
        const after = await venue.state();
        const perSecond = (accruedFunding - opened.accruedFunding) / 7_200n;
        expect(after.accruedFunding).to.equal(0n);
        expect(after.cash - cash).to.be.closeTo(perSecond, 1_000_000n); // one block later
        await expect(settled)
          .to.emit(curie.clearingHouse, "FundingPaymentSettled")
          .withArgs(address, curie.addresses.baseToken, cash - after.cash - accruedFunding);

        // Withdrawing everything books it in token units, rounded down: nothing is won, at most two units stay behind.
        await trade(fixture, -sizeDelta);
        await venue.withdrawMargin(MARGIN * 2n);
        expect((await venue.state()).cash).to.be.within(0n, 2n * UNIT);
      });
    }

    it("clamps the funding rate where Curie does", async () => {
      const fixture = await load();
      const { curie, market, venue } = fixture;
      await curie.clearingHouseConfig.setMaxFundingRate(1_000); // .1 % a day
      for (const premium of [0.004, -0.004]) {
        await market.step({ priceWad: toWad(3_000), seconds: 3_600, premiumWad: toWad(premium) });
        await market.wait(900);
        expect((await venue.state()).fundingRate).to.equal(toWad(Math.sign(premium) * 0.365));
      }
    });

    it("keeps position and cash readable when only the read of the feed's health fails", async () => {
      const fixture = await load();
      const { curie, venue } = fixture;
      await trade(fixture, 10);
      const { size, cash, entryNotional } = await venue.state();
      // The dispatcher goes on answering prices, but no longer names the feed behind it: one call reverts, every other
      // is delegated to its own code at another address.
      const base = new Contract(
        curie.addresses.baseToken,
        ["function getPriceFeed() view returns (address)"],
        ethers.provider,
      );
      const dispatcher: string = await base.getFunction("getPriceFeed")();
      const copy = `0x${"c0de".repeat(10)}`;
      await networkHelpers.setCode(copy, await ethers.provider.getCode(dispatcher));
      const refused = id("getChainlinkPriceFeedV3()").slice(2, 10);
      const delegate = `365f5f375f5f365f73${copy.slice(2)}5af43d5f5f3e`;
      const code = `0x5f3560e01c63${refused}14603b57${delegate}603757`;
      const ending = "3d5ffd5b3d5ff35b5f5ffd";
      const at = (offset: number) => offset.toString(16).padStart(2, "0");
      const head = (code.length - 2) / 2;
      // Offsets of the two jump targets: success after `3d5ffd`, refusal after that.
      const patched = code.replace("603b57", `60${at(head + 7)}57`).replace("603757", `60${at(head + 3)}57`);
      await networkHelpers.setCode(dispatcher, patched + ending);

      const feed = [
        "function getDispatchedPrice(uint256) view returns (uint256)",
        "function getChainlinkPriceFeedV3()",
      ];
      const patchedFeed = new Contract(dispatcher, feed, ethers.provider);
      expect(await patchedFeed.getFunction("getDispatchedPrice")(0n)).to.equal(toWad(3_000));
      await expect(patchedFeed.getFunction("getChainlinkPriceFeedV3").staticCall()).to.be.revert(ethers);

      const state = await venue.state();
      expect([state.size, state.cash, state.entryNotional]).to.deep.equal([size, cash, entryNotional]);
      expect([state.tradable, state.fundingRate]).to.deep.equal([false, 0n]);
    });

    it("is not tradable while the protocol is paused, closed to trades, or without a usable price", async () => {
      const { curie, market, venue } = await load();
      const tradable = async () => (await venue.state()).tradable;
      const { baseToken } = curie.addresses;
      expect(await tradable()).to.equal(true);

      await curie.clearingHouse.pause();
      expect(await tradable(), "paused").to.equal(false);
      await curie.clearingHouse.unpause();

      await curie.exchange.setMaxTickCrossedWithinBlock(baseToken, 0);
      expect(await tradable(), "market stopped").to.equal(false);
      await curie.exchange.setMaxTickCrossedWithinBlock(baseToken, 1_000);

      await curie.aggregator.setOffline(true);
      expect(await tradable(), "feed offline").to.equal(false);
      await curie.aggregator.setOffline(false);
      await curie.aggregator.setDecimals(9);
      expect(await tradable(), "decimals changed").to.equal(false);
      await curie.aggregator.setDecimals(8);
      expect(await tradable(), "all well again").to.equal(true);

      await market.wait(86_401);
      expect(await tradable(), "timed out").to.equal(false);
      await market.step({ priceWad: toWad(3_000), seconds: 3_600 });
      expect(await tradable(), "fresh again").to.equal(true);

      await curie.aggregator.setAnswer(-1n);
      expect(await tradable(), "negative answer").to.equal(false);
      await curie.aggregator.setAnswer(3_000_00000000n);
      expect(await tradable(), "positive again").to.equal(true);

      await curie.baseToken.pause();
      expect(await tradable(), "market paused").to.equal(false);
    });

    it("reads a liquidated account, under water too, and what is left stays withdrawable", async () => {
      const fixture = await load();
      const { curie, market, venue, address } = fixture;
      await venue.withdrawMargin(MARGIN - toUsdc(7_000));
      await trade(fixture, -20);
      await market.step({ priceWad: toWad(3_180), seconds: 3_600 });
      const squeezed = await venue.state();
      expect(await equityAtMark(fixture)).to.be.lessThan(squeezed.maintenanceMargin);
      expect(squeezed.withdrawable).to.equal(0n);

      await curie.clearingHouse["liquidate(address,address)"](address, curie.addresses.baseToken);
      await expectSameAsCurie(fixture, "after the liquidation");
      expect((await venue.state()).size).to.be.greaterThan(squeezed.size);

      // A gap through what is left: equity below zero is read as it is.
      await market.step({ priceWad: toWad(3_650), seconds: 3_600 });
      expect(await equityAtMark(fixture)).to.be.lessThan(0n);
      expect((await venue.state()).withdrawable).to.equal(0n);
      await expect(venue.withdrawMargin(1n)).to.not.emit(venue, "MarginWithdrawn");
    });
  });

  describe("access", () => {
    it("obeys the controller alone", async () => {
      const { venue, stranger, owner } = await load();
      for (const caller of [stranger, owner]) {
        const asCaller = venue.connect(caller);
        for (const call of [
          () => asCaller.depositMargin(1n),
          () => asCaller.withdrawMargin(1n),
          () => asCaller.submit(toWad(1), MAX_PRICE),
        ]) {
          await expect(call()).to.be.revertedWithCustomError(venue, "NotController").withArgs(caller.address);
        }
      }
    });

    it("names its token and the parts of Curie it stands on", async () => {
      const { curie, venue, vault } = await load();
      expect(await venue.quoteToken()).to.equal(curie.addresses.usdc);
      expect(await venue.VAULT()).to.equal(vault);
      expect(await venue.CURIE_VAULT()).to.equal(curie.addresses.vault);
      expect(await venue.EXCHANGE()).to.equal(curie.addresses.exchange);
      expect(await venue.ACCOUNT_BALANCE()).to.equal(curie.addresses.accountBalance);
      expect(await venue.CONFIG()).to.equal(curie.addresses.clearingHouseConfig);
    });
  });

  it("works the same with a quote token of 18 decimals", async () => {
    const [owner, controller, vault] = await ethers.getSigners();
    const curie = await deployCurie({ signer: owner!, usdcDecimals: 18 });
    const market = await createMarket({ curie, signer: owner! });
    const options = { curie, signer: controller!, controller: controller!.address, vault: vault!.address };
    const venue = await deployCurieVenue(options);
    await curie.usdc.mint(await venue.getAddress(), toWad(50_000));
    await venue.depositMargin(toWad(50_000));
    expect((await venue.state()).cash).to.equal(toWad(50_000));
    await venue.submit(toWad(-5), 0n);
    await market.step({ priceWad: toWad(2_900), seconds: 3_600 });
    await venue.submit(toWad(5), MAX_PRICE);
    const { cash, withdrawable } = await venue.state();
    expect(withdrawable).to.equal(cash);
    await venue.withdrawMargin(withdrawable);
    expect(await curie.usdc.balanceOf(vault!.address)).to.equal(withdrawable);
    expect((await venue.state()).cash).to.equal(0n);
  });
});
