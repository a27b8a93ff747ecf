import { expect } from "chai";
import { MaxUint256 } from "ethers";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import type { FeeOnTransferToken, ReentrantToken } from "../../types/index.ts";
import {
  at,
  buy,
  buyMuch,
  CLOSURE,
  DAY,
  deposit,
  eth,
  ethers,
  fund,
  listBoard,
  networkHelpers,
  rebalance,
  seriesId,
  setFeed,
  setPrice,
  settleAt,
  systemOnCurie,
  systemOnMisbehavingVenue,
  usdc,
} from "../helpers/system.ts";

const { loadFixture } = networkHelpers;

async function empty() {
  return systemOnCurie();
}

async function seeded() {
  const system = await systemOnCurie();
  await deposit(system, system.alice, usdc(1_000_000));
  return { ...system, expiry: await listBoard(system) };
}

async function onMisbehavingVenue() {
  return systemOnMisbehavingVenue();
}

/** A vault with open options, a hedge and margin at the venue. */
async function hedged() {
  const system = await seeded();
  await buyMuch(system, system.dave, seriesId(system.expiry, 3_000, "call"), eth(50));
  await rebalance(system);
  return system;
}

describe("OptionVault", () => {
  describe("entering and leaving", () => {
    it("gives a million shares per quote unit to the first depositor", async () => {
      const { vault, usdcToken, alice } = await loadFixture(empty);
      await usdcToken.connect(alice).mint(alice.address, usdc(1_000));
      await usdcToken.connect(alice).approve(await vault.getAddress(), usdc(1_000));
      await expect(vault.connect(alice).deposit(usdc(1_000), alice.address))
        .to.emit(vault, "Deposit")
        .withArgs(alice.address, alice.address, usdc(1_000), usdc(1_000) * 10n ** 6n);
      expect(await vault.idle()).to.equal(usdc(1_000));
      expect(await vault.decimals()).to.equal(12n);
    });

    it("charges 10 bps of the middle on the way in and on the way out", async () => {
      const system = await loadFixture(seeded);
      const { vault, bob } = system;
      const assets = usdc(10_000);
      const fair = await vault.convertToShares(assets);
      const entered = await vault.previewDeposit(assets);
      // ask = mid · 1.001 and bid = mid · 0.999, to the rounding of shares.
      expect(entered).to.be.closeTo((fair * 1_000n) / 1_001n, 10n ** 7n);
      await deposit(system, bob, assets);
      const shares = await vault.balanceOf(bob.address);
      // A hundredth of both spreads comes back to bob as a shareholder.
      expect(await vault.previewRedeem(shares)).to.be.within(usdc(9_980), usdc(9_980) + 200_000n);
    });

    it("previews exactly what the four actions then do", async () => {
      const { vault, usdcToken, bob } = await loadFixture(seeded);
      await usdcToken.connect(bob).mint(bob.address, usdc(100_000));
      await usdcToken.connect(bob).approve(await vault.getAddress(), MaxUint256);
      const v = vault.connect(bob);
      const change = async (action: () => Promise<unknown>) => {
        const before = [await usdcToken.balanceOf(bob.address), await vault.balanceOf(bob.address)] as const;
        await action();
        return [(await usdcToken.balanceOf(bob.address)) - before[0], (await vault.balanceOf(bob.address)) - before[1]];
      };
      // The valuation does not depend on time while no option is open.
      const shares = await v.previewDeposit(usdc(777));
      expect(await change(() => v.deposit(usdc(777), bob.address))).to.deep.equal([-usdc(777), shares]);
      const assets = await v.previewMint(10n ** 14n);
      expect(await change(() => v.mint(10n ** 14n, bob.address))).to.deep.equal([-assets, 10n ** 14n]);
      const burned = await v.previewWithdraw(usdc(100));
      expect(await change(() => v.withdraw(usdc(100), bob.address, bob.address))).to.deep.equal([usdc(100), -burned]);
      const paid = await v.previewRedeem(10n ** 13n);
      expect(await change(() => v.redeem(10n ** 13n, bob.address, bob.address))).to.deep.equal([paid, -(10n ** 13n)]);
    });

    it("refuses to move nothing", async () => {
      const { vault, alice } = await loadFixture(seeded);
      for (const call of [
        () => vault.connect(alice).deposit(0n, alice.address),
        () => vault.connect(alice).mint(0n, alice.address),
        () => vault.connect(alice).withdraw(0n, alice.address, alice.address),
        () => vault.connect(alice).redeem(0n, alice.address, alice.address),
        // A share is a millionth of a unit: too little to be worth one.
        () => vault.connect(alice).redeem(1n, alice.address, alice.address),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(vault, "ZeroAmount");
      }
    });

    it("pays out of an allowance only", async () => {
      const { vault, alice, bob } = await loadFixture(seeded);
      await expect(vault.connect(bob).withdraw(usdc(1), bob.address, alice.address)).to.be.revertedWithCustomError(
        vault,
        "ERC20InsufficientAllowance",
      );
      await vault.connect(alice).approve(bob.address, 10n ** 13n);
      await vault.connect(bob).redeem(10n ** 13n, bob.address, alice.address);
      await expect(vault.connect(bob).redeem(1n, bob.address, alice.address)).to.be.revert(ethers);
    });

    it("names the largest exit when more is asked for", async () => {
      const { vault, alice } = await loadFixture(hedged);
      const assets = await vault.maxWithdraw(alice.address);
      const shares = await vault.maxRedeem(alice.address);
      await expect(
        vault.connect(alice).withdraw(usdc(2_000_000), alice.address, alice.address),
      ).to.be.revertedWithCustomError(vault, "ERC4626ExceededMaxWithdraw");
      await expect(
        vault.connect(alice).redeem(shares * 2n, alice.address, alice.address),
      ).to.be.revertedWithCustomError(vault, "ERC4626ExceededMaxRedeem");
      expect(assets).to.be.lessThan(await vault.previewRedeem(await vault.balanceOf(alice.address)));
    });

    it("keeps the worst loss of the open book covered when everybody leaves who can", async () => {
      const { vault, riskEngine, market, controller, alice, expiry } = await loadFixture(hedged);
      // The limit moves with time value from block to block: a millionth less than at the last one.
      const shares = ((await vault.maxRedeem(alice.address)) * 999_999n) / 1_000_000n;
      await vault.connect(alice).redeem(shares, alice.address, alice.address);
      const open = await market.openInterest(seriesId(expiry, 3_000, "call"));
      const { size, cash } = await controller.position();
      // At 4,500 each call loses 1,500; the hedge's gain counts half.
      const loss = (open * eth(1_500)) / eth(1);
      const hedge = cash + (size * eth(3_000)) / eth(1) + (size * eth(1_500)) / eth(1) / 2n;
      const cover = (await vault.idle()) * 10n ** 12n + hedge;
      expect(cover).to.be.within(loss, loss + eth(1));
      expect((await riskEngine.valuation()).freeLiquidity).to.be.lessThan(usdc(1_000));
    });
  });

  describe("share price", () => {
    it("failure 21: a donation does not move it, and the first depositor cannot rob the second", async () => {
      const system = await loadFixture(empty);
      const { vault, usdcToken, alice, bob } = system;
      await deposit(system, alice, 1n);
      await usdcToken.connect(alice).mint(await vault.getAddress(), usdc(1_000_000));
      expect(await vault.totalAssets()).to.equal(1n);
      await deposit(system, bob, usdc(1_000));
      const worth = await vault.previewRedeem(await vault.balanceOf(bob.address));
      expect(worth).to.be.greaterThan((usdc(1_000) * 997n) / 1_000n);
    });

    it("failure 21: the first depositor after everybody left gets what he paid for", async () => {
      const system = await loadFixture(seeded);
      const { vault, alice, bob } = system;
      await vault.connect(alice).redeem(await vault.balanceOf(alice.address), alice.address, alice.address);
      expect(await vault.totalSupply()).to.equal(0n);
      expect(await vault.totalAssets()).to.be.greaterThan(0n); // the spread that alice left behind
      await deposit(system, bob, usdc(10_000));
      expect(await vault.previewRedeem(await vault.balanceOf(bob.address))).to.be.closeTo(usdc(9_989), usdc(1));
    });

    it("counts idle, the venue's equity and the options' marked value, and nothing twice", async () => {
      const { vault, riskEngine, controller, oracle, surface } = await loadFixture(hedged);
      const spot = (await oracle.spot(await surface.sigma())).price;
      const { liability } = await riskEngine.book(spot);
      const { size, cash } = await controller.position();
      const equity = cash + (size * spot) / eth(1);
      const nav = (await vault.idle()) * 10n ** 12n + equity - liability;
      expect((await riskEngine.valuation()).mid).to.equal(nav);
      expect(await vault.totalAssets()).to.equal(nav / 10n ** 12n);
    });

    it("does not move when margin goes to the venue", async () => {
      const system = await loadFixture(seeded);
      await buy(system, system.dave, seriesId(system.expiry, 3_000, "call"), eth(20));
      const before = await system.riskEngine.valuation();
      await rebalance(system);
      const after = await system.riskEngine.valuation();
      // The trade costs its fee of .1 % and its impact, no more; the margin of 35 % is still the vault's.
      const notional = (20n * eth(3_000)) / 2n;
      expect(before.mid - after.mid).to.be.greaterThan(0n);
      expect(before.mid - after.mid).to.be.lessThan((notional * 25n) / 10_000n);
    });

    it("is the bid for leavers and the ask for enterers, at least 10 bps either side of the middle", async () => {
      const system = await loadFixture(hedged);
      const { vault, riskEngine, alice } = system;
      const { mid, bid, ask } = await riskEngine.valuation();
      expect(mid - bid).to.be.greaterThan(mid / 1_000n);
      expect(ask - mid).to.equal(mid - bid);
      const supply = (await vault.totalSupply()) + 10n ** 6n;
      const shares = await vault.balanceOf(alice.address);
      expect(await vault.previewRedeem(shares)).to.equal((shares * (bid / 10n ** 12n + 1n)) / supply);
      const dearest = (ask + 10n ** 12n - 1n) / 10n ** 12n + 1n;
      expect(await vault.previewDeposit(usdc(1_000))).to.equal((usdc(1_000) * supply) / dearest);
    });

    it("renews what sales are admitted against, and the stored gas price, with every call", async () => {
      const system = await loadFixture(hedged);
      const { vault, saleLimits, gasPriceOracle, alice, bob, addresses } = system;
      await system.usdcToken.connect(bob).mint(bob.address, usdc(100));
      await system.usdcToken.connect(bob).approve(addresses.vault, usdc(100));
      for (const call of [
        () => vault.connect(bob).deposit(usdc(100), bob.address),
        () => vault.connect(alice).withdraw(usdc(100), alice.address, alice.address),
      ]) {
        await networkHelpers.time.increase(60);
        const price = await gasPriceOracle.gasPrice();
        await networkHelpers.setNextBlockBaseFeePerGas(500n * 10n ** 9n);
        await call();
        expect((await saleLimits.checkpoint()).time).to.equal(BigInt(await networkHelpers.time.latest()));
        // This block's base fee counts from here on, and not yet.
        expect(await gasPriceOracle.gasPrice()).to.be.lessThan(price + 10n ** 11n);
      }
      await networkHelpers.time.increase(3_600);
      await gasPriceOracle.connect(bob).update();
      expect(await gasPriceOracle.gasPrice()).to.be.greaterThan(10n ** 10n);
    });

    it("no round trip gains, whatever the amount", async () => {
      const system = await loadFixture(hedged);
      const { vault, usdcToken, bob } = system;
      for (const assets of [1n, 2n, 999n, 10_007n, usdc(1), usdc(12_345), usdc(500_000)]) {
        const snapshot = await networkHelpers.takeSnapshot();
        await usdcToken.connect(bob).mint(bob.address, assets);
        await usdcToken.connect(bob).approve(await vault.getAddress(), assets);
        await vault.connect(bob).deposit(assets, bob.address);
        const shares = await vault.maxRedeem(bob.address);
        if (shares > 0n) await vault.connect(bob).redeem(shares, bob.address, bob.address);
        expect(await usdcToken.balanceOf(bob.address)).to.be.lessThanOrEqual(assets);
        await snapshot.restore();
      }
    });
  });

  describe("closed states", () => {
    const actions = async (system: Awaited<ReturnType<typeof seeded>>) => {
      const v = system.vault.connect(system.alice);
      const me = system.alice.address;
      return [() => v.deposit(1n, me), () => v.mint(1n, me), () => v.withdraw(1n, me, me), () => v.redeem(1n, me, me)];
    };

    it("failure 16: closes on a stale feed, and totalAssets still answers", async () => {
      const system = await loadFixture(seeded);
      const before = await system.vault.totalAssets();
      await networkHelpers.time.increase(3_960 + 1);
      for (const action of await actions(system)) {
        await expect(action())
          .to.be.revertedWithCustomError(system.vault, "VaultClosed")
          .withArgs(CLOSURE.priceUntrusted);
      }
      expect(await system.vault.maxDeposit(system.alice.address)).to.equal(0n);
      expect(await system.vault.maxMint(system.alice.address)).to.equal(0n);
      expect(await system.vault.maxWithdraw(system.alice.address)).to.equal(0n);
      expect(await system.vault.maxRedeem(system.alice.address)).to.equal(0n);
      expect(await system.vault.totalAssets()).to.equal(before);
    });

    it("claims no value at all while the feed has no positive answer", async () => {
      const system = await loadFixture(hedged);
      await system.feed.connect(system.stranger).setAnswer(0n);
      expect(await system.vault.totalAssets()).to.equal(0n);
      expect((await system.riskEngine.valuation()).closure).to.equal(CLOSURE.priceUntrusted);
    });

    it("closes from expiry to settlement, so that nobody enters around it", async () => {
      const system = await loadFixture(seeded);
      await buy(system, system.dave, seriesId(system.expiry, 3_000, "call"), eth(1));
      await networkHelpers.time.increaseTo(system.expiry);
      await setFeed(system, 3_000);
      await expect(system.vault.connect(system.alice).redeem(1n, system.alice.address, system.alice.address))
        .to.be.revertedWithCustomError(system.vault, "VaultClosed")
        .withArgs(CLOSURE.expiryUnsettled);
      await settleAt(system, system.expiry, 3_000);
      expect(await system.vault.maxDeposit(system.alice.address)).to.equal(MaxUint256);
    });

    it("failure 11: closes while the venue reverts, counts its equity as zero, and never reverts itself", async () => {
      const system = await loadFixture(onMisbehavingVenue);
      await deposit(system, system.alice, usdc(100_000));
      const before = await system.vault.totalAssets();
      for (const fault of [1n, 2n, 3n]) {
        await system.venue.connect(system.stranger).setFault(fault);
        expect(await system.vault.totalAssets({ gasLimit: 15_000_000n })).to.equal(before);
        expect((await system.riskEngine.valuation({ gasLimit: 15_000_000n })).closure).to.equal(
          CLOSURE.venueUnreadable,
        );
        expect(await system.vault.maxWithdraw(system.alice.address, { gasLimit: 15_000_000n })).to.equal(0n);
      }
    });

    it("failure 11: a venue account under water costs its margin, never more", async () => {
      const system = await loadFixture(onMisbehavingVenue);
      await deposit(system, system.alice, usdc(100_000));
      const sunk = {
        size: eth(10),
        cash: 0n,
        entryNotional: eth(60_000),
        accruedFunding: 0n,
        markPrice: eth(3_000),
        indexPrice: eth(3_000),
        fundingRate: 0n,
        maintenanceMargin: 0n,
        withdrawable: 0n,
        tradable: true,
      };
      await system.venue.connect(system.stranger).setState(sunk);
      expect((await system.riskEngine.valuation()).venueEquity).to.equal(-eth(30_000));
      expect(await system.vault.totalAssets()).to.equal(usdc(100_000));
    });

    it("is not closed by an expiry in which nothing was sold", async () => {
      const system = await loadFixture(seeded);
      await networkHelpers.time.increaseTo(system.expiry);
      await setFeed(system, 3_000);
      expect(await system.vault.maxDeposit(system.alice.address)).to.equal(MaxUint256);
      expect(await system.vault.maxWithdraw(system.alice.address)).to.be.greaterThan(0n);
    });

    it("failure 21: takes no deposit into a hole that was left when nobody held shares any more", async () => {
      const system = await loadFixture(onMisbehavingVenue);
      const { vault, riskEngine, alice, bob, dave } = system;
      await deposit(system, alice, usdc(1_000_000));
      // At the money these calls are covered at both stressed spots only while the shareholders are there.
      const expiry = await listBoard(system, { strikes: [3_000] });
      await buyMuch(system, dave, seriesId(expiry, 3_000, "call"), eth(100));
      await setPrice(system, 1_900);
      await vault.connect(alice).redeem(await vault.maxRedeem(alice.address), alice.address, alice.address);
      expect(await vault.totalSupply()).to.equal(0n);
      await setPrice(system, 3_300);
      const { mid, liability, closure } = await riskEngine.valuation();
      expect([mid, liability > 0n, closure]).to.deep.equal([0n, true, CLOSURE.insolvent]);
      await system.usdcToken.connect(bob).mint(bob.address, usdc(50_000));
      await system.usdcToken.connect(bob).approve(await vault.getAddress(), usdc(50_000));
      await expect(vault.connect(bob).deposit(usdc(50_000), bob.address))
        .to.be.revertedWithCustomError(vault, "VaultClosed")
        .withArgs(CLOSURE.insolvent);
    });

    it("closes to newcomers when the bid is zero", async () => {
      const system = await loadFixture(onMisbehavingVenue);
      await deposit(system, system.alice, usdc(40_000));
      const expiry = await listBoard(system);
      await buyMuch(system, system.dave, seriesId(expiry, 3_000, "call"), eth(15));
      await setPrice(system, 29_000);
      expect((await system.riskEngine.valuation()).closure).to.equal(CLOSURE.insolvent);
      expect(await system.vault.totalAssets()).to.equal(0n);
      await expect(system.vault.connect(system.bob).deposit(1n, system.bob.address))
        .to.be.revertedWithCustomError(system.vault, "VaultClosed")
        .withArgs(CLOSURE.insolvent);
    });
  });

  describe("who may call what", () => {
    it("lets market and controller alone do what they do", async () => {
      const { vault, stranger, governor, curator, keeper } = await loadFixture(empty);
      for (const who of [stranger, governor, curator, keeper]) {
        const v = vault.connect(who);
        for (const call of [
          () => v.lock(),
          () => v.unlock(),
          () => v.collectPremium(0n),
          () => v.recordClaims(1n),
          () => v.payClaim(who.address, 1n),
          () => v.releaseClaims(1n),
          () => v.payBuyback(who.address, 1n),
          () => v.sendMargin(who.address, 1n),
          () => v.receiveMargin(who.address, 0n),
        ]) {
          await expect(call()).to.be.revertedWithCustomError(vault, "NotSystem").withArgs(who.address);
        }
      }
    });
  });

  describe("re-entrancy", () => {
    async function reentrant() {
      const system = await systemOnMisbehavingVenue({ tokenPath: "mocks/ReentrantToken" });
      await deposit(system, system.alice, usdc(1_000_000));
      return {
        ...system,
        trap: at<ReentrantToken>("mocks/ReentrantToken", await system.usdcToken.getAddress()),
        expiry: await listBoard(system),
      };
    }

    /** Arms each call in turn, triggers a transfer, and says how each ended. */
    async function outcome(
      system: Awaited<ReturnType<typeof reentrant>>,
      target: string,
      data: string,
      trigger: () => Promise<unknown>,
    ) {
      await system.trap.connect(system.stranger).arm(target, data);
      await trigger();
      expect(await system.trap.fired()).to.equal(true);
      return { succeeded: await system.trap.succeeded(), returned: await system.trap.returned() };
    }

    it("refuses every state-changing call in the middle of deposit, withdraw, buy and redeem", async () => {
      const system = await loadFixture(reentrant);
      const { vault, market, controller, alice, dave, expiry, addresses } = system;
      const id = seriesId(expiry, 3_000, "call");
      await fund(system, dave, usdc(100_000));
      await market.connect(dave).buy(id, eth(1), MaxUint256, MaxUint256, dave.address);
      await system.usdcToken.connect(alice).mint(alice.address, usdc(100_000));
      await system.usdcToken.connect(alice).approve(addresses.vault, MaxUint256);
      const triggers: readonly (() => Promise<unknown>)[] = [
        () => vault.connect(alice).deposit(usdc(10), alice.address),
        () => vault.connect(alice).withdraw(usdc(5), alice.address, alice.address),
        () => market.connect(dave).buy(id, eth("0.1"), MaxUint256, MaxUint256, dave.address),
        () => market.connect(dave).sell(id, eth("0.1"), 0n, MaxUint256, dave.address),
      ];
      const me = alice.address;
      const attempts = [
        [addresses.vault, vault.interface.encodeFunctionData("deposit", [1n, me])],
        [addresses.vault, vault.interface.encodeFunctionData("withdraw", [1n, me, me])],
        [addresses.market, market.interface.encodeFunctionData("buy", [id, eth(1), MaxUint256, MaxUint256, me])],
        [addresses.market, market.interface.encodeFunctionData("sell", [id, eth("0.1"), 0n, MaxUint256, me])],
        [addresses.market, market.interface.encodeFunctionData("settle", [expiry])],
        [addresses.market, market.interface.encodeFunctionData("redeem", [id, 1n, me])],
        [addresses.market, market.interface.encodeFunctionData("redeemFor", [me, id])],
        [addresses.controller, controller.interface.encodeFunctionData("adjustMargin")],
      ] as const;
      const locked = vault.interface.getError("ReentrantCall")!.selector;
      for (const trigger of triggers) {
        for (const [target, data] of attempts) {
          const { succeeded, returned } = await outcome(system, target, data, trigger);
          expect(succeeded).to.equal(false);
          expect(returned).to.equal(locked);
        }
      }
    });

    it("lets no share price be read in the middle of a call, and says that nothing may be moved", async () => {
      const system = await loadFixture(reentrant);
      const { vault, riskEngine, market, alice, addresses, expiry } = system;
      await system.usdcToken.connect(alice).mint(alice.address, usdc(100_000));
      await system.usdcToken.connect(alice).approve(addresses.vault, MaxUint256);
      const trigger = () => vault.connect(alice).deposit(usdc(1), alice.address);
      const reverting = [
        vault.interface.encodeFunctionData("totalAssets"),
        vault.interface.encodeFunctionData("convertToShares", [1n]),
        vault.interface.encodeFunctionData("convertToAssets", [1n]),
        vault.interface.encodeFunctionData("previewDeposit", [1n]),
        vault.interface.encodeFunctionData("previewMint", [1n]),
        vault.interface.encodeFunctionData("previewWithdraw", [1n]),
        vault.interface.encodeFunctionData("previewRedeem", [1n]),
      ];
      for (const data of reverting) {
        const { succeeded, returned } = await outcome(system, addresses.vault, data, trigger);
        expect([succeeded, returned]).to.deep.equal([false, vault.interface.getError("ReentrantCall")!.selector]);
      }
      const read = riskEngine.interface.getError("ReentrantRead")!.selector;
      const valuation = await outcome(
        system,
        addresses.riskEngine,
        riskEngine.interface.encodeFunctionData("valuation"),
        trigger,
      );
      expect([valuation.succeeded, valuation.returned]).to.deep.equal([false, read]);
      const quote = await outcome(
        system,
        addresses.market,
        market.interface.encodeFunctionData("quote", [seriesId(expiry, 3_000, "call"), eth(1)]),
        trigger,
      );
      expect([quote.succeeded, quote.returned]).to.deep.equal([false, read]);
      for (const [target, data] of [
        [
          addresses.pricer,
          system.pricer.interface.encodeFunctionData("quote", [seriesId(expiry, 3_000, "call"), eth(1)]),
        ],
        [addresses.riskEngine, riskEngine.interface.encodeFunctionData("coverage")],
        [addresses.saleLimits, system.saleLimits.interface.encodeFunctionData("renew")],
      ] as const) {
        const { succeeded, returned } = await outcome(system, target, data, trigger);
        expect([succeeded, returned]).to.deep.equal([false, read]);
      }
      for (const name of ["maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"] as const) {
        const data = vault.interface.encodeFunctionData(name as "maxDeposit", [alice.address]);
        const { succeeded, returned } = await outcome(system, addresses.vault, data, trigger);
        expect([succeeded, BigInt(returned)]).to.deep.equal([true, 0n]);
      }
    });
  });

  describe("the token", () => {
    it("refuses one that delivers less than it was asked for", async () => {
      const system = await loadFixture(async function onFeeToken() {
        return systemOnMisbehavingVenue({ tokenPath: "mocks/FeeOnTransferToken" });
      });
      const { alice, vault, addresses } = system;
      const token = at<FeeOnTransferToken>("mocks/FeeOnTransferToken", await system.usdcToken.getAddress());
      await token.connect(alice).mint(alice.address, usdc(100));
      await token.connect(alice).approve(addresses.vault, usdc(100));
      await expect(vault.connect(alice).deposit(usdc(100), alice.address))
        .to.be.revertedWithCustomError(vault, "TransferShort")
        .withArgs(usdc(100), usdc(99));
    });

    it("refuses one of more than 18 decimals", async () => {
      const { alice } = await loadFixture(empty);
      const token = ballastArtifact("local/LocalUsdc");
      const odd = await new ethers.ContractFactory(token.abi as never, token.bytecode, alice).deploy(19);
      const { abi, bytecode } = ballastArtifact("OptionVault");
      const factory = new ethers.ContractFactory(abi as never, bytecode, alice);
      const nobody = alice.address;
      await expect(
        factory.deploy(await odd.getAddress(), nobody, nobody, nobody, nobody, nobody, "x", "x"),
      ).to.be.revertedWithCustomError({ interface: factory.interface } as never, "TooManyDecimals");
    });
  });

  it("pays whoever holds settled options before any shareholder", async () => {
    const system = await loadFixture(hedged);
    const { vault, market, alice, dave, expiry } = system;
    const id = seriesId(expiry, 3_000, "call");
    // A week in hourly rounds, so that the feed never grows stale, to 3,300.
    for (let day = 1; day <= 7; day++) {
      await system.world$.step({ priceWad: eth(3_000 + (300 * day) / 7), seconds: DAY });
    }
    await settleAt(system, expiry, 3_300);
    const owed = await vault.owed();
    expect(owed).to.be.greaterThan(usdc(50 * 250));
    expect(await vault.maxWithdraw(alice.address)).to.be.lessThanOrEqual((await vault.idle()) - owed);
    await market.connect(dave).redeem(id, eth(50), dave.address);
    expect(await vault.owed()).to.equal(0n);
    expect(await system.usdcToken.balanceOf(dave.address)).to.be.greaterThanOrEqual(owed);
  });
});
