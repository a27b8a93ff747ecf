import { expect } from "chai";
import { MaxUint256, type Signer, ZeroAddress } from "ethers";
import { encodePullUpdate } from "../../scripts/local-chain/pyth.ts";
import type { BallastRouter, ReentrantToken } from "../../types/index.ts";
import { deployContract, pullUpdate } from "../helpers/feeds.ts";
import { eth, ethers, networkHelpers, usdc } from "../helpers/system.ts";
import {
  type Before,
  FOREVER,
  giveOptions,
  ID,
  NOTHING,
  PAYOUT,
  PREMIUM,
  PROCEEDS,
  type RouterWorld,
  routerWorld,
  signPermit,
  withoutPullFeed,
} from "./world.ts";

const { loadFixture, time } = networkHelpers;
const { provider } = ethers;
const SIZE = eth(2);
const COST = 2n * PREMIUM;

/** Each action of the router, to be taken by somebody who has what it takes and has allowed it. */
const ACTIONS = {
  deposit: (router: BallastRouter, first: Before, deadline: bigint, receiver: string) =>
    router.deposit.populateTransaction(first, usdc(10), 0n, deadline, receiver),
  redeem: (router: BallastRouter, first: Before, deadline: bigint, receiver: string) =>
    router.redeem.populateTransaction(first, 10n ** 12n, 0n, deadline, receiver),
  buy: (router: BallastRouter, first: Before, deadline: bigint, receiver: string) =>
    router.buy.populateTransaction(first, ID, SIZE, usdc(500), deadline, receiver),
  fillAuction: (router: BallastRouter, first: Before, deadline: bigint, receiver: string) =>
    router.fillAuction.populateTransaction(first, ID, SIZE, usdc(500), deadline, receiver),
  sell: (router: BallastRouter, first: Before, deadline: bigint, receiver: string) =>
    router.sell.populateTransaction(first, ID, SIZE, 0n, deadline, receiver),
  redeemOptions: (router: BallastRouter, first: Before, _deadline: bigint, receiver: string) =>
    router.redeemOptions.populateTransaction(first, ID, SIZE, receiver),
} as const;
type Action = keyof typeof ACTIONS;
const ALL = Object.keys(ACTIONS) as Action[];

interface Take {
  readonly router?: BallastRouter;
  readonly first?: Before;
  readonly deadline?: bigint;
  readonly receiver?: string;
  readonly value?: bigint;
  readonly by?: Signer;
}

async function take(world: RouterWorld, action: Action, options: Take = {}) {
  const { router = world.router, first = NOTHING, deadline = FOREVER, value = 0n, by = world.alice } = options;
  const call = await ACTIONS[action](router, first, deadline, options.receiver ?? (await by.getAddress()));
  return by.sendTransaction({ ...call, value });
}

/** Alice holds shares, options and quote tokens, and has allowed all of them to the router. */
async function ready(world: RouterWorld, router: BallastRouter & { address: string } = world.router): Promise<void> {
  const { alice, quoteToken, vault, token } = world;
  await quoteToken.connect(alice).approve(vault.address, usdc(1_000));
  await vault.connect(alice).deposit(usdc(1_000), alice.address);
  await giveOptions(world, alice.address);
  await quoteToken.connect(alice).approve(router.address, MaxUint256);
  await vault.connect(alice).approve(router.address, MaxUint256);
  await token.connect(alice).setOperator(router.address, true);
}

async function readyWorld(): Promise<RouterWorld> {
  const world = await routerWorld();
  await ready(world);
  return world;
}

/** Everything that could be left with a router. */
async function leftWith(world: RouterWorld, router: { address: string } = world.router) {
  const { quoteToken, vault, token, market, auctions } = world;
  return {
    ether: await provider.getBalance(router.address),
    quote: await quoteToken.balanceOf(router.address),
    shares: await vault.balanceOf(router.address),
    options: await token.balanceOf(router.address, ID),
    toVault: await quoteToken.allowance(router.address, vault.address),
    toMarket: await quoteToken.allowance(router.address, market.address),
    toAuctions: await quoteToken.allowance(router.address, auctions.address),
  };
}
const NONE = { ether: 0n, quote: 0n, shares: 0n, options: 0n, toVault: 0n, toMarket: 0n, toAuctions: 0n };

const blob = async () => encodePullUpdate(await pullUpdate(3_000));

describe("BallastRouter", () => {
  describe("does each action for the caller, to the receiver", () => {
    it("deposits", async () => {
      const world = await loadFixture(readyWorld);
      const { router, vault, quoteToken, alice, bob } = world;
      const shares = await vault.previewDeposit(usdc(10));
      expect(await router.connect(alice).deposit.staticCall(NOTHING, usdc(10), 0n, FOREVER, bob.address)).to.equal(
        shares,
      );
      await expect(take(world, "deposit", { receiver: bob.address })).to.changeTokenBalances(
        ethers,
        quoteToken,
        [alice, vault],
        [-usdc(10), usdc(10)],
      );
      expect(await vault.balanceOf(bob.address)).to.equal(shares);
      expect(await leftWith(world)).to.deep.equal(NONE);
    });

    it("redeems shares by the vault's own allowance", async () => {
      const world = await loadFixture(readyWorld);
      const { vault, router, quoteToken, alice, bob } = world;
      await vault.connect(alice).approve(router.address, 10n ** 12n);
      const assets = await vault.previewRedeem(10n ** 12n);
      await expect(take(world, "redeem", { receiver: bob.address })).to.changeTokenBalances(
        ethers,
        quoteToken,
        [alice, bob],
        [0n, assets],
      );
      expect(await vault.allowance(alice.address, router.address)).to.equal(0n);
      await expect(take(world, "redeem")).to.be.revertedWithCustomError(vault, "ERC20InsufficientAllowance");
      expect(await leftWith(world)).to.deep.equal(NONE);
    });

    for (const action of ["buy", "fillAuction"] as const) {
      it(`${action}: takes the limit, pays the premium, returns the rest`, async () => {
        const world = await loadFixture(readyWorld);
        const { quoteToken, token, market, alice, bob, router } = world;
        await quoteToken.connect(alice).approve(router.address, usdc(500));
        await expect(take(world, action, { receiver: bob.address })).to.changeTokenBalances(
          ethers,
          quoteToken,
          [alice, market],
          [-COST, COST],
        );
        expect(await token.balanceOf(bob.address, ID)).to.equal(SIZE);
        // The limit is what was allowed and taken, not the premium.
        expect(await quoteToken.allowance(alice.address, router.address)).to.equal(0n);
        expect(await leftWith(world)).to.deep.equal(NONE);
      });
    }

    it("fillAuction: goes through the auctions", async () => {
      const world = await loadFixture(readyWorld);
      expect(await world.market.lastBuyAtFactor()).to.equal(0n);
      await take(world, "fillAuction");
      expect(await world.market.lastBuyAtFactor()).to.equal(eth(1));
    });

    it("sells options by an allowance of their series", async () => {
      const world = await loadFixture(readyWorld);
      const { token, router, quoteToken, alice, bob } = world;
      await token.connect(alice).setOperator(router.address, false);
      await expect(take(world, "sell")).to.be.revertedWithCustomError(token, "ERC6909InsufficientAllowance");
      await token.connect(alice).approve(router.address, ID, SIZE);
      await expect(take(world, "sell", { receiver: bob.address })).to.changeTokenBalances(
        ethers,
        quoteToken,
        [alice, bob],
        [0n, 2n * PROCEEDS],
      );
      expect(await token.balanceOf(alice.address, ID)).to.equal(eth(8));
      expect(await token.allowance(alice.address, router.address, ID)).to.equal(0n);
      expect(await leftWith(world)).to.deep.equal(NONE);
    });

    it("redeems options of a settled series", async () => {
      const world = await loadFixture(readyWorld);
      const { token, quoteToken, alice, bob } = world;
      await expect(take(world, "redeemOptions", { receiver: bob.address })).to.changeTokenBalances(
        ethers,
        quoteToken,
        [alice, bob],
        [0n, 2n * PAYOUT],
      );
      expect(await token.balanceOf(alice.address, ID)).to.equal(eth(8));
      expect(await leftWith(world)).to.deep.equal(NONE);
    });
  });

  describe("keeps to each limit at its boundary", () => {
    it("minShares: exactly what the vault gives passes, one more does not", async () => {
      const world = await loadFixture(readyWorld);
      const { router, vault, alice } = world;
      await vault.tellFee(7n);
      const shares = await vault.previewDeposit(usdc(10));
      const deposit = (minimum: bigint) =>
        router.connect(alice).deposit(NOTHING, usdc(10), minimum, FOREVER, alice.address);
      await expect(deposit(shares + 1n))
        .to.be.revertedWithCustomError(router, "SharesBelowMinimum")
        .withArgs(shares, shares + 1n);
      await deposit(shares);
    });

    it("minAssets: exactly what the vault pays passes, one more does not", async () => {
      const world = await loadFixture(readyWorld);
      const { router, vault, alice } = world;
      await vault.tellFee(7n);
      const assets = await vault.previewRedeem(10n ** 12n);
      const redeem = (minimum: bigint) =>
        router.connect(alice).redeem(NOTHING, 10n ** 12n, minimum, FOREVER, alice.address);
      await expect(redeem(assets + 1n))
        .to.be.revertedWithCustomError(router, "AssetsBelowMinimum")
        .withArgs(assets, assets + 1n);
      await redeem(assets);
    });

    for (const action of ["buy", "fillAuction"] as const) {
      it(`${action}: a limit of exactly the premium passes and needs no return, one less does not`, async () => {
        const world = await loadFixture(readyWorld);
        const { router, market, quoteToken, alice } = world;
        const buy = (most: bigint) => router.connect(alice)[action](NOTHING, ID, SIZE, most, FOREVER, alice.address);
        await expect(buy(COST - 1n))
          .to.be.revertedWithCustomError(market, "PremiumAboveLimit")
          .withArgs(COST, COST - 1n);
        await expect(buy(COST)).to.changeTokenBalance(ethers, quoteToken, alice, -COST);
        expect(await leftWith(world)).to.deep.equal(NONE);
      });

      it(`${action}: who does not hold the limit cannot name it`, async () => {
        const { router, quoteToken, alice } = await loadFixture(readyWorld);
        const held = await quoteToken.balanceOf(alice.address);
        const buy = (most: bigint) => router.connect(alice)[action](NOTHING, ID, SIZE, most, FOREVER, alice.address);
        await expect(buy(held + 1n))
          .to.be.revertedWithCustomError(quoteToken, "ERC20InsufficientBalance")
          .withArgs(alice.address, held, held + 1n);
        await buy(held);
      });
    }

    it("minProceeds: exactly what the market pays passes, one more does not", async () => {
      const { router, market, alice } = await loadFixture(readyWorld);
      const sell = (minimum: bigint) => router.connect(alice).sell(NOTHING, ID, SIZE, minimum, FOREVER, alice.address);
      await expect(sell(2n * PROCEEDS + 1n))
        .to.be.revertedWithCustomError(market, "ProceedsBelowLimit")
        .withArgs(2n * PROCEEDS, 2n * PROCEEDS + 1n);
      await sell(2n * PROCEEDS);
    });

    for (const action of ALL.filter((each) => each !== "redeemOptions")) {
      it(`deadline of ${action}: its own second passes, the next does not`, async () => {
        const world = await loadFixture(readyWorld);
        const deadline = BigInt(await time.latest()) + 100n;
        await time.setNextBlockTimestamp(deadline + 1n);
        await expect(take(world, action, { deadline }))
          .to.be.revertedWithCustomError(world.router, "DeadlinePassed")
          .withArgs(deadline, deadline + 1n);
        await time.setNextBlockTimestamp(deadline + 10n);
        await take(world, action, { deadline: deadline + 10n });
      });
    }

    for (const action of ALL) {
      it(`receiver of ${action}: neither nobody nor the router`, async () => {
        const world = await loadFixture(readyWorld);
        for (const receiver of [ZeroAddress, world.router.address]) {
          await expect(take(world, action, { receiver }))
            .to.be.revertedWithCustomError(world.router, "InvalidReceiver")
            .withArgs(receiver);
        }
      });
    }
  });

  describe("takes from the caller alone", () => {
    it("what somebody else has allowed is of no use to a caller", async () => {
      const world = await loadFixture(readyWorld);
      const { bob, quoteToken, vault, token } = world;
      const take_ = (action: Action) => take(world, action, { by: bob, receiver: bob.address });
      for (const action of ["deposit", "buy", "fillAuction"] as const) {
        await expect(take_(action)).to.be.revertedWithCustomError(quoteToken, "ERC20InsufficientAllowance");
      }
      await expect(take_("redeem")).to.be.revertedWithCustomError(vault, "ERC4626ExceededMaxRedeem");
      for (const action of ["sell", "redeemOptions"] as const) {
        await expect(take_(action)).to.be.revertedWithCustomError(token, "ERC6909InsufficientAllowance");
      }
    });

    it("refuses a token that takes fees, and pays nobody's shortfall from what lies there", async () => {
      const world = await routerWorld({ quote: "mocks/FeeOnTransferToken" });
      const { router, quoteToken, alice } = world;
      await quoteToken.connect(alice).approve(router.address, MaxUint256);
      const fails = router.connect(alice).buy(NOTHING, ID, SIZE, COST, FOREVER, alice.address);
      await expect(fails).to.be.revertedWithCustomError(quoteToken, "ERC20InsufficientBalance");
    });
  });

  describe("permits", () => {
    const spendable = async () => {
      const world = await routerWorld();
      const { alice, quoteToken, vault } = world;
      await quoteToken.connect(alice).approve(vault.address, usdc(1_000));
      await vault.connect(alice).deposit(usdc(1_000), alice.address);
      return world;
    };
    const quotePermit = ({ alice, quoteToken, router }: RouterWorld, terms: object = {}) =>
      signPermit({ signer: alice, token: quoteToken, spender: router.address, value: usdc(10), ...terms });
    const depositWith = (world: RouterWorld, permits: Before["permits"], router: BallastRouter = world.router) =>
      router.connect(world.alice).deposit({ ...NOTHING, permits }, usdc(10), 0n, FOREVER, world.alice.address);

    it("allow a deposit without an approval, once", async () => {
      const world = await loadFixture(spendable);
      const permit = await quotePermit(world);
      await depositWith(world, [permit]);
      expect(await world.quoteToken.allowance(world.alice.address, world.router.address)).to.equal(0n);
      // Used up: neither the signature nor an allowance is left.
      await expect(depositWith(world, [permit])).to.be.revertedWithCustomError(
        world.quoteToken,
        "ERC2612InvalidSigner",
      );
    });

    it("on shares allow a redemption", async () => {
      const world = await loadFixture(spendable);
      const { alice, vault, router } = world;
      const permit = await signPermit({ signer: alice, token: vault, spender: router.address, value: 10n ** 12n });
      await take(world, "redeem", { first: { ...NOTHING, permits: [permit] } });
      expect(await leftWith(world)).to.deep.equal(NONE);
    });

    it("may be several", async () => {
      const world = await loadFixture(spendable);
      const { alice, vault, quoteToken, router } = world;
      const shares = await signPermit({ signer: alice, token: vault, spender: router.address, value: 7n });
      await router.connect(alice).prepare({ ...NOTHING, permits: [await quotePermit(world), shares] });
      expect(await quoteToken.allowance(alice.address, router.address)).to.equal(usdc(10));
      expect(await vault.allowance(alice.address, router.address)).to.equal(7n);
    });

    it("used by somebody first are passed over", async () => {
      const world = await loadFixture(spendable);
      const { alice, bob, quoteToken, router } = world;
      const { value, deadline, v, r, s, ...permit } = await quotePermit(world);
      await quoteToken.connect(bob).permit(alice.address, router.address, value, deadline, v, r, s);
      await depositWith(world, [{ ...permit, value, deadline, v, r, s }]);
    });

    it("without the rule, a stranger who shows the signature first stops the action", async () => {
      const world = await loadFixture(spendable);
      const { alice, bob, quoteToken } = world;
      const mutant = await world.without("UsedPermit");
      const permit = await quotePermit(world, { spender: mutant.address });
      const { value, deadline, v, r, s } = permit;
      await quoteToken.connect(bob).permit(alice.address, mutant.address, value, deadline, v, r, s);
      await expect(depositWith(world, [permit], mutant)).to.be.revertedWithCustomError(
        quoteToken,
        "ERC2612InvalidSigner",
      );
    });

    it("are passed over exactly when their value is allowed, not for one less", async () => {
      const world = await loadFixture(spendable);
      const { alice, quoteToken, router } = world;
      const expired = await quotePermit(world, { deadline: 1n });
      await quoteToken.connect(alice).approve(router.address, usdc(10) - 1n);
      await expect(depositWith(world, [expired]))
        .to.be.revertedWithCustomError(quoteToken, "ERC2612ExpiredSignature")
        .withArgs(1n);
      await quoteToken.connect(alice).approve(router.address, usdc(10));
      await depositWith(world, [expired]);
    });

    it("that are expired revert with the token's error", async () => {
      const world = await loadFixture(spendable);
      const deadline = BigInt(await time.latest());
      await expect(depositWith(world, [await quotePermit(world, { deadline })]))
        .to.be.revertedWithCustomError(world.quoteToken, "ERC2612ExpiredSignature")
        .withArgs(deadline);
    });

    it("signed by somebody else revert with the token's error", async () => {
      const world = await loadFixture(spendable);
      const { alice, bob, quoteToken } = world;
      const forged = await quotePermit(world, { signer: bob, owner: alice.address });
      await expect(depositWith(world, [forged]))
        .to.be.revertedWithCustomError(quoteToken, "ERC2612InvalidSigner")
        .withArgs(bob.address, alice.address);
    });

    it("of somebody else bring nothing: the owner is the caller", async () => {
      const world = await loadFixture(spendable);
      const { alice, bob, router, quoteToken } = world;
      const permit = await quotePermit(world);
      await quoteToken.mint(bob.address, usdc(10));
      const stolen = router.connect(bob).deposit({ ...NOTHING, permits: [permit] }, usdc(10), 0n, FOREVER, bob.address);
      await expect(stolen).to.be.revertedWithCustomError(quoteToken, "ERC2612InvalidSigner");
      // Nor when the thief has it put into effect first.
      const { value, deadline, v, r, s } = permit;
      await quoteToken.connect(bob).permit(alice.address, router.address, value, deadline, v, r, s);
      await expect(
        router.connect(bob).deposit(NOTHING, usdc(10), 0n, FOREVER, bob.address),
      ).to.be.revertedWithCustomError(quoteToken, "ERC20InsufficientAllowance");
    });

    it("for a token that is not ours are refused, and the token is not called", async () => {
      const world = await loadFixture(spendable);
      const { thief, alice } = world;
      const permit = { ...(await quotePermit(world)), token: thief.address };
      await expect(depositWith(world, [permit]))
        .to.be.revertedWithCustomError(world.router, "ForeignToken")
        .withArgs(thief.address);
      // Without the guard the foreign contract is called; here it answers nothing at all.
      const mutant = await world.without("OurTokens");
      await world.quoteToken.connect(alice).approve(mutant.address, usdc(10));
      await expect(depositWith(world, [permit], mutant)).to.be.revertedWithoutReason(ethers);
    });

    it("for a token that does not know them say so, or are passed over when it is allowed", async () => {
      const world = await routerWorld({ quote: "mocks/ReentrantToken" });
      const { alice, quoteToken, router } = world;
      const permit = {
        token: quoteToken.address,
        value: usdc(10),
        deadline: FOREVER,
        v: 27n,
        r: "0x".padEnd(66, "1"),
        s: "0x".padEnd(66, "1"),
      };
      await expect(depositWith(world, [permit]))
        .to.be.revertedWithCustomError(router, "PermitRefused")
        .withArgs(quoteToken.address);
      await quoteToken.connect(alice).approve(router.address, usdc(10));
      await depositWith(world, [permit]);
    });
  });

  describe("brings pull prices", () => {
    it("with exactly the fee, and returns the rest to the last wei", async () => {
      const world = await loadFixture(readyWorld);
      const { pyth, alice } = world;
      for (const [count, value] of [
        [1, 1n],
        [1, 2n],
        [3, 3n],
        [3, eth(1)],
      ] as const) {
        const priceUpdate = await Promise.all(Array.from({ length: count }, blob));
        const call = take(world, "buy", { first: { ...NOTHING, priceUpdate }, value });
        await expect(call).to.changeEtherBalances(ethers, [alice, pyth], [-BigInt(count), BigInt(count)]);
        expect(await leftWith(world)).to.deep.equal(NONE);
      }
    });

    it("returns all of the value when there is nothing to pay", async () => {
      const world = await loadFixture(readyWorld);
      for (const action of ALL) {
        await expect(take(world, action, { value: 7n })).to.changeEtherBalances(
          ethers,
          [world.alice, world.router],
          [0n, 0n],
        );
      }
      await expect(world.router.connect(world.alice).prepare(NOTHING, { value: 7n })).to.changeEtherBalances(
        ethers,
        [world.alice, world.router],
        [0n, 0n],
      );
    });

    it("refuses a value one wei below the fee", async () => {
      const world = await loadFixture(readyWorld);
      const first = { ...NOTHING, priceUpdate: [await blob(), await blob()] };
      await expect(take(world, "buy", { first, value: 1n }))
        .to.be.revertedWithCustomError(world.router, "FeeTooLow")
        .withArgs(1n, 2n);
    });

    it("does not pay a fee from ether that lies there by mistake", async () => {
      const world = await loadFixture(readyWorld);
      await networkHelpers.setBalance(world.router.address, eth(1));
      const first = { ...NOTHING, priceUpdate: [await blob()] };
      await expect(take(world, "buy", { first }))
        .to.be.revertedWithCustomError(world.router, "FeeTooLow")
        .withArgs(0n, 1n);
    });

    it("passes on what the feed says of an update that is not its own", async () => {
      const world = await loadFixture(readyWorld);
      const first = { ...NOTHING, priceUpdate: ["0x1234"] };
      await expect(take(world, "buy", { first, value: 1n })).to.be.revertedWithoutReason(ethers);
    });

    it("has a typed refusal where there is no pull feed, and goes on without an update", async () => {
      const world = await loadFixture(withoutPullFeed);
      await ready(world);
      const first = { ...NOTHING, priceUpdate: ["0x"] };
      await expect(take(world, "buy", { first, value: 1n })).to.be.revertedWithCustomError(world.router, "NoPullFeed");
      await expect(take(world, "buy", { value: 1n })).to.changeEtherBalance(ethers, world.alice, 0n);
    });

    it("refuses ether that no call brings", async () => {
      const { router, alice } = await loadFixture(readyWorld);
      await expect(alice.sendTransaction({ to: router.address, value: 1n })).to.be.revertedWithoutReason(ethers);
    });
  });

  describe("returns the rest of the value to the caller", () => {
    it("reverts with a typed error when he cannot take it, and with the exact fee he need not", async () => {
      const world = await loadFixture(readyWorld);
      const { router, thief: wallet, alice } = world;
      await wallet.setRefuses(true);
      const prepare = async (value: bigint) =>
        wallet
          .connect(alice)
          .execute(
            router.address,
            router.interface.encodeFunctionData("prepare", [{ ...NOTHING, priceUpdate: [await blob()] }]),
            { value },
          );
      await expect(prepare(3n)).to.be.revertedWithCustomError(router, "RefundFailed").withArgs(wallet.address, 2n);
      await prepare(1n);
    });

    it("a contract that calls again as it is refunded is turned away, and keeps its refund", async () => {
      const world = await loadFixture(readyWorld);
      const { router, thief: wallet, alice } = world;
      const prepare = router.interface.encodeFunctionData("prepare", [NOTHING]);
      await wallet.arm(router.address, prepare);
      await expect(wallet.connect(alice).execute(router.address, prepare, { value: 5n })).to.changeEtherBalance(
        ethers,
        wallet,
        5n,
      );
      expect(await wallet.fired()).to.equal(true);
      expect(await wallet.succeeded()).to.equal(false);
      expect(await wallet.returned()).to.equal(router.interface.encodeErrorResult("ReentrantCall"));
    });

    it("the lock is open again for the next call of the same transaction and after a revert", async () => {
      const world = await loadFixture(readyWorld);
      const { router, thief: wallet, alice } = world;
      const prepare = router.interface.encodeFunctionData("prepare", [NOTHING]);
      await wallet.arm(router.address, prepare);
      await wallet.connect(alice).execute(router.address, prepare);
      expect(await wallet.fired()).to.equal(true);
      expect(await wallet.succeeded()).to.equal(true);
      await expect(take(world, "buy", { receiver: ZeroAddress })).to.be.revertedWithCustomError(
        router,
        "InvalidReceiver",
      );
      await take(world, "buy");
    });
  });

  describe("a call within a call", () => {
    const VALUE = eth(1);

    /** Alice brings a price with a whole ether; the feed lets the thief call the router meanwhile. */
    async function robbed(guards: readonly ("Lock" | "CountedRefund")[]) {
      let hostile = "";
      const world = await routerWorld({
        pull: async (thief) => {
          hostile = (await deployContract("mocks/router/HostilePyth", [thief])).address;
          return hostile;
        },
      });
      const { thief, alice } = world;
      const router = guards.length === 0 ? world.router : await world.without(...guards);
      await thief.arm(router.address, router.interface.encodeFunctionData("prepare", [NOTHING]));
      const before = await provider.getBalance(alice.address);
      const response = await router.connect(alice).prepare({ ...NOTHING, priceUpdate: ["0x"] }, { value: VALUE });
      const receipt = await response.wait();
      const gas = receipt!.gasUsed * receipt!.gasPrice;
      return {
        stolen: await provider.getBalance(thief.address),
        lost: before - gas - (await provider.getBalance(alice.address)) - 1n,
        called: await thief.succeeded(),
      };
    }

    it("cannot take the value that another left there for a moment", async () => {
      expect(await robbed([])).to.deep.equal({ stolen: 0n, lost: 0n, called: false });
    });

    it("cannot with one of lock and counted refund alone; without both it takes all", async () => {
      expect(await robbed(["Lock"])).to.deep.equal({ stolen: 0n, lost: 0n, called: true });
      expect(await robbed(["CountedRefund"])).to.deep.equal({ stolen: 0n, lost: 0n, called: false });
      const { stolen, lost } = await robbed(["Lock", "CountedRefund"]);
      console.log(`      without lock and counted refund a call within a call takes ${stolen} wei of ${VALUE}`);
      expect({ stolen, lost }).to.deep.equal({ stolen: VALUE - 1n, lost: VALUE - 1n });
    });

    it("out of a transfer of the quote token is turned away, whichever function it calls", async () => {
      for (const inner of ALL) {
        const world = await routerWorld({ quote: "mocks/ReentrantToken" });
        await ready(world);
        const hook = world.quoteToken as unknown as ReentrantToken;
        const { data } = await ACTIONS[inner](world.router, NOTHING, FOREVER, world.bob.address);
        for (const outer of ALL) {
          await hook.arm(world.router.address, data);
          await take(world, outer);
          expect(await hook.fired(), outer).to.equal(true);
          expect(await hook.returned(), outer).to.equal(world.router.interface.encodeErrorResult("ReentrantCall"));
          expect(await leftWith(world)).to.deep.equal(NONE);
        }
      }
    });
  });

  describe("what lies there by mistake", () => {
    const STRAY = { ether: 5n, quote: 7n, shares: 11n, options: 13n };

    async function withStrays(world: RouterWorld, router: { address: string }): Promise<void> {
      const { alice, quoteToken, vault, token } = world;
      await quoteToken.connect(alice).transfer(router.address, STRAY.quote);
      await vault.connect(alice).transfer(router.address, STRAY.shares);
      await token.connect(alice).transfer(router.address, ID, STRAY.options);
      await networkHelpers.setBalance(router.address, STRAY.ether);
    }

    it("stays, whatever anybody calls", async () => {
      const world = await loadFixture(readyWorld);
      await withStrays(world, world.router);
      for (const action of ALL) {
        await take(world, action, { value: 3n });
        expect(await leftWith(world), action).to.deep.equal({ ...NONE, ...STRAY });
      }
    });

    it("would be taken by the next caller if the refund were the balance", async () => {
      const world = await loadFixture(readyWorld);
      const mutant = await world.without("CountedRefund");
      await ready(world, mutant);
      await withStrays(world, mutant);
      const call = take(world, "buy", { router: mutant });
      await expect(call).to.changeEtherBalance(ethers, world.alice, STRAY.ether);
      console.log(`      a refund of the balance pays the next caller ${STRAY.ether} wei that are not his`);
    });
  });

  describe("each guard is needed", () => {
    it("without the lock a call out of a transfer of the quote token goes through", async () => {
      const world = await routerWorld({ quote: "mocks/ReentrantToken" });
      const mutant = await world.without("Lock");
      await ready(world, mutant);
      const hook = world.quoteToken as unknown as ReentrantToken;
      await hook.arm(mutant.address, mutant.interface.encodeFunctionData("prepare", [NOTHING]));
      await take(world, "buy", { router: mutant });
      expect(await hook.succeeded()).to.equal(true);
    });

    it("without the deadline a deposit waits for as long as somebody likes", async () => {
      const world = await loadFixture(readyWorld);
      const mutant = await world.without("Deadline");
      await ready(world, mutant);
      await take(world, "deposit", { router: mutant, deadline: 1n });
    });

    it("without the check of the receiver the router itself gets what it can never give away", async () => {
      const world = await loadFixture(readyWorld);
      const mutant = await world.without("Receiver");
      await ready(world, mutant);
      await take(world, "deposit", { router: mutant, receiver: mutant.address });
      expect((await leftWith(world, mutant)).shares).to.be.above(0n);
    });

    it("without the minima a deposit and a redemption take any price", async () => {
      const world = await loadFixture(readyWorld);
      const { alice, vault } = world;
      const mutant = await world.without("MinShares", "MinAssets");
      await ready(world, mutant);
      await vault.tellFee(5_000n);
      const shares = await vault.balanceOf(alice.address);
      await mutant.connect(alice).deposit(NOTHING, usdc(10), MaxUint256, FOREVER, alice.address);
      const got = (await vault.balanceOf(alice.address)) - shares;
      await mutant.connect(alice).redeem(NOTHING, got, MaxUint256, FOREVER, alice.address);
      console.log("      without the minima a round trip of 10 USDC at a fee of 50 % loses 7.50 USDC, unasked");
    });

    it("without taking allowances back one stands after a purchase", async () => {
      const world = await loadFixture(readyWorld);
      const mutant = await world.without("Disallow");
      await ready(world, mutant);
      await take(world, "buy", { router: mutant });
      expect(await leftWith(world, mutant)).to.deep.equal({ ...NONE, toMarket: usdc(500) - COST });
    });
  });
});
