/** The lister on the real market, oracle and surface, as the deployment sets it up. */
import { expect } from "chai";
import { describe, it } from "mocha";
import { expectWithin } from "../helpers/numbers.ts";
import {
  CLOSURE,
  DAY,
  deposit,
  eth,
  HOUR,
  keepFresh,
  type MisbehavingSystem,
  networkHelpers,
  postSurface,
  type Slice,
  seriesId,
  setPrice,
  settleAt,
  setVegaCapacity,
  systemOnMisbehavingVenue,
  usdc,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const LISTER = 3n;
const WAITING = { nothing: 0n, interval: 2n, surface: 3n, price: 4n, day: 6n, board: 7n } as const;
/** 65 % at the money, a smile and a skew. */
const SMILE: Slice = { a: 211_250_000n, b: 500_000_000n, rho: -200_000n, m: 0n, sigma: 42_250_000n, spread: 150n };

async function world(): Promise<MisbehavingSystem> {
  const system = await systemOnMisbehavingVenue();
  await deposit(system, system.alice, usdc(5_000_000));
  await setVegaCapacity(system);
  return system;
}

async function boarded(): Promise<MisbehavingSystem> {
  const w = await world();
  await w.autoLister.connect(w.stranger).list();
  await postSurface(w, SMILE);
  return w;
}

const lister = (w: MisbehavingSystem) => w.autoLister.connect(w.stranger);

async function strikesOf(w: MisbehavingSystem, expiry: bigint): Promise<number[]> {
  const slots = await w.market.strikesOf(expiry);
  return slots.map((slot) => Number(slot & (2n ** 64n - 1n)) / 1e9);
}

async function allStrikes(w: MisbehavingSystem): Promise<number> {
  const counts = [];
  for (const expiry of await w.market.liveExpiries()) counts.push((await strikesOf(w, expiry)).length);
  return counts.reduce((sum, count) => sum + count, 0);
}

async function refusal(w: MisbehavingSystem): Promise<readonly [waiting: bigint, nextAt: bigint] | undefined> {
  try {
    await lister(w).list.staticCall();
    return undefined;
  } catch (error) {
    const { data } = error as { data?: string };
    const parsed = w.autoLister.interface.parseError(data ?? "0x");
    if (parsed?.name !== "NothingToList") throw error;
    return [parsed.args.waiting, parsed.args.nextAt];
  }
}

describe("AutoLister on the real market", () => {
  it("fills an empty board in two calls by a stranger; every target is for sale at about its delta", async () => {
    const w = await loadFixture(world);
    const first = await (await lister(w).list()).wait();
    const expiries = await w.market.liveExpiries();
    expect(expiries).to.deep.equal(await w.autoLister.wantedExpiries());
    expectWithin(expiries.length, 2, 3);
    expect((await refusal(w))?.[0]).to.equal(WAITING.surface);

    await postSurface(w, SMILE);
    const second = await (await lister(w).list()).wait();
    console.log(
      `      gas: ${first!.gasUsed} for ${expiries.length} expiries, ${second!.gasUsed} for ${await allStrikes(w)} strikes`,
    );
    for (const expiry of expiries) {
      const strikes = await strikesOf(w, expiry);
      expect(strikes.length).to.equal(5);
      // In order of importance: .50, .25 of a call, .25 of a put, .10, .10.
      const targets = [
        ["call", 0.5],
        ["put", 0.25],
        ["call", 0.25],
        ["put", 0.1],
        ["call", 0.1],
      ] as const;
      for (const [kind, target] of targets) {
        const quotes = await Promise.all(
          strikes.map((strike) => w.market.quote(seriesId(expiry, strike, kind), eth(1))),
        );
        const nearest = Math.min(...quotes.map(({ price }) => Math.abs(Math.abs(Number(price.delta) / 1e18) - target)));
        expectWithin(nearest, 0, 0.04, `${kind} ${target}`);
        expect(quotes.some(({ price }) => price.buying === CLOSURE.none)).to.equal(true);
      }
    }
  });

  it("keeps the board through two weeks of a moving price, within the market's limits, and never closer than the grid", async () => {
    const w = await loadFixture(boarded);
    let price = 3_000;
    let [calls, served] = [0, 0];
    for (let step = 0; step < 28; ++step) {
      const next = BigInt((await time.latest()) + DAY / 2);
      for (const expiry of await w.market.liveExpiries()) {
        if (expiry <= next) await settleAt(w, expiry, price);
      }
      await time.increaseTo(next);
      // Up a quarter in the first week, down a third in the second, with steps of both signs.
      price *= 1 + (step < 14 ? 0.016 : -0.028) + 0.015 * Math.sin(step * 2.4);
      await setPrice(w, price);
      await keepFresh(w);
      const why = await refusal(w);
      if (why === undefined) {
        await lister(w).list();
        ++calls;
      }
      // New expiries got their slice a step later.
      await postSurface(w, SMILE).catch(() => undefined);
      for (const expiry of await w.autoLister.wantedExpiries()) {
        const strikes = (await strikesOf(w, expiry)).sort((a, b) => a - b);
        for (let i = 1; i < strikes.length; ++i) {
          expect(strikes[i]! - strikes[i - 1]! >= 10, `${strikes}`).to.equal(true);
        }
        expectWithin(strikes.length, 0, 32);
        const [missing, waiting] = await w.autoLister.missingStrikes(expiry);
        if (missing.length > 0 || waiting !== WAITING.nothing) continue;
        // A call at the money within a step, .35 deviations, and what the grid and the convexity add.
        const deviation = 0.65 * Math.sqrt((Number(expiry) - (await time.latest())) / (365 * DAY));
        const nearest = Math.min(...strikes.map((strike) => Math.abs(strike / price - 1)));
        expectWithin(nearest, 0, 0.35 * deviation + deviation ** 2 + 0.015, `${strikes} at ${price}`);
        ++served;
      }
    }
    console.log(
      `      ${calls} calls in 28 half days, ${await allStrikes(w)} strikes live, the price at ${price.toFixed(0)}`,
    );
    expectWithin(calls, 4, 27);
    expectWithin(served, 10, 84);
    expectWithin(await allStrikes(w), 15, 96);
  });

  it("lists nothing while the surface is stale or clamped, nor while the price has a fault", async () => {
    const w = await loadFixture(boarded);
    await w.feed.connect(w.stranger).setAnswer(0n);
    expect((await refusal(w))?.[0]).to.equal(WAITING.price);
    await setPrice(w, 3_000);
    expect(await refusal(w)).to.equal(undefined);
    await time.increase(4 * HOUR + 1);
    await setPrice(w, 3_000);
    expect((await refusal(w))?.[0]).to.equal(WAITING.surface);
    await keepFresh(w);
    expect(await refusal(w)).to.equal(undefined);
    await time.increase(660);
    // Twice the volatility is more than a post may move.
    await postSurface(w, eth("1.3"));
    expect((await refusal(w))?.[0]).to.equal(WAITING.surface);
  });

  it("shares the day's 20 strikes with the curator, and goes on after midnight", async () => {
    const w = await loadFixture(boarded);
    const [expiry] = await w.market.liveExpiries();
    const used = Array.from({ length: 18 }, (_, i) => eth(9_000 + 100 * i));
    await w.market.connect(w.curator).listStrikes(expiry!, used);
    await lister(w).list();
    expect((await strikesOf(w, expiry!)).length).to.equal(20);
    await time.increase(HOUR);
    await setPrice(w, 3_000);
    const midnight = BigInt((Math.floor((await time.latest()) / DAY) + 1) * DAY);
    expect(await refusal(w)).to.deep.equal([WAITING.day, midnight]);
    await time.increaseTo(midnight);
    await setPrice(w, 3_000);
    await keepFresh(w);
    expect(await refusal(w)).to.equal(undefined);
  });

  it("without the role says so, and changes nothing", async () => {
    const w = await loadFixture(boarded);
    await w.manager.connect(w.governor).revokeRole(LISTER, w.addresses.autoLister);
    await expect(lister(w).list())
      .to.be.revertedWithCustomError(w.market, "AccessManagedUnauthorized")
      .withArgs(w.addresses.autoLister);
    expect(await allStrikes(w)).to.equal(0);
  });

  it("leaves the board alone where the curator has filled it", async () => {
    const w = await loadFixture(boarded);
    const [expiry] = await w.market.liveExpiries();
    const [missing] = await w.autoLister.missingStrikes(expiry!);
    await w.market.connect(w.curator).listStrikes(expiry!, [...missing]);
    const [left, waiting] = await w.autoLister.missingStrikes(expiry!);
    expect([left.length, waiting]).to.deep.equal([0, WAITING.nothing]);
  });
});
