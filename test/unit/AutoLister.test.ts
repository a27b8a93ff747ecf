import { expect } from "chai";
import { formatEther, parseEther } from "ethers";
import fc from "fast-check";
import { describe, it } from "mocha";
import { normalCdf } from "../../keeper/math/normalDistribution.ts";
import { expiryContext, optionGreeks, SECONDS_PER_YEAR } from "../../keeper/math/optionMath.ts";
import { packSlice, type SviSlice, sviVolatility, unpackSlice } from "../../keeper/math/svi.ts";
import type { AutoLister, AutoListerMutant, ToldBoard, ToldPrices } from "../../types/index.ts";
import { toWad } from "../helpers/curie.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { expectNear, expectWithin } from "../helpers/numbers.ts";
import { connection, DAY, HOUR } from "../helpers/system.ts";

const { ethers, networkHelpers } = connection;
const { time } = networkHelpers;
const WEEK = 7 * DAY;
const MAX_STRIKES = 32;
const DEFAULTS = {
  weeklies: 2,
  monthEnds: 2,
  spacing: 0.35,
  callDeltas: [0.5, 0.25, 0.1],
  putDeltas: [0.5, 0.25, 0.1],
};
type Config = typeof DEFAULTS;
const WAITING = { nothing: 0, expiry: 1, interval: 2, surface: 3, price: 4, full: 5, day: 6, board: 7 } as const;
const STATE = { unknown: 0, unposted: 1, fresh: 2, clamped: 3, stale: 4, expired: 5 } as const;
/** In the order of AutoListerMutant.Guard. */
const GUARDS = ["Interval", "Price", "Surface", "Step", "Delta", "Refusal"] as const;
type Guard = (typeof GUARDS)[number];
type Lister = AutoLister | AutoListerMutant;
/** A Monday noon; the next Fridays are 9, 16, 23, 30 January (the last of its month). */
const MONDAY = Date.UTC(2027, 0, 4, 12) / 1_000;
const at = (year: number, month: number, day: number) => Date.UTC(year, month - 1, day, 8) / 1_000;

const toWadConfig = (config: Config) => ({
  weeklies: config.weeklies,
  monthEnds: config.monthEnds,
  spacing: toWad(config.spacing),
  callDeltas: config.callDeltas.map((delta) => parseEther(`${delta}`)),
  putDeltas: config.putDeltas.map((delta) => parseEther(`${delta}`)),
});

/** A smile with that volatility at the money, as the contract would round it. */
function smile({ level = 0.65, rho = -0.2, sigma = 0.2, m = 0, wings = 0.5 } = {}): SviSlice {
  const v = level * level;
  const b = (wings * v) / (rho * -m + Math.hypot(m, sigma));
  const slice = { a: (1 - wings) * v, b, rho, m, sigma, postedAt: 0, atTheMoneyVolatility: level, spread: 0.015 };
  return unpackSlice(packSlice(slice));
}

async function fixture() {
  const [admin, caller, curator] = await ethers.getSigners();
  const market = (await ethers.deployContract("ToldBoard")) as unknown as ToldBoard;
  const prices = (await ethers.deployContract("ToldPrices")) as unknown as ToldPrices;
  const [board, oracle] = [await market.getAddress(), await prices.getAddress()];
  const deploy = async (config: Config = DEFAULTS, missing?: Guard): Promise<Lister> => {
    const args = [board, oracle, oracle, oracle, toWadConfig(config)];
    return (missing === undefined
      ? await ethers.deployContract("AutoLister", args)
      : await ethers.deployContract("AutoListerMutant", [...args, GUARDS.indexOf(missing)])) as unknown as Lister;
  };
  return { market, prices, deploy, admin: admin!, caller: caller!, curator: curator! };
}

type Parts = Awaited<ReturnType<typeof fixture>> & { lister: Lister };

async function world(config: Partial<Config> = {}, missing?: Guard): Promise<Parts> {
  const parts = await networkHelpers.loadFixture(fixture);
  await time.increaseTo(MONDAY);
  const lister = await parts.deploy({ ...DEFAULTS, ...config }, missing);
  return { ...parts, lister: lister.connect(parts.caller) as Lister };
}

const post = ({ prices }: Parts, expiry: bigint | number, slice = smile(), state: number = STATE.fresh) =>
  prices.setSlice(expiry, packSlice(slice), state);

/** Lists the expiries and posts a slice to each. */
async function listedAndPosted(config: Partial<Config> = {}, slice = smile(), missing?: Guard) {
  const parts = await world(config, missing);
  await parts.lister.list();
  const expiries = (await parts.lister.wantedExpiries()).map(Number);
  for (const expiry of expiries) await post(parts, expiry, slice);
  return { ...parts, expiries, first: expiries[0]! };
}

async function strikesOf({ market }: Parts, expiry: number): Promise<number[]> {
  const slots = await market.strikesOf(expiry);
  return slots.map((slot) => Number(slot & (2n ** 64n - 1n)) / 1e9);
}

/** The reference: the strike at which N(d1) of a call is `delta`, by bisection in the strike itself. */
function strikeAt(slice: SviSlice, forward: number, seconds: number, delta: number): number {
  const root = Math.sqrt(seconds / SECONDS_PER_YEAR);
  let [low, high] = [forward / 1e4, forward * 1e4];
  for (let i = 0; i < 100; ++i) {
    const strike = Math.sqrt(low * high);
    const v = sviVolatility(slice, Math.log(strike / forward)) * root;
    if (normalCdf(Math.log(forward / strike) / v + v / 2) > delta) low = strike;
    else high = strike;
  }
  return low;
}

const nothing = (promise: Promise<unknown>, parts: Parts, waiting: number, nextAt: number) =>
  expect(promise).to.be.revertedWithCustomError(parts.lister, "NothingToList").withArgs(waiting, nextAt);

/** What holds with a guard, and fails without it. */
async function holdsExceptWithout(
  guard: Guard,
  claim: (parts: Awaited<ReturnType<typeof listedAndPosted>>) => Promise<void>,
  config: Partial<Config> = {},
) {
  await claim(await listedAndPosted(config));
  let failure: unknown;
  try {
    await claim(await listedAndPosted(config, smile(), guard));
  } catch (error) {
    failure = error;
  }
  expect(failure, `the claim holds without ${guard}, too`).to.be.instanceOf(Error);
}

describe("AutoLister", () => {
  it("is deployed only within its bounds, each with its own error", async () => {
    const { deploy, lister } = await world();
    const refuse = (config: Partial<Config>, error: string, args: readonly unknown[]) =>
      expect(deploy({ ...DEFAULTS, ...config }), error)
        .to.be.revertedWithCustomError(lister, error)
        .withArgs(...args);
    await refuse({ weeklies: 0 }, "WeekliesOutOfBounds", [0, 1, 4]);
    await refuse({ weeklies: 5 }, "WeekliesOutOfBounds", [5, 1, 4]);
    await refuse({ monthEnds: 7 }, "MonthEndsOutOfBounds", [7, 6]);
    await refuse({ spacing: 0.099 }, "SpacingOutOfBounds", [toWad(0.099), toWad(0.1), toWad(1)]);
    await refuse({ spacing: 1.001 }, "SpacingOutOfBounds", [toWad(1.001), toWad(0.1), toWad(1)]);
    const bounds = [parseEther("0.05"), parseEther("0.95")];
    for (const side of ["callDeltas", "putDeltas"] as const) {
      await refuse({ [side]: [] }, "TargetsOutOfBounds", [0, 1, 8]);
      await refuse({ [side]: Array(9).fill(0.5) }, "TargetsOutOfBounds", [9, 1, 8]);
      await refuse({ [side]: [0.5, 0.0499] }, "DeltaOutOfBounds", [parseEther("0.0499"), ...bounds]);
      await refuse({ [side]: [0.9501] }, "DeltaOutOfBounds", [parseEther("0.9501"), ...bounds]);
      await deploy({ ...DEFAULTS, [side]: [0.05, 0.95, 0.5, 0.4, 0.3, 0.2, 0.1, 0.6] });
    }
    await deploy({ ...DEFAULTS, weeklies: 4, monthEnds: 6, spacing: 1 });
    await deploy({ ...DEFAULTS, weeklies: 1, monthEnds: 0, spacing: 0.1 });
  });

  it("says what the market says when it has no role there, for expiries and for strikes", async () => {
    await holdsExceptWithout("Refusal", async (parts) => {
      const refuse = async () =>
        expect(parts.lister.list())
          .to.be.revertedWithCustomError(parts.market, "NotLister")
          .withArgs(await parts.lister.getAddress());
      await parts.market.setLister(parts.curator.address);
      await refuse();
      await time.increase(WEEK);
      await refuse();
    });
  });

  describe("expiries", () => {
    it("lists the next weeklies and month ends, anyone may ask, and tells who did", async () => {
      const parts = await world();
      const expected = [at(2027, 1, 8), at(2027, 1, 15), at(2027, 1, 29), at(2027, 2, 26)];
      expect(await parts.lister.wantedExpiries()).to.deep.equal(expected.map(BigInt));
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 4, 0);
      expect(await parts.market.liveExpiries()).to.deep.equal(expected.map(BigInt));
    });

    it("counts a month end among the weeklies once, and lists as many month ends as it was told", async () => {
      const parts = await world({ weeklies: 4, monthEnds: 3 });
      const weeklies = [8, 15, 22, 29].map((day) => at(2027, 1, day));
      const expected = [...weeklies, at(2027, 2, 26), at(2027, 3, 26)];
      expect(await parts.lister.wantedExpiries()).to.deep.equal(expected.map(BigInt));
      expect(await (await parts.deploy({ ...DEFAULTS, weeklies: 1, monthEnds: 0 })).wantedExpiries()).to.deep.equal([
        BigInt(at(2027, 1, 8)),
      ]);
    });

    it("drops an expiry a day before it ends, to the second, and lists the one behind", async () => {
      const parts = await world();
      await parts.lister.list();
      const drop = at(2027, 1, 8) - DAY;
      await nothing(parts.lister.list(), parts, WAITING.surface, drop);
      await time.increaseTo(drop - 1);
      expect((await parts.lister.wantedExpiries())[0]).to.equal(BigInt(at(2027, 1, 8)));
      await time.setNextBlockTimestamp(drop);
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 1, 0);
      const expected = [15, 22, 29].map((day) => at(2027, 1, day));
      expect(await parts.lister.wantedExpiries()).to.deep.equal([...expected, at(2027, 2, 26)].map(BigInt));
    });

    it("never wants one that the calendar refuses, at any time of a year", async () => {
      const parts = await world({ weeklies: 4, monthEnds: 6 });
      for (let day = 0; day < 366; day += 3) {
        const now = MONDAY + day * DAY + ((day * 977) % DAY);
        await time.increaseTo(Math.max(now, (await time.latest()) + 1));
        const latest = await time.latest();
        const wanted = (await parts.lister.wantedExpiries()).map(Number);
        expectWithin(wanted.length, 9, 10);
        for (const [i, expiry] of wanted.entries()) {
          const date = new Date(expiry * 1_000);
          expect([date.getUTCDay(), date.getUTCHours(), date.getUTCMinutes()]).to.deep.equal([5, 8, 0]);
          const isLast = new Date((expiry + WEEK) * 1_000).getUTCMonth() !== date.getUTCMonth();
          expect(isLast || expiry <= latest + 5 * WEEK, date.toUTCString()).to.equal(true);
          expect(expiry > latest + DAY && (i === 0 || expiry > wanted[i - 1]!)).to.equal(true);
        }
      }
    });

    it("are left alone when the curator has listed them", async () => {
      const parts = await world();
      await parts.market.listExpiry(at(2027, 1, 15));
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 3, 0);
    });

    it("are listed although there is no price", async () => {
      const parts = await world();
      await parts.prices.setSpot(0, 6);
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 4, 0);
    });

    it("are listed as far as the market holds them, and the nearest still get their strikes", async () => {
      const parts = await world();
      await parts.market.setLimits(20, 256, 2);
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 2, 0);
      await post(parts, at(2027, 1, 8));
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 0, 5);
      await nothing(parts.lister.list(), parts, WAITING.interval, (await time.latest()) + HOUR);
    });
  });

  describe("strikes", () => {
    it("are those of the deltas on a grid of 25 at 3,000, the nearest to the money first", async () => {
      const parts = await listedAndPosted();
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 0, 20);
      const strikes = await Promise.all(parts.expiries.map((expiry) => strikesOf(parts, expiry)));
      expect(strikes).to.deep.equal([
        [3_000, 3_150, 2_875, 3_275, 2_750],
        [3_025, 3_250, 2_800, 3_500, 2_575],
        [3_050, 3_425, 2_700, 3_875, 2_375],
        [3_100, 3_700, 2_600, 4_600, 2_075],
      ]);
    });

    it("lie within half a grid and the stated error of the exact ones, whatever the slice, the carry and the price", async function () {
      const runs = fuzzRuns(40);
      this.timeout(runs * 4_000);
      const sample = fc.record({
        spot: fc.double({ min: 0.3, max: 200_000, noNaN: true }),
        level: fc.double({ min: 0.2, max: 3, noNaN: true }),
        rho: fc.double({ min: -0.8, max: 0.8, noNaN: true }),
        sigma: fc.double({ min: 0.1, max: 1, noNaN: true }),
        wings: fc.double({ min: 0, max: 0.9, noNaN: true }),
        carry: fc.double({ min: -0.5, max: 1, noNaN: true }),
        call: fc.integer({ min: 5, max: 95 }),
        put: fc.integer({ min: 5, max: 95 }),
        month: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(sample, async ({ spot, carry, call, put, month, ...shape }) => {
          // Lee's bound and Durrleman's leave no steeper wings at these times; the surface refuses them.
          const slice = smile({ ...shape, wings: shape.wings / (1 + shape.level) });
          const deltas = { callDeltas: [call / 100], putDeltas: [put / 100] };
          const parts = await world({ ...deltas, weeklies: 1, monthEnds: 1, spacing: 0.1 });
          await parts.lister.list();
          const expiry = Number((await parts.lister.wantedExpiries()).at(month ? -1 : 0)!);
          await post(parts, expiry, slice);
          await parts.prices.setSpot(toWad(spot), 0);
          await parts.prices.setCarry(toWad(carry));
          const seconds = expiry - (await time.latest());
          const context = expiryContext({ seconds, carry, rate: 0 });
          const forward = spot * context.forwardFactor;
          const [strikes] = await parts.lister.missingStrikes(expiry);
          const v = slice.atTheMoneyVolatility * context.sqrtYears;
          const grid = gridOf(spot);
          const exact = [call / 100, 1 - put / 100].map((delta) => strikeAt(slice, forward, seconds, delta));
          const tolerance = (strike: number) => grid / 2 + strike * (3e-4 * v + 1.3e-4 * v * v) + 1e-9;
          for (const wad of strikes) {
            const strike = Number(formatEther(wad));
            expectNear(strike / grid, Math.round(strike / grid), 1e-6);
            expect(
              exact.some((one) => Math.abs(one - strike) <= tolerance(one)),
              `${strike}, ${exact}`,
            ).to.equal(true);
          }
          // One is missing only where the other serves it, or where its option is not sold at the rounded strike.
          if (strikes.length === 2) return;
          const bordering = [call, put].some((delta) => delta < 9 || delta > 70);
          const near = Math.abs(exact[0]! - exact[1]!) <= Math.max(0.1 * v * forward, grid) + grid;
          expect(bordering || near, `only ${strikes.map(formatEther)} of ${exact}`).to.equal(true);
        }),
        { numRuns: runs, seed: 0xba11a57 },
      );
    });

    const gridOf = (spot: number): number => {
      const power = 10 ** Math.floor(Math.log10(spot / 100));
      return [5, 2.5, 1].find((one) => one * power <= spot / 100)! * power;
    };

    it("lie on a grid of 1, 2½ or 5 times a power of ten, at most 1 % of spot", async () => {
      const deltas = [0.5, 0.4, 0.3, 0.2, 0.1];
      const config = { weeklies: 1, monthEnds: 0, spacing: 0.1, callDeltas: deltas, putDeltas: deltas };
      const parts = await listedAndPosted(config);
      const grids: readonly [number, number][] = [
        [0.5, 0.005],
        [1, 0.01],
        [99, 0.5],
        [100, 1],
        [1_500, 10],
        [2_499, 10],
        [2_500, 25],
        [3_000, 25],
        [4_999, 25],
        [5_000, 50],
        [100_000, 1_000],
      ];
      for (const [spot, grid] of grids) {
        await parts.prices.setSpot(toWad(spot), 0);
        const [strikes] = await parts.lister.missingStrikes(parts.first);
        const wad = toWad(grid);
        expect(strikes.length).to.equal(9);
        for (const strike of strikes) expect(strike % wad, `${spot}: ${formatEther(strike)}`).to.equal(0n);
        for (const coarser of [wad * 2n, (wad * 5n) / 2n]) {
          expect(
            strikes.some((strike) => strike % coarser !== 0n),
            `coarser than ${grid} at ${spot}`,
          ).to.equal(true);
        }
      }
    });

    it("leave out what is listed already and whatever is less than a step from it", async () => {
      const all = [3_000, 3_150, 2_875, 3_275, 2_750];
      // A step is .35 deviations of 3.8 days: 70.
      const cases: readonly (readonly [listed: number, served: readonly number[]])[] = [
        [3_400, []],
        [3_000, [3_000]],
        [3_069, [3_000]],
        [3_072, []],
        [3_081, [3_150]],
        [2_937, [3_000, 2_875]],
        [2_680.5, [2_750]],
      ];
      for (const [listed, served] of cases) {
        const { market, lister, first } = await listedAndPosted({ weeklies: 1, monthEnds: 0 });
        await market.listStrikes(first, [toWad(listed)]);
        const [missing] = await lister.missingStrikes(first);
        const expected = all.filter((strike) => !served.includes(strike));
        expect(missing.map(formatEther).map(Number), `${listed}`).to.deep.equal(expected);
      }
    });

    it("wait for a slice: an expiry without one, a clamped, a stale and a finished one get none", async () => {
      await holdsExceptWithout("Surface", async (parts) => {
        const { lister, first } = parts;
        for (const state of [STATE.unknown, STATE.unposted, STATE.clamped, STATE.stale, STATE.expired]) {
          await post(parts, first, smile(), state);
          const [strikes, waiting] = await lister.missingStrikes(first);
          expect([strikes.length, Number(waiting)], `${state}`).to.deep.equal([0, WAITING.surface]);
        }
        await lister.list();
        const counts = await Promise.all(parts.expiries.map(async (expiry) => (await strikesOf(parts, expiry)).length));
        expect(counts).to.deep.equal([0, 5, 5, 5]);
      });
    });

    it("wait for a price without fault", async () => {
      await holdsExceptWithout("Price", async (parts) => {
        for (let fault = 1; fault <= 11; ++fault) {
          await parts.prices.setSpot(parseEther("30"), fault);
          const [strikes, waiting] = await parts.lister.missingStrikes(parts.first);
          expect([strikes.length, Number(waiting)], `${fault}`).to.deep.equal([0, WAITING.price]);
        }
        await nothing(parts.lister.list(), parts, WAITING.price, parts.first - DAY);
        await parts.prices.setSpot(parseEther("3000"), 0);
        await parts.lister.list();
        expect((await strikesOf(parts, parts.first)).length).to.equal(5);
      });
    });

    it("are none in an expiry that is not kept listed", async () => {
      const parts = await listedAndPosted();
      const other = at(2027, 1, 22);
      expect(await parts.lister.missingStrikes(other)).to.deep.equal([[], BigInt(WAITING.expiry)]);
      await parts.market.listExpiry(other);
      await post(parts, other);
      expect(await parts.lister.missingStrikes(other)).to.deep.equal([[], BigInt(WAITING.expiry)]);
    });

    it("are never outside the delta bounds once rounded", async () => {
      const config = { callDeltas: [0.05, 0.95], putDeltas: [0.05, 0.95], spacing: 0.1 };
      await holdsExceptWithout(
        "Delta",
        async (parts) => {
          await time.increaseTo(parts.first - DAY - 600);
          for (let spot = 2_950; spot < 3_050; spot += 3.7) {
            await parts.prices.setSpot(toWad(spot), 0);
            const [strikes] = await parts.lister.missingStrikes(parts.first);
            const context = expiryContext({ seconds: parts.first - (await time.latest()), carry: 0, rate: 0 });
            for (const wad of strikes) {
              const strike = Number(formatEther(wad));
              const volatility = sviVolatility(smile(), Math.log(strike / spot));
              const { delta } = optionGreeks(context, { spot, strike, volatility, isCall: true });
              expectWithin(delta, 0.05 - 1e-9, 0.95 + 1e-9, `${strike} at ${spot}`);
            }
          }
        },
        config,
      );
    });

    it("come at most once an hour in one expiry, and the error says when", async () => {
      await holdsExceptWithout("Interval", async (parts) => {
        const { lister, prices, first } = parts;
        await lister.list();
        const listed = await time.latest();
        expect(await lister.listedAt(first)).to.equal(BigInt(listed));
        await prices.setSpot(parseEther("3600"), 0);
        await parts.market.setLimits(40, 256, 32);
        await time.setNextBlockTimestamp(listed + HOUR - 1);
        await nothing(lister.list(), parts, WAITING.interval, listed + HOUR);
        await time.setNextBlockTimestamp(listed + HOUR);
        await lister.list();
        expect((await strikesOf(parts, first)).length).to.be.greaterThan(5);
      });
    });

    it("stop at the market's 20 of a UTC day without a revert, and go on after midnight", async () => {
      const parts = await listedAndPosted({ weeklies: 3 });
      // The curator has used seventeen.
      const used = Array.from({ length: 17 }, (_, i) => toWad(10_000 + i * 100));
      await parts.market.listStrikes(parts.expiries.at(-1)!, used);
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 0, 3);
      expect(await strikesOf(parts, parts.first)).to.deep.equal([3_000, 3_150, 2_875]);
      const midnight = (Math.floor((await time.latest()) / DAY) + 1) * DAY;
      await time.increaseTo((await time.latest()) + HOUR);
      await nothing(parts.lister.list(), parts, WAITING.day, midnight);
      await time.setNextBlockTimestamp(midnight);
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 0, 20);
      expect((await strikesOf(parts, parts.first)).length).to.equal(5);
    });

    it("stop when the market's board is full, without a revert", async () => {
      const parts = await listedAndPosted();
      await parts.market.setLimits(20, 14, 32);
      await expect(parts.lister.list()).to.emit(parts.lister, "Listed").withArgs(parts.caller.address, 0, 7);
      await time.increaseTo((await time.latest()) + HOUR);
      await nothing(parts.lister.list(), parts, WAITING.board, parts.first - DAY);
    });

    it("end at 32 in one expiry, whoever listed them", async () => {
      const parts = await listedAndPosted({ weeklies: 1, monthEnds: 0 });
      await parts.market.setLimits(1_000, 1_000, 32);
      const far = Array.from({ length: MAX_STRIKES - 2 }, (_, i) => toWad(10_000 + i * 100));
      await parts.market.listStrikes(parts.first, far);
      await parts.lister.list();
      expect((await strikesOf(parts, parts.first)).slice(-2)).to.deep.equal([3_000, 3_150]);
      await time.increaseTo((await time.latest()) + HOUR);
      await nothing(parts.lister.list(), parts, WAITING.full, parts.first - DAY);
    });
  });

  describe("a griefer", () => {
    it("who wiggles the price by 1 % every hour gets no strike out of it; without the step three times as many are listed", async () => {
      const attack = async (missing?: Guard) => {
        const parts = await listedAndPosted({ weeklies: 1, monthEnds: 0 }, smile(), missing);
        await parts.lister.list();
        let listed = 0;
        for (let hour = 0; hour < 8; ++hour) {
          await time.increase(HOUR);
          await parts.prices.setSpot(toWad(hour % 2 === 0 ? 3_030 : 2_970), 0);
          await parts.lister.list().catch(() => undefined);
          listed = (await strikesOf(parts, parts.first)).length;
        }
        return listed;
      };
      const [safe, attacked] = [await attack(), await attack("Step")];
      console.log(`      strikes after 8 hours: ${safe}, without the step ${attacked}`);
      expect(safe).to.equal(5);
      expect(attacked).to.be.greaterThan(15);
    });

    it("who leaves too little gas gets a revert: no listing is cut short, and the hour is not used up", async () => {
      const parts = await listedAndPosted({ weeklies: 1, monthEnds: 0 });
      const enough = await parts.lister.list.estimateGas();
      const counts = new Set<number>();
      for (let gas = 100_000n; gas < enough + 60_000n; gas += 12_000n) {
        const snapshot = await networkHelpers.takeSnapshot();
        await parts.lister.list({ gasLimit: gas }).catch(() => undefined);
        const count = (await strikesOf(parts, parts.first)).length;
        expect((await parts.lister.listedAt(parts.first)) > 0n).to.equal(count > 0);
        counts.add(count);
        await snapshot.restore();
      }
      expect([...counts].sort()).to.deep.equal([0, 5]);
    });

    it("cannot make one expiry's strikes lie closer than a step, whatever the price does over four weeks", async function () {
      const runs = fuzzRuns(4);
      this.timeout(runs * 15_000);
      const moves = fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 28, maxLength: 28 });
      await fc.assert(
        fc.asyncProperty(moves, async (walk) => {
          const parts = await world({ weeklies: 1, monthEnds: 1 });
          const monthEnd = at(2027, 1, 29);
          let spot = 3_000;
          for (const move of walk) {
            spot *= 1 + move / 1_000;
            await parts.prices.setSpot(toWad(spot), 0);
            for (const expiry of await parts.lister.wantedExpiries()) await post(parts, expiry);
            const before = await strikesOf(parts, monthEnd);
            await parts.lister.list().catch(() => undefined);
            const now = await time.latest();
            const after = await strikesOf(parts, monthEnd);
            if (monthEnd - now > DAY && after.length > 0) {
              const deviation = 0.65 * Math.sqrt((monthEnd - now) / SECONDS_PER_YEAR) * spot;
              for (const [i, strike] of after.slice(before.length).entries()) {
                const others = after.slice(0, before.length + i);
                const nearest = Math.min(...others.map((other) => Math.abs(other - strike)));
                expect(
                  nearest >= Math.max(0.35 * deviation, gridFloor(spot)) * 0.9999,
                  `${strike}: ${nearest}`,
                ).to.equal(true);
              }
              // And there is always one that serves the money.
              const toSpot = Math.min(...after.map((strike) => Math.abs(strike - spot)));
              expect(toSpot <= 0.35 * deviation + 0.01 * spot + (deviation * deviation) / spot).to.equal(true);
            }
            await time.increase(DAY);
          }
          expectWithin((await strikesOf(parts, monthEnd)).length, 5, MAX_STRIKES);
        }),
        { numRuns: runs, seed: 0xba11a57 },
      );
    });

    const gridFloor = (spot: number) => 0.004 * spot;
  });

  it("follows a price that leaves: a rise of 40 % in ten days adds strikes above and none below", async () => {
    const parts = await listedAndPosted({ weeklies: 1, monthEnds: 2 });
    const expiry = at(2027, 2, 26);
    await parts.lister.list();
    const before = await strikesOf(parts, expiry);
    for (let day = 1; day <= 10; ++day) {
      await time.increase(DAY);
      await parts.prices.setSpot(toWad(3_000 * (1 + 0.04 * day)), 0);
      for (const wanted of await parts.lister.wantedExpiries()) await post(parts, wanted);
      await parts.lister.list().catch(() => undefined);
    }
    const added = (await strikesOf(parts, expiry)).slice(before.length);
    expect(Math.min(...added)).to.be.greaterThan(Math.min(...before));
    expect(Math.max(...added)).to.be.greaterThan(5_000);
    expectWithin(added.length, 2, 8);
  });
});
