/** The router on the whole of Ballast: real Curie, real oracles, the pull feed of the local chain. */
import { expect } from "chai";
import { MaxUint256 } from "ethers";
import { encodePullUpdate } from "../../scripts/local-chain/pyth.ts";
import type { BallastRouter, ReentrantToken } from "../../types/index.ts";
import { pullUpdate } from "../helpers/feeds.ts";
import { PATIENCE, RULE, WINDOW } from "../helpers/settlement.ts";
import {
  at,
  CLOSURE,
  deposit,
  eth,
  ethers,
  fund,
  HOUR,
  keepFresh,
  latestRound,
  listBoard,
  type MisbehavingSystem,
  networkHelpers,
  prove,
  type System,
  seriesId,
  setPrice,
  systemOnCurie,
  systemOnMisbehavingVenue,
  usdc,
} from "../helpers/system.ts";
import { type Before, FOREVER, NOTHING, type Settlement, settlement, signPermit } from "./world.ts";

const { loadFixture, time } = networkHelpers;
const { provider } = ethers;
const SIZE = eth(2);
const dollars = (assets: bigint): string => `$${(Number(assets) / 1e6).toFixed(2)}`;
const percent = (wad: bigint): string => `${(Number(wad) / 1e16).toFixed(3)} %`;

type Listed<S extends System = System> = S & { router$: BallastRouter; expiry: bigint; call: bigint; put: bigint };

/** A million in the vault, a board a week ahead, the push round ten minutes old; Alice has money and allowed nothing. */
async function listed<S extends System>(system: S): Promise<Listed<S>> {
  await deposit(system, system.bob, usdc(1_000_000));
  const expiry = await listBoard(system);
  await system.usdcToken.connect(system.stranger).mint(system.alice.address, usdc(100_000));
  await time.increase(600);
  return {
    ...system,
    router$: system.router.connect(system.alice),
    expiry,
    call: seriesId(expiry, 3_000, "call"),
    put: seriesId(expiry, 3_000, "put"),
  };
}
const onCurie = async () => listed(await systemOnCurie());

/** The same, with everything of Alice's allowed to the router. */
async function allowed() {
  const s = await onCurie();
  const { alice, usdcToken, vault, token, addresses } = s;
  await usdcToken.connect(alice).approve(addresses.router, MaxUint256);
  await vault.connect(alice).approve(addresses.router, MaxUint256);
  await token.connect(alice).setOperator(addresses.router, true);
  return s;
}

/** As {@link allowed}, Alice with two calls and nobody else with any; the expiry passed, the feed at 3,200, unsettled. */
async function due() {
  const s = await allowed();
  await s.router$.buy(NOTHING, s.call, SIZE, usdc(10_000), FOREVER, s.alice.address);
  await time.increaseTo(s.expiry);
  await setPrice(s, 3_200);
  const first = settlement(s.expiry, RULE.firstRound, await latestRound(s));
  await networkHelpers.mine();
  return { ...s, first };
}

const bringing = (...settlements: Settlement[]): Before => ({ ...NOTHING, settlements });

/** A blob of the pull feed for the next block, which must be the next second. */
async function freshPrice(price = 3_000): Promise<Before> {
  return { ...NOTHING, priceUpdate: [await encodePullUpdate(await pullUpdate(price, { confidence: 1 }))] };
}
const nextSecond = async () => time.setNextBlockTimestamp((await time.latest()) + 1);

async function expectNothingLeft({ addresses, usdcToken, vault, token, call, put }: Listed): Promise<void> {
  const { router } = addresses;
  expect(await provider.getBalance(router)).to.equal(0n);
  expect(await usdcToken.balanceOf(router)).to.equal(0n);
  expect(await vault.balanceOf(router)).to.equal(0n);
  for (const id of [call, put]) expect(await token.balanceOf(router, id)).to.equal(0n);
  for (const spender of [addresses.vault, addresses.market, addresses.auctions, addresses.expiryPriceOracle]) {
    expect(await usdcToken.allowance(router, spender)).to.equal(0n);
  }
}

describe("BallastRouter on the whole system", () => {
  it("knows the parts of its deployment", async () => {
    const { router, addresses } = await loadFixture(onCurie);
    expect(await router.vault()).to.equal(addresses.vault);
    expect(await router.market()).to.equal(addresses.market);
    expect(await router.optionToken()).to.equal(addresses.optionToken);
    expect(await router.auctions()).to.equal(addresses.auctions);
    expect(await router.expiryPrices()).to.equal(addresses.expiryPriceOracle);
  });

  describe("deposits and redemptions", () => {
    it("deposits by a permit, for no fewer shares than asked for", async () => {
      const s = await loadFixture(onCurie);
      const { alice, usdcToken, vault, router$, addresses } = s;
      const terms = { signer: alice, token: usdcToken, spender: addresses.router, value: usdc(5_000) };
      const first = { ...NOTHING, permits: [await signPermit(terms)] };
      const call = (minimum: bigint) =>
        [first, usdc(5_000), minimum, FOREVER, alice.address] as Parameters<BallastRouter["deposit"]>;
      const shares = await router$.deposit.staticCall(...call(0n));
      await expect(router$.deposit.staticCall(...call(shares + 1n)))
        .to.be.revertedWithCustomError(s.router, "SharesBelowMinimum")
        .withArgs(shares, shares + 1n);
      await router$.deposit(...call(shares));
      expect(await vault.balanceOf(alice.address)).to.equal(shares);
      expect(await usdcToken.balanceOf(alice.address)).to.equal(usdc(95_000));
      await expectNothingLeft(s);
    });

    it("redeems by a permit on the shares, for no fewer assets than asked for", async () => {
      const s = await loadFixture(onCurie);
      const { bob, alice, usdcToken, vault, addresses, router } = s;
      const shares = (await vault.balanceOf(bob.address)) / 10n;
      const terms = { signer: bob, token: vault, spender: addresses.router, value: shares };
      const first = { ...NOTHING, permits: [await signPermit(terms)] };
      const call = (minimum: bigint) =>
        [first, shares, minimum, FOREVER, alice.address] as Parameters<BallastRouter["redeem"]>;
      const assets = await router.connect(bob).redeem.staticCall(...call(0n));
      await expect(router.connect(bob).redeem.staticCall(...call(assets + 1n)))
        .to.be.revertedWithCustomError(router, "AssetsBelowMinimum")
        .withArgs(assets, assets + 1n);
      await expect(router.connect(bob).redeem(...call(assets))).to.changeTokenBalances(
        ethers,
        usdcToken,
        [bob, alice],
        [0n, assets],
      );
      await expectNothingLeft(s);
    });

    it("what the vault's bid does between signing and sending is what the minimum is for", async () => {
      const s = await loadFixture(allowed);
      const { alice, router$, router } = s;
      await router$.deposit(NOTHING, usdc(10_000), 0n, FOREVER, alice.address);
      const shares = await s.vault.balanceOf(alice.address);
      await fund(s, s.dave, usdc(100_000));
      await s.market.connect(s.dave).buy(s.call, eth(10), usdc(100_000), FOREVER, s.dave.address);
      const promised = await router$.redeem.staticCall(NOTHING, shares, 0n, FOREVER, alice.address);
      // The calls that the vault has sold gain before the keeper comes.
      await setPrice(s, 3_030);
      const received = await router$.redeem.staticCall(NOTHING, shares, 0n, FOREVER, alice.address);
      expect(received).to.be.below(promised);
      await expect(router$.redeem(NOTHING, shares, promised, FOREVER, alice.address)).to.be.revertedWithCustomError(
        router,
        "AssetsBelowMinimum",
      );
    });
  });

  describe("options", () => {
    it("buys with a permit and nothing allowed before, and returns the rest", async () => {
      const s = await loadFixture(onCurie);
      const { alice, bob, usdcToken, token, router$, addresses, call } = s;
      const terms = { signer: alice, token: usdcToken, spender: addresses.router, value: usdc(10_000) };
      const first = { ...NOTHING, permits: [await signPermit(terms)] };
      const before = await usdcToken.balanceOf(addresses.vault);
      await router$.buy(first, call, SIZE, usdc(10_000), FOREVER, bob.address);
      const premium = (await usdcToken.balanceOf(addresses.vault)) - before;
      expect(premium).to.be.above(0n);
      expect(await usdcToken.balanceOf(alice.address)).to.equal(usdc(100_000) - premium);
      expect(await token.balanceOf(bob.address, call)).to.equal(SIZE);
      await expectNothingLeft(s);
    });

    it("is cheaper with a fresh price in the same transaction", async () => {
      const prices = [];
      for (const isFresh of [false, true]) {
        const s = await loadFixture(allowed);
        const { router$, alice, call, oracle, surface, usdcToken } = s;
        const first = isFresh ? await freshPrice() : NOTHING;
        const before = await usdcToken.balanceOf(alice.address);
        await nextSecond();
        await expect(
          router$.buy(first, call, SIZE, usdc(10_000), FOREVER, alice.address, { value: 10n }),
        ).to.changeEtherBalance(ethers, alice, isFresh ? -1n : 0n);
        const { price: spot, doubt } = await oracle.read(await surface.sigma());
        prices.push({ spot, doubt, premium: before - (await usdcToken.balanceOf(alice.address)) });
        await expectNothingLeft(s);
      }
      const [stale, fresh] = prices as [(typeof prices)[0], (typeof prices)[0]];
      console.log(
        `      two calls at the money, push round ten minutes old: ${dollars(stale.premium)} at ε ${percent(stale.doubt)}; ` +
          `with a pull price ${dollars(fresh.premium)} at ε ${percent(fresh.doubt)}`,
      );
      expect(fresh.spot).to.equal(stale.spot);
      expect(fresh.doubt * 3n).to.be.below(stale.doubt);
      // Half the contracts' worth of spot, times the ε that went.
      const saved = (stale.doubt - fresh.doubt) * 3_000n;
      expect((stale.premium - fresh.premium) * 10n ** 12n).to.be.above((saved * 9n) / 10n);
    });

    it("sells back, a fresh price making it dearer for the vault", async () => {
      const proceeds = [];
      for (const isFresh of [false, true]) {
        const s = await loadFixture(allowed);
        const { router$, alice, bob, call, usdcToken } = s;
        await router$.buy(NOTHING, call, SIZE, usdc(10_000), FOREVER, alice.address);
        const first = isFresh ? await freshPrice() : NOTHING;
        await nextSecond();
        const before = await usdcToken.balanceOf(bob.address);
        await router$.sell(first, call, SIZE, 1n, FOREVER, bob.address, { value: 1n });
        proceeds.push((await usdcToken.balanceOf(bob.address)) - before);
        expect(await s.token.balanceOf(alice.address, call)).to.equal(0n);
        await expectNothingLeft(s);
      }
      console.log(`      the same two calls bring ${proceeds.map(dollars).join(", with a pull price ")}`);
      expect(proceeds[1]!).to.be.above(proceeds[0]!);
    });

    it("fills a part of an auction", async () => {
      const s = await loadFixture(allowed);
      const { auctions, curator, router$, alice, bob, call, token, usdcToken } = s;
      const now = BigInt(await time.latest());
      await auctions.connect(curator).schedule({
        seriesId: call,
        size: eth(5),
        start: now + 10n,
        end: now + BigInt(HOUR),
        firstFactor: eth(2),
        lastFactor: eth("0.5"),
      });
      await time.setNextBlockTimestamp(now + 10n);
      const before = await usdcToken.balanceOf(alice.address);
      await router$.fillAuction(NOTHING, 0n, SIZE, usdc(10_000), FOREVER, bob.address);
      const dear = before - (await usdcToken.balanceOf(alice.address));
      const ordinary = (await s.market.quote(call, SIZE)).price.premium;
      expect(dear).to.be.above(ordinary);
      expect(await token.balanceOf(bob.address, call)).to.equal(SIZE);
      expect((await auctions.auctionOf(0n)).remaining).to.equal(eth(3));
      await expectNothingLeft(s);
      await expect(
        router$.fillAuction(NOTHING, 0n, SIZE, ordinary / 2n, FOREVER, bob.address),
      ).to.be.revertedWithCustomError(s.market, "PremiumAboveLimit");
    });

    it("a limit below the premium reverts with the market's error and takes nothing", async () => {
      const s = await loadFixture(allowed);
      const { router$, alice, call, market, usdcToken } = s;
      const before = await usdcToken.balanceOf(alice.address);
      await nextSecond();
      const premium = await router$.buy.staticCall(NOTHING, call, SIZE, usdc(10_000), FOREVER, alice.address);
      await expect(
        router$.buy(NOTHING, call, SIZE, premium / 2n, FOREVER, alice.address),
      ).to.be.revertedWithCustomError(market, "PremiumAboveLimit");
      expect(await usdcToken.balanceOf(alice.address)).to.equal(before);
      await expectNothingLeft(s);
    });
  });

  describe("settles what is due in the same transaction", () => {
    it("and deposits, which an unsettled expiry closes", async () => {
      const s = await loadFixture(due);
      const { router$, alice, vault, first } = s;
      await expect(router$.deposit(NOTHING, usdc(100), 0n, FOREVER, alice.address))
        .to.be.revertedWithCustomError(vault, "VaultClosed")
        .withArgs(CLOSURE.expiryUnsettled);
      await keepFresh(s);
      await router$.deposit(bringing(first), usdc(100), 1n, FOREVER, alice.address);
      expect(await vault.balanceOf(alice.address)).to.be.above(0n);
      await expectNothingLeft(s);
    });

    it("and pays the options that it settles, at the first round's price", async () => {
      const s = await loadFixture(due);
      const { router$, market, usdcToken, token, alice, bob, call, first } = s;
      await setPrice(s, 3_300);
      await expect(router$.redeemOptions(NOTHING, call, SIZE, bob.address)).to.be.revertedWithCustomError(
        market,
        "ExpiryNotSettled",
      );
      await expect(router$.redeemOptions(bringing(first), call, SIZE, bob.address)).to.changeTokenBalances(
        ethers,
        usdcToken,
        [alice, bob],
        [0n, usdc(400)],
      );
      expect(await token.balanceOf(alice.address, call)).to.equal(0n);
      await expectNothingLeft(s);
    });

    it("passes over what somebody proved, or proved and settled, a moment before", async () => {
      for (const settles of [false, true]) {
        const s = await loadFixture(due);
        const { router$, market, usdcToken, alice, bob, stranger, expiry, call, first } = s;
        await prove(s, expiry);
        if (settles) await market.connect(stranger).settle(expiry);
        await expect(
          router$.redeemOptions(bringing(first), call, SIZE, bob.address, { value: 9n }),
        ).to.changeTokenBalances(ethers, usdcToken, [alice, bob], [0n, usdc(400)]);
        await expectNothingLeft(s);
      }
    });

    it("by the pull feed when the push feed slept through the window", async () => {
      const s = await loadFixture(allowed);
      const { router$, alice, bob, expiry, call, pyth, usdcToken } = s;
      await router$.buy(NOTHING, call, SIZE, usdc(10_000), FOREVER, alice.address);
      const last = await latestRound(s);
      await time.increaseTo(expiry + WINDOW + 1n);
      const update = { confidence: 1, publishTime: expiry + 2n, prevPublishTime: expiry - 1n };
      const blob = await encodePullUpdate(await pullUpdate(3_250, update));
      const due_ = bringing(settlement(expiry, RULE.pullUpdate, 0n, [last], [blob]));
      await expect(router$.redeemOptions(due_, call, SIZE, bob.address, { value: 5n })).to.changeEtherBalances(
        ethers,
        [alice, pyth],
        [-1n, 1n],
      );
      expect(await usdcToken.balanceOf(bob.address)).to.equal(usdc(500));
      await expectNothingLeft(s);
    });

    it("by the last round when both feeds slept", async () => {
      const s = await loadFixture(allowed);
      const { router$, alice, bob, expiry, call, usdcToken } = s;
      await router$.buy(NOTHING, call, SIZE, usdc(10_000), FOREVER, alice.address);
      await time.increaseTo(expiry - BigInt(HOUR));
      await setPrice(s, 3_100);
      const last = await latestRound(s);
      await time.increaseTo(expiry + PATIENCE + 1n);
      const due_ = bringing(settlement(expiry, RULE.lastRound, last, [last]));
      await expect(router$.redeemOptions(due_, call, SIZE, bob.address)).to.changeTokenBalance(
        ethers,
        usdcToken,
        bob,
        usdc(200),
      );
      await expectNothingLeft(s);
    });
  });

  it("does all of it at once: permit, price, settlement, purchase, refund", async () => {
    const s = await loadFixture(due);
    const { router$, alice, stranger, usdcToken, market, addresses, first } = s;
    // The next board is open, and nothing of Alice's is allowed any more.
    await setPrice(s, 3_000);
    await keepFresh(s);
    const next = await listBoard(s, { strikes: [3_000] });
    await usdcToken.connect(alice).approve(addresses.router, 0n);
    const id = seriesId(next, 3_000, "call");
    const terms = { signer: alice, token: usdcToken, spender: addresses.router, value: usdc(5_000) };
    const everything: Before = {
      permits: [await signPermit(terms)],
      priceUpdate: (await freshPrice()).priceUpdate,
      settlements: [first],
    };
    await nextSecond();
    const call = router$.buy(everything, id, eth(1), usdc(5_000), FOREVER, stranger.address, { value: eth(1) });
    await expect(call).to.changeEtherBalances(ethers, [alice, s.pyth], [-1n, 1n]);
    expect((await market.expiryOf(s.expiry)).settled).to.equal(true);
    expect(await s.token.balanceOf(stranger.address, id)).to.equal(eth(1));
    await expectNothingLeft(s);
  });

  it("a token that calls back out of the router's own transfers finds it locked, and the market too", async () => {
    const system = await systemOnMisbehavingVenue({ tokenPath: "mocks/ReentrantToken" });
    const s = (await listed(system)) as Listed<MisbehavingSystem>;
    const { router, router$, market, vault, alice, usdcToken, addresses, call } = s;
    const hook = at<ReentrantToken>("mocks/ReentrantToken", s.parts.quoteToken).connect(s.stranger);
    await usdcToken.connect(alice).approve(addresses.router, MaxUint256);
    const inner = router.interface.encodeFunctionData("buy", [NOTHING, call, SIZE, 1n, FOREVER, alice.address]);
    await hook.arm(addresses.router, inner);
    await router$.buy(NOTHING, call, SIZE, usdc(10_000), FOREVER, alice.address);
    expect(await hook.fired()).to.equal(true);
    expect(await hook.returned()).to.equal(router.interface.encodeErrorResult("ReentrantCall"));

    // A premium on its way to the vault: the router is free, the core is not.
    await fund(s, s.dave, usdc(10_000));
    await hook.arm(
      addresses.router,
      router.interface.encodeFunctionData("redeemOptions", [NOTHING, call, 0n, alice.address]),
    );
    await market.connect(s.dave).buy(call, SIZE, usdc(10_000), FOREVER, s.dave.address);
    expect(await hook.fired()).to.equal(true);
    expect(await hook.returned()).to.equal(vault.interface.encodeErrorResult("ReentrantCall"));
    await expectNothingLeft(s);
  });

  it("costs little more than the core's own call", async () => {
    const gasOf = async (response: Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>) =>
      (await (await response).wait())!.gasUsed;
    const rows: Record<string, { direct: bigint; router: bigint }> = {};
    for (const name of ["deposit", "buy", "sell", "redeem"] as const) {
      const gas = [];
      for (const isDirect of [true, false]) {
        const s = await loadFixture(allowed);
        const { alice, market, vault, usdcToken, router$, call, addresses } = s;
        await usdcToken.connect(alice).approve(addresses.market, MaxUint256);
        await usdcToken.connect(alice).approve(addresses.vault, MaxUint256);
        await market.connect(alice).buy(call, SIZE, usdc(10_000), FOREVER, alice.address);
        await vault.connect(alice).deposit(usdc(1_000), alice.address);
        const to = alice.address;
        const shares = (await vault.balanceOf(to)) / 2n;
        const calls = {
          deposit: () =>
            isDirect ? vault.connect(alice).deposit(usdc(10), to) : router$.deposit(NOTHING, usdc(10), 0n, FOREVER, to),
          buy: () =>
            isDirect
              ? market.connect(alice).buy(call, SIZE, usdc(1_000), FOREVER, to)
              : router$.buy(NOTHING, call, SIZE, usdc(1_000), FOREVER, to),
          sell: () =>
            isDirect
              ? market.connect(alice).sell(call, SIZE, 0n, FOREVER, to)
              : router$.sell(NOTHING, call, SIZE, 0n, FOREVER, to),
          redeem: () =>
            isDirect ? vault.connect(alice).redeem(shares, to, to) : router$.redeem(NOTHING, shares, 0n, FOREVER, to),
        };
        gas.push(await gasOf(calls[name]()));
      }
      rows[name] = { direct: gas[0]!, router: gas[1]! };
    }
    for (const [name, { direct, router }] of Object.entries(rows)) {
      console.log(`      ${name}: ${direct} gas, through the router ${router} (+${router - direct})`);
      expect(router - direct, name).to.be.below(60_000n);
    }
  });
});
