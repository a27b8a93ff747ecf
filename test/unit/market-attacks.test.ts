/** Attacks on the option market that a hostile review found, each against the rule that stops it and without it. */
import { expect } from "chai";
import { formatUnits, MaxUint256 } from "ethers";
import { ETH_USD_PULL_ID, encodePullUpdate } from "../../scripts/local-chain/pyth.ts";
import type { ReentrantToken, RiskEngineMutant, SaleLimitsMutant } from "../../types/index.ts";
import { deployContract } from "../helpers/feeds.ts";
import {
  at,
  buy,
  buyMuch,
  CLOSURE,
  DAY,
  deposit,
  eth,
  flatSlice,
  fund,
  HOUR,
  keepFresh,
  listBoard,
  type MisbehavingSystem,
  networkHelpers,
  nextFriday,
  provider,
  rebalance,
  refreshFeed,
  repostSurface,
  seriesId,
  setFeed,
  setPrice,
  setVegaCapacity,
  stateOf,
  systemOnMisbehavingVenue,
  usdc,
  WEEK,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const WITHOUT = { nothing: 0, vega: 5, pullRounds: 6, solvency: 7, trustedSpot: 8 } as const;
const WITHOUT_SKEW_OWED = 3;
const GAS = { gasLimit: 12_000_000n };
const dollars = (assets: bigint): string => `$${formatUnits(assets, 6)}`;

async function funded() {
  const system = await systemOnMisbehavingVenue();
  await system.venue.connect(system.stranger).setDepth(eth(100_000));
  await deposit(system, system.carol, usdc(1_000_000));
  await fund(system, system.alice, usdc(10_000_000));
  return system;
}

async function leaveOut({ addresses, stranger }: MisbehavingSystem, without: number): Promise<void> {
  const path = "mocks/mutants/SaleLimitsMutant";
  const { market, vault, controller, riskEngine, surface } = addresses;
  const other = await deployContract(path, [market, vault, controller, riskEngine, surface]);
  await networkHelpers.setCode(addresses.saleLimits, await provider.getCode(other.address));
  await at<SaleLimitsMutant>(path, addresses.saleLimits).connect(stranger).leaveOut(without);
}

describe("attacks on the option market", () => {
  it("S2: a clamped surface does not hide insolvency, so nobody sells back before the others are paid", async () => {
    const attack = async (without: number) => {
      const system = await loadFixture(funded);
      await leaveOut(system, without);
      const { market, surface, curator, vault, usdcToken, alice, bob, riskEngine } = system;
      const expiry = await listBoard(system, { strikes: [3_000] });
      const id = seriesId(expiry, 3_000, "call");
      await buyMuch(system, alice, id, eth(220));
      await buyMuch(system, bob, id, eth(220));
      await setPrice(system, 9_000);
      await time.increase(600);
      await surface.connect(curator).post([{ expiry, ...flatSlice(eth("1.2")) }]);
      await refreshFeed(system);
      expect((await riskEngine.valuation()).closure).to.equal(CLOSURE.surfaceClamped);
      const before = await usdcToken.balanceOf(alice.address);
      const most = ((await vault.idle()) * 99n * 10n ** 12n) / (100n * 6_100n);
      const sent = market.connect(alice).sell(id, most, 0n, MaxUint256, alice.address, GAS);
      const isRefused = await sent.then(
        () => false,
        () => true,
      );
      const { coverage } = await riskEngine.valuation();
      return { isRefused, taken: (await usdcToken.balanceOf(alice.address)) - before, coverage };
    };
    const [held, robbed] = [await attack(WITHOUT.nothing), await attack(WITHOUT.solvency)];
    console.log(`      without the rule the first takes ${dollars(robbed.taken)}`);
    expect([held.isRefused, held.taken, robbed.isRefused]).to.deep.equal([true, 0n, false]);
    expect(robbed.coverage).to.be.lessThan(held.coverage / 4n);
  });

  it("S4: a surface that is walked up within its limits costs what the vega of all expiries together allows", async () => {
    const attack = async (without: number) => {
      const system = await loadFixture(funded);
      await leaveOut(system, without);
      const { market, surface, curator, alice, usdcToken, saleLimits } = system;
      const c = market.connect(curator);
      const now = BigInt(await time.latest());
      const expiries: bigint[] = [];
      for (let friday = nextFriday(now + BigInt(6 * DAY)); expiries.length < 5; friday += BigInt(WEEK)) {
        if (friday > now + BigInt(34 * DAY)) break;
        await c.listExpiry(friday);
        await c.listStrikes(friday, [eth(3_000)]);
        expiries.push(friday);
      }
      const post = (level: bigint) =>
        surface.connect(curator).post(expiries.map((expiry) => ({ expiry, ...flatSlice(level), spread: 100n })));
      await post(eth("0.65"));
      await setVegaCapacity(system);
      const before = await usdcToken.balanceOf(alice.address);
      const held: [bigint, bigint][] = [];
      for (const expiry of expiries) {
        for (const side of ["call", "put"] as const) {
          const id = seriesId(expiry, 3_000, side);
          let size = 0n;
          for (let trade = 0; trade < 24; trade++) {
            await refreshFeed(system);
            const isBought = await market
              .connect(alice)
              .buy(id, eth(20), MaxUint256, MaxUint256, alice.address, GAS)
              .then(
                () => true,
                () => false,
              );
            if (!isBought) break;
            size += eth(20);
          }
          if (size > 0n) held.push([id, size]);
        }
      }
      const { shortVega } = await saleLimits.checkpoint();
      // A day of posts, each within the doubt of the one before.
      let level = eth("0.65");
      for (let step = 0; step < 20; step++) {
        await time.increase(HOUR);
        await refreshFeed(system);
        level += eth("0.018");
        await post(level);
      }
      let worth = (await usdcToken.balanceOf(alice.address)) - before;
      for (const [id, size] of held) worth += (await market.quote(id, size)).price.proceeds;
      return { shortVega, profit: worth };
    };
    const [bounded, unbounded] = [await attack(WITHOUT.nothing), await attack(WITHOUT.vega)];
    console.log(
      `      36 points in 20 hours: ${dollars(bounded.profit)} of a million; without the limit ${dollars(unbounded.profit)}`,
    );
    expect(bounded.shortVega).to.be.lessThanOrEqual(eth(205_000));
    expect(unbounded.shortVega).to.be.greaterThan(eth(205_000));
    // A fifth of NAV, times the points, is the most; the spread and time take their part of it.
    expect(bounded.profit).to.be.lessThan(usdc(72_000));
    expect(unbounded.profit).to.be.greaterThan(bounded.profit);
  });

  it("N3: what a sale took for the skew is no gain of the shares while a sale back would return it", async () => {
    const rise = async (without: number) => {
      const system = await loadFixture(funded);
      const path = "mocks/mutants/RiskEngineMutant";
      const a = system.addresses;
      const parts = [a.market, a.vault, a.controller, a.oracle, a.surface, a.fundingOracle, a.saleLimits];
      await networkHelpers.setCode(a.riskEngine, await provider.getCode((await deployContract(path, parts)).address));
      await at<RiskEngineMutant>(path, a.riskEngine).connect(system.stranger).leaveOut(without);
      const expiry = await listBoard(system, { strikes: [3_000] });
      const id = seriesId(expiry, 3_000, "call");
      await buyMuch(system, system.dave, id, eth(300));
      const owed = (await system.market.quote(id, eth(300))).price.sellSkew;
      return { mid: (await system.riskEngine.valuation()).mid, owed };
    };
    const [counted, hidden] = [await rise(WITHOUT.nothing), await rise(WITHOUT_SKEW_OWED)];
    console.log(
      `      skew that sales back return: ${dollars(counted.owed / 10n ** 12n)}, all of it in NAV without the rule`,
    );
    // To the seconds between the two runs.
    expect(hidden.mid - counted.mid).to.be.within((counted.owed * 99n) / 100n, (counted.owed * 101n) / 100n);
    expect(counted.owed).to.be.greaterThan(eth(500));
  });

  it("N5: a price that nobody trusts does not become the delta of an expiry", async () => {
    const attack = async (without: number) => {
      const system = await loadFixture(funded);
      await leaveOut(system, without);
      const { saleLimits, riskEngine, carol, stranger } = system;
      const expiry = await listBoard(system, { strikes: [2_700] });
      await buy(system, system.alice, seriesId(expiry, 2_700, "call"), eth(15));
      await rebalance(system);
      await time.increaseTo(expiry - 300n);
      await keepFresh(system);
      await saleLimits.connect(carol).renew();
      await setFeed(system, 1);
      await saleLimits.connect(stranger).renew();
      await time.increaseTo(expiry + 60n);
      await setFeed(system, 3_000);
      await saleLimits.connect(carol).renew();
      return { held: (await riskEngine.book(eth(3_000))).delta, spot: await saleLimits.spotBefore(expiry) };
    };
    const [kept, fooled] = [await attack(WITHOUT.nothing), await attack(WITHOUT.trustedSpot)];
    expect(kept.spot).to.equal(eth(3_000));
    expect(kept.held).to.be.lessThan(-eth("14.9"));
    expect([fooled.spot, fooled.held]).to.deep.equal([eth(1), 0n]);
  });

  it("Q5: a block full of pull prices sells no more delta than one", async () => {
    const attack = async (without: number) => {
      const system = await loadFixture(funded);
      await leaveOut(system, without);
      const { market, pyth, alice, riskEngine } = system;
      const id = seriesId(await listBoard(system, { strikes: [3_000] }), 3_000, "call");
      await time.increase(60);
      const { price, limits } = await market.quote(id, eth(1));
      const one = (limits.roundDeltaLeft * 95n * eth(1)) / (price.jumpDelta * 100n);
      const minute = (BigInt(await time.latest()) / 60n + 2n) * 60n;
      // A block shortly after a minute began: its ten seconds are of two.
      const now = minute + 5n;
      let nonce = await alice.getNonce();
      await provider.send("evm_setBlockGasLimit", ["0x5f5e100"]);
      await provider.send("evm_setAutomine", [false]);
      for (let age = 10n; age >= 0n; age--) {
        const update = { id: ETH_USD_PULL_ID, price: 3_000n * 10n ** 8n, conf: 10n ** 8n, expo: -8 };
        const publishTime = now - age;
        const blob = await encodePullUpdate({ ...update, publishTime, prevPublishTime: publishTime - 1n });
        const bring = await pyth.updatePriceFeeds.populateTransaction([blob]);
        await alice.sendTransaction({ ...bring, value: 1n, nonce: nonce++, ...GAS });
        const trade = await market.buy.populateTransaction(id, one, MaxUint256, MaxUint256, alice.address);
        await alice.sendTransaction({ ...trade, nonce: nonce++, ...GAS });
      }
      await provider.send("evm_setNextBlockTimestamp", [Number(now)]);
      await provider.send("evm_mine", []);
      await provider.send("evm_setAutomine", [true]);
      const { bid } = await riskEngine.valuation();
      return (-(await riskEngine.book(eth(3_000))).delta * 3_000n * 1_000n) / bid;
    };
    const [bounded, unbounded] = [await attack(WITHOUT.nothing), await attack(WITHOUT.pullRounds)];
    console.log(
      `      delta sold in one block: ${Number(bounded) / 10} % of NAV, without the rule ${Number(unbounded) / 10} %`,
    );
    // 5 % and what refills in ten seconds.
    expect(bounded).to.be.within(1n, 60n);
    expect(unbounded).to.be.greaterThan(200n);
  });

  it("Q6: an auction at no spread still asks for the doubt of spot", async () => {
    const system = await loadFixture(funded);
    const { auctions, curator, venue, stranger, pyth, alice, market, usdcToken } = system;
    await venue.connect(stranger).setTakerFee(eth("0.0003"));
    const expiry = await listBoard(system, { strikes: [2_700, 2_850, 3_000] });
    let best = -(2n ** 200n);
    for (const strike of [2_700, 2_850, 3_000]) {
      const id = seriesId(expiry, strike, "call");
      await setPrice(system, 3_000);
      await repostSurface(system);
      const start = (await time.latest()) + 30;
      const terms = { seriesId: id, size: eth(10), start, end: start + 600, firstFactor: 0, lastFactor: 0 };
      await auctions.connect(curator).schedule(terms);
      await time.increaseTo(start + 120);
      const before = await usdcToken.balanceOf(alice.address);
      const auction = (await auctions.auctionCount()) - 1n;
      await auctions.connect(alice).fill(auction, eth(10), MaxUint256, MaxUint256, alice.address);
      const publishTime = BigInt(await time.latest()) + 2n;
      const price = (3_000n * 10_049n * 10n ** 8n) / 10_000n;
      const update = { id: ETH_USD_PULL_ID, price, conf: 3n * 10n ** 7n, expo: -8, publishTime };
      const blob = await encodePullUpdate({ ...update, prevPublishTime: publishTime - 1n });
      await venue.connect(stranger).setMark(price * 10n ** 10n);
      await time.increaseTo(publishTime);
      await pyth.connect(alice).updatePriceFeeds([blob], { value: 1n });
      await market.connect(alice).sell(id, eth(10), 0n, MaxUint256, alice.address);
      const profit = (await usdcToken.balanceOf(alice.address)) - before;
      if (profit > best) best = profit;
      await time.increase(700);
    }
    console.log(
      `      filled at no spread on a push price .49 % behind, sold back on the pull price: at best ${dollars(best)} on 10`,
    );
    expect(best).to.be.lessThan(0n);
  });

  it("an expiry that nobody bought closes nothing when it is over", async () => {
    const system = await loadFixture(funded);
    const far = await listBoard(system, { strikes: [3_000], week: 2 });
    const near = await listBoard(system, { strikes: [3_000], week: 1 });
    await buy(system, system.alice, seriesId(far, 3_000, "call"), eth(5));
    while (BigInt(await time.latest()) < near + BigInt(5 * HOUR)) {
      await time.increase(3 * HOUR);
      await keepFresh(system);
    }
    expect((await system.riskEngine.valuation()).closure).to.equal(CLOSURE.none);
  });

  it("a sale that an old checkpoint refuses is judged by the book as it is: the quote and the trade agree", async () => {
    const system = await loadFixture(funded);
    const { market, venue, stranger, alice, curator, surface } = system;
    await venue.connect(stranger).setDepth(eth(30));
    await setVegaCapacity(system);
    let expiry = nextFriday(BigInt(await time.latest()) + BigInt(100 * DAY));
    for (; ; expiry += BigInt(WEEK)) {
      const isListed = await market
        .connect(curator)
        .listExpiry(expiry)
        .then(
          () => true,
          () => false,
        );
      if (isListed) break;
    }
    await market.connect(curator).listStrikes(expiry, [eth(4_600)]);
    await surface.connect(curator).post([{ expiry, ...flatSlice(eth("0.65")) }]);
    const id = seriesId(expiry, 4_600, "call");
    const { delta } = (await market.quote(id, eth(1))).price;
    const order = (ofDelta: bigint) =>
      market.connect(alice).buy(id, (ofDelta * eth(1)) / delta, MaxUint256, MaxUint256, alice.address, GAS);
    for (let trade = 0; trade < 2; trade++) {
      await refreshFeed(system);
      await order(eth(11));
    }
    await refreshFeed(system);
    const { price, limits } = await market.quote(id, (eth(9) * eth(1)) / delta);
    expect([price.buying, limits.closure]).to.deep.equal([0n, 0n]);
    await order(eth(9));
  });

  it("N6: no pricing view answers in the middle of a call", async () => {
    const system = await systemOnMisbehavingVenue({ tokenPath: "mocks/ReentrantToken" });
    await deposit(system, system.carol, usdc(1_000_000));
    const id = seriesId(await listBoard(system, { strikes: [3_000] }), 3_000, "call");
    const { addresses: a, vault, carol, stranger } = system;
    const token = at<ReentrantToken>("mocks/ReentrantToken", system.parts.quoteToken);
    const none = {
      isCall: true,
      isPull: false,
      strike: 0n,
      size: 0n,
      delta: 0n,
      jumpDelta: 0n,
      value: 0n,
      vega: 0n,
      skew: 0n,
      premium: 0n,
      spot: eth(3_000),
      spotUpdatedAt: 0n,
    };
    const { saleLimits, riskEngine, controller, market, pricer, lens } = system;
    for (const [target, data] of [
      [a.saleLimits, saleLimits.interface.encodeFunctionData("limits", [none])],
      [a.saleLimits, saleLimits.interface.encodeFunctionData("renew")],
      [a.riskEngine, riskEngine.interface.encodeFunctionData("valuation")],
      [a.riskEngine, riskEngine.interface.encodeFunctionData("assess")],
      [a.riskEngine, riskEngine.interface.encodeFunctionData("coverage")],
      [a.riskEngine, riskEngine.interface.encodeFunctionData("book", [eth(3_000)])],
      [a.controller, controller.interface.encodeFunctionData("hedgeState")],
      [a.market, market.interface.encodeFunctionData("quote", [id, eth(1)])],
      [a.pricer, pricer.interface.encodeFunctionData("quote", [id, eth(1)])],
      [a.lens, lens.interface.encodeFunctionData("snapshot")],
    ] as const) {
      await token.connect(stranger).arm(target, data);
      await vault.connect(carol).withdraw(usdc(1_000), carol.address, carol.address, GAS);
      expect(await token.succeeded(), data.slice(0, 10)).to.equal(false);
    }
  });

  it("NAV, quotes and the lens answer whatever the feed and the venue say", async () => {
    const system = await loadFixture(funded);
    const { feed, venue, stranger, vault, riskEngine, market, lens, controller, saleLimits, carol } = system;
    const id = seriesId(await listBoard(system, { strikes: [3_000] }), 3_000, "call");
    await buy(system, system.alice, id, eth(5));
    await rebalance(system);
    const everything = async () => {
      await vault.totalAssets();
      await vault.maxWithdraw(carol.address);
      await riskEngine.coverage();
      await market.quote(id, eth(1));
      await lens.snapshot();
      await controller.hedgeState();
      await saleLimits.connect(stranger).renew();
    };
    for (const answer of [2n ** 255n - 1n, 2n ** 128n / 10n ** 10n, 2n ** 120n / 10n ** 10n, 1n, 0n, -1n]) {
      await feed.connect(stranger).setAnswer(answer);
      await everything().catch((e) => {
        throw new Error(`answer ${answer}`, { cause: e });
      });
    }
    await setPrice(system, 3_000);
    const live = stateOf(await venue.state());
    for (const change of [
      { markPrice: 1n },
      { markPrice: 0n },
      { markPrice: 2n ** 256n - 1n },
      { maintenanceMargin: 2n ** 200n },
      { size: 1n },
      { size: -(2n ** 255n) },
      { cash: -(2n ** 255n) },
      { cash: 2n ** 127n },
      { entryNotional: 2n ** 255n - 1n },
    ]) {
      await venue.connect(stranger).setState({ ...live, ...change });
      await everything().catch((e) => {
        throw new Error(`venue ${Object.entries(change)}`, { cause: e });
      });
    }
    await venue.connect(stranger).setState(live);
    await everything();
    expect((await riskEngine.valuation()).closure).to.equal(CLOSURE.none);
  });
});
