import { expect } from "chai";
import { ZeroAddress } from "ethers";
import fc from "fast-check";
import { describe, it } from "mocha";
import { expiryContext, optionPrice } from "../../keeper/math/optionMath.ts";
import {
  checkCalendar,
  checkSlice,
  durrleman,
  packSlice,
  type SviSlice,
  sviVolatility,
  unpackSlice,
} from "../../keeper/math/svi.ts";
import type { IVolatilitySurface } from "../../types/contracts/oracles/VolatilitySurface.ts";
import type {
  AccessManager,
  ToldRealisedVolatility,
  VolatilitySurface,
  VolatilitySurfaceMutant,
} from "../../types/index.ts";
import { toWad } from "../helpers/curie.ts";
import { connection, DAY, HOUR } from "../helpers/system.ts";

const { ethers, networkHelpers } = connection;
const MINUTE = 60;
const WEEK = 7 * DAY;
const YEAR = 365 * DAY;
const HEARTBEAT = 4 * HOUR;
const WHOLE = 256n;
const MAX_EXPIRIES = 12;
const SPREAD = 0.015;
const GUARD = {
  none: 0,
  shape: 1,
  butterfly: 2,
  calendar: 3,
  level: 4,
  hour: 5,
  day: 6,
  move: 7,
  interval: 8,
  mark: 9,
  stale: 10,
  moneyness: 11,
} as const;
const CLOSURE = { none: 0n, clamped: 1n, stale: 2n } as const;
const STATE = { unknown: 0n, unposted: 1n, fresh: 2n, clamped: 3n, stale: 4n, expired: 5n } as const;
/** k of a move's 17 strikes, in deviations. */
const STRIKES = [0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5];

type Surface = VolatilitySurface | VolatilitySurfaceMutant;
type Post = IVolatilitySurface.PostStruct;
interface Shape {
  readonly level: number;
  readonly rho?: number;
  readonly sigma?: number;
  readonly m?: number;
  readonly spread?: number;
}

/** A smile with that volatility at the money, half of its variance from the wings, as the contract would round it. */
function smile({ level, rho = -0.2, sigma = 0.2, m = 0, spread = SPREAD }: Shape): SviSlice {
  const v = level * level;
  const slope = rho * -m + Math.hypot(m, sigma);
  const b = (0.5 * v) / slope;
  const slice = { a: 0.5 * v, b, rho, m, sigma, postedAt: 0, atTheMoneyVolatility: level, spread };
  return unpackSlice(packSlice(slice));
}

function postOf(expiry: number, slice: Omit<SviSlice, "postedAt" | "atTheMoneyVolatility">): Post {
  const units = (value: number, unit: number) => BigInt(Math.round(value * unit));
  return {
    expiry,
    a: units(slice.a, 1e9),
    b: units(slice.b, 1e9),
    rho: units(slice.rho, 1e6),
    m: units(slice.m, 1e8),
    sigma: units(slice.sigma, 1e8),
    spread: units(slice.spread, 1e4),
  };
}

/** The greatest difference of volatility at the 17 strikes, by the contract's rule. */
function moveOf(from: SviSlice, to: SviSlice, seconds: number): number {
  const deviation = Math.max(from.atTheMoneyVolatility, to.atTheMoneyVolatility) * Math.sqrt(seconds / YEAR);
  return Math.max(
    ...STRIKES.flatMap((x) => [x * deviation, -x * deviation]).map((k) =>
      Math.abs(sviVolatility(from, k) - sviVolatility(to, k)),
    ),
  );
}

const doubtOf = (slice: SviSlice, now: number): number =>
  slice.spread + 0.011 * Math.sqrt((now - slice.postedAt) / HOUR);

async function fixture() {
  const [owner, market, curator, stranger] = await ethers.getSigners();
  const manager = (await ethers.deployContract("AccessManager", [owner!.address])) as unknown as AccessManager;
  const realised = (await ethers.deployContract("ToldRealisedVolatility", [
    toWad(0.6),
  ])) as unknown as ToldRealisedVolatility;
  const args = [await manager.getAddress(), market!.address, await realised.getAddress(), HEARTBEAT];
  await manager.grantRole(1n, curator!.address, 0);
  const deploy = async (missing?: number): Promise<Surface> => {
    const surface =
      missing === undefined
        ? ((await ethers.deployContract("VolatilitySurface", args)) as unknown as VolatilitySurface)
        : ((await ethers.deployContract("VolatilitySurfaceMutant", [
            ...args,
            missing,
          ])) as unknown as VolatilitySurfaceMutant);
    const { selector } = surface.interface.getFunction("post");
    await manager.setTargetFunctionRole(await surface.getAddress(), [selector], 1n);
    return surface.connect(curator!) as Surface;
  };
  const now = await networkHelpers.time.latest();
  return { deploy, manager, realised, market: market!, curator: curator!, stranger: stranger!, now };
}
const load = () => networkHelpers.loadFixture(fixture);

/** A surface with expiries in so many weeks; nothing posted. */
async function surfaceWith(weeks: readonly number[], missing?: number) {
  const parts = await load();
  const surface = await parts.deploy(missing);
  const expiries = weeks.map((n) => parts.now + n * WEEK);
  for (const expiry of expiries) await (surface.connect(parts.market) as Surface).addExpiry(expiry);
  const at = async (seconds: number) => networkHelpers.time.setNextBlockTimestamp(seconds);
  return { ...parts, surface, expiries, first: expiries[0]!, at };
}

async function storedIn(surface: Surface, expiry: number): Promise<SviSlice> {
  return unpackSlice(await surface.sliceOf(expiry));
}

const GAS = { gasLimit: 16_000_000n };

/** Posts at the end of `seconds` and returns the share. */
async function postAfter(surface: Surface, seconds: number, posts: Post[]): Promise<bigint> {
  await networkHelpers.time.increase(seconds - 1);
  const time = (await networkHelpers.time.latest()) + 1;
  await networkHelpers.time.setNextBlockTimestamp(time);
  const receipt = await (await surface.post(posts, GAS)).wait();
  const log = receipt!.logs.map((entry) => surface.interface.parseLog(entry)).find((e) => e?.name === "SlicePosted");
  return log!.args.share as bigint;
}

/** Each guard: what holds with it, and the mutant without it on which the same claim fails. */
async function holdsExceptWithout(
  guard: Exclude<keyof typeof GUARD, "none">,
  weeks: readonly number[],
  claim: (parts: Awaited<ReturnType<typeof surfaceWith>>) => Promise<void>,
) {
  await claim(await surfaceWith(weeks));
  let failure: unknown;
  try {
    await claim(await surfaceWith(weeks, GUARD[guard]));
  } catch (error) {
    failure = error;
  }
  expect(failure, `the claim holds without ${guard}, too`).to.be.instanceOf(Error);
}

describe("VolatilitySurface", () => {
  describe("reading", () => {
    it("gives the slice's volatility, total variance and deviation at any strike", async () => {
      const { surface, first, now } = await surfaceWith([1]);
      const slice = smile({ level: 0.65, rho: -0.4, m: 0.02, sigma: 0.1 });
      await surface.post([postOf(first, slice)]);
      const years = (first - (await networkHelpers.time.latest())) / YEAR;
      const forward = 3_000;
      for (const strike of [1_000, 2_400, 2_999.5, 3_000, 3_100, 3_900, 12_000]) {
        const expected = sviVolatility(slice, Math.log(strike / forward));
        const read = async (view: (e: number, k: bigint, f: bigint) => Promise<bigint>) =>
          Number(await view(first, toWad(strike), toWad(forward))) / 1e18;
        const close = (actual: number, wanted: number, what: string) =>
          expect(Math.abs(actual - wanted) < 1e-9, `${what} at ${strike}: ${actual}, ${wanted}`).to.equal(true);
        close(await read(surface.volatility), expected, "volatility");
        close(await read(surface.totalVariance), expected ** 2 * years, "total variance");
        close(await read(surface.totalDeviation), expected * Math.sqrt(years), "deviation");
      }
      const strikes = [2_500, 3_000, 3_500].map(toWad);
      expect(await surface.volatilities(first, toWad(3_000), strikes)).to.deep.equal(
        await Promise.all(strikes.map((strike) => surface.volatility(first, strike, toWad(3_000)))),
      );
      expect(await surface.atTheMoneyVolatility(first)).to.equal(
        ((await surface.volatility(first, toWad(3_000), toWad(3_000))) / 10n ** 12n) * 10n ** 12n,
      );
      expect(now < first).to.equal(true);
    });

    it("F4: keeps the volatility of a moneyness, not of a strike", async () => {
      await holdsExceptWithout("moneyness", [1], async ({ surface, first }) => {
        await surface.post([postOf(first, smile({ level: 0.65, rho: -0.5 }))]);
        for (const scale of [0.5, 0.9, 1.1, 3]) {
          for (const strike of [2_400, 3_000, 3_600]) {
            const moved = await surface.volatility(first, toWad(strike * scale), toWad(3_000 * scale));
            const before = await surface.volatility(first, toWad(strike), toWad(3_000));
            expect(moved, `${strike} at a forward of ${3_000 * scale}`).to.be.closeTo(before, 1_000_000n);
          }
        }
      });
    });

    it("widens its doubt by 1.1 points for the root of the hours since its post", async () => {
      const { surface, first } = await surfaceWith([1]);
      await surface.post([postOf(first, smile({ level: 0.65 }))]);
      const posted = await networkHelpers.time.latest();
      for (const hours of [0, 1 / 6, 1, 4, 24, 100]) {
        await networkHelpers.time.increaseTo(Math.max(posted + hours * HOUR, (await networkHelpers.time.latest()) + 1));
        const elapsed = ((await networkHelpers.time.latest()) - posted) / HOUR;
        const expected = 0.015 + 0.011 * Math.sqrt(elapsed);
        expect(Math.abs(Number(await surface.spread(first)) / 1e18 - expected) < 1e-12).to.equal(true);
      }
    });

    it("refuses what has no slice, and prices out of range", async () => {
      const { surface, first, expiries } = await surfaceWith([1, 2]);
      await surface.post([postOf(first, smile({ level: 0.65 }))]);
      const one = toWad(1);
      for (const expiry of [expiries[1]!, first + 1]) {
        for (const call of [
          surface.volatility(expiry, one, one),
          surface.volatilities(expiry, one, [one]),
          surface.totalVariance(expiry, one, one),
          surface.totalDeviation(expiry, one, one),
          surface.atTheMoneyVolatility(expiry),
          surface.spread(expiry),
        ]) {
          await expect(call).to.be.revertedWithCustomError(surface, "NotPosted").withArgs(expiry);
        }
      }
      const tooMuch = 2n ** 128n + 1n;
      for (const [strike, forward, wrong] of [
        [0n, one, 0n],
        [one, 0n, 0n],
        [tooMuch, one, tooMuch],
        [one, tooMuch, tooMuch],
      ] as const) {
        await expect(surface.volatility(first, strike, forward))
          .to.be.revertedWithCustomError(surface, "PriceOutOfRange")
          .withArgs(wrong);
      }
      expect(await surface.volatility(first, 2n ** 128n, 1n)).to.be.greaterThan(0n);
    });
  });

  it("P1: its σ is the greater of realised volatility and the live slices at the money, without the one when the other fails", async () => {
    const { surface, first, realised } = await surfaceWith([1]);
    await realised.set(toWad(0.6), 0);
    expect(await surface.sigma()).to.equal(toWad(0.6));
    await surface.post([postOf(first, smile({ level: 0.65 }))]);
    const { highestAtTheMoney } = await surface.summary();
    expect(highestAtTheMoney).to.equal(await surface.atTheMoneyVolatility(first));
    expect(await surface.sigma()).to.equal(highestAtTheMoney);
    await realised.set(toWad(0.9), 0);
    expect(await surface.sigma()).to.equal(toWad(0.9));
    await realised.set(toWad(0.1), 0);
    expect(await surface.sigma()).to.equal(highestAtTheMoney);
  });

  describe("expiries", () => {
    it("are named and removed by the market alone, in order, twelve at most", async () => {
      const { surface, market, stranger, curator, now, at } = await surfaceWith([]);
      const asMarket = surface.connect(market) as Surface;
      for (const caller of [stranger, curator]) {
        const other = surface.connect(caller) as Surface;
        for (const call of [other.addExpiry(now + WEEK), other.removeExpiry(now + WEEK)]) {
          await expect(call).to.be.revertedWithCustomError(surface, "NotTheMarket").withArgs(caller.address);
        }
      }
      const weeks = [5, 1, 9, 3, 2, 12, 7, 4, 11, 6, 10, 8];
      for (const week of weeks) await asMarket.addExpiry(now + week * WEEK);
      const sorted = weeks.map((week) => BigInt(now + week * WEEK)).sort((a, b) => Number(a - b));
      expect(await surface.expiries()).to.deep.equal(sorted);
      await expect(asMarket.addExpiry(now + 13 * WEEK))
        .to.be.revertedWithCustomError(surface, "TooManyExpiries")
        .withArgs(MAX_EXPIRIES + 1, MAX_EXPIRIES);
      await expect(asMarket.addExpiry(now + WEEK))
        .to.be.revertedWithCustomError(surface, "ExpiryAlreadyLive")
        .withArgs(now + WEEK);
      await expect(asMarket.addExpiry(now - 1)).to.be.revertedWithCustomError(surface, "ExpiryOutOfRange");
      await expect(asMarket.addExpiry(2n ** 32n)).to.be.revertedWithCustomError(surface, "ExpiryOutOfRange");
      await expect(asMarket.removeExpiry(now + WEEK)).to.be.revertedWithCustomError(surface, "ExpiryStillAhead");
      await expect(asMarket.removeExpiry(now)).to.be.revertedWithCustomError(surface, "ExpiryNotLive").withArgs(now);
      await at(now + 5 * WEEK);
      await expect(asMarket.removeExpiry(now + 5 * WEEK))
        .to.emit(surface, "ExpiryRemoved")
        .withArgs(now + 5 * WEEK);
      await asMarket.removeExpiry(now + WEEK);
      expect(await surface.expiries()).to.deep.equal([...sorted.slice(1, 4), ...sorted.slice(5)]);
      expect((await surface.statusOf(now + WEEK)).state).to.equal(STATE.unknown);
    });

    it("close nothing any more once they are over, and are forgotten with their slice when they are removed", async () => {
      const { surface, first, expiries, market, at } = await surfaceWith([1, 2]);
      const calm = smile({ level: 0.65 });
      await surface.post([postOf(first, calm)]);
      await surface.post([postOf(expiries[1]!, calm)]);
      await at(first - 10);
      await surface.post([postOf(first, smile({ level: 0.5 }))]);
      expect(await surface.closure()).to.equal(CLOSURE.clamped);
      await at(first + 1);
      expect(await surface.closure()).to.equal(CLOSURE.clamped);
      // It cannot be posted again: the next post of any other ends its mark.
      await surface.post([postOf(expiries[1]!, calm)]);
      expect(await surface.closure()).to.equal(CLOSURE.none);
      expect((await surface.statusOf(first)).state).to.equal(STATE.expired);
      const before = await surface.summary();
      await (surface.connect(market) as Surface).removeExpiry(first);
      expect(await surface.closure()).to.equal(CLOSURE.none);
      const after = await surface.summary();
      expect([after.oldestPostedAt, after.clamped]).to.deep.equal([BigInt(first + 1), 0n]);
      expect(after.posts).to.equal(before.posts + 1n);
      expect(await surface.sliceOf(first)).to.equal(0n);
    });
  });

  describe("what is refused", () => {
    it("posts by anybody but the curator", async () => {
      const { surface, manager, first, stranger, market } = await surfaceWith([1]);
      for (const caller of [stranger, market]) {
        await expect((surface.connect(caller) as Surface).post([postOf(first, smile({ level: 0.65 }))]))
          .to.be.revertedWithCustomError({ interface: surface.interface }, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
      expect(await manager.getAddress()).to.equal(await surface.authority());
    });

    const base = smile({ level: 0.65 });
    const refusals: [string, (first: number) => Post[], (first: number) => unknown[]][] = [
      ["EmptyPost", () => [], () => []],
      ["ExpiryNotLive", (first) => [postOf(first + 1, base)], (first) => [first + 1]],
      [
        "ExpiriesNotAscending",
        (first) => [postOf(first + WEEK, base), postOf(first, base)],
        (first) => [first, first + WEEK],
      ],
      ["ExpiriesNotAscending", (first) => [postOf(first, base), postOf(first, base)], (first) => [first, first]],
      ["SpreadOutOfRange", (first) => [postOf(first, { ...base, spread: 0.0099 })], (first) => [first, 99, 100, 1_000]],
      [
        "SpreadOutOfRange",
        (first) => [postOf(first, { ...base, spread: 0.1001 })],
        (first) => [first, 1_001, 100, 1_000],
      ],
      ["CorrelationOutOfRange", (first) => [postOf(first, { ...base, rho: 1 })], (first) => [first, 1_000_000]],
      ["CorrelationOutOfRange", (first) => [postOf(first, { ...base, rho: -1.5 })], (first) => [first, -1_500_000]],
      ["NoCurvature", (first) => [postOf(first, { ...base, sigma: 0 })], (first) => [first]],
      ["VarianceNotPositive", (first) => [postOf(first, { ...base, a: -0.25 })], (first) => [first]],
      ["WingTooSteep", (first) => [postOf(first, { ...base, b: 100 })], (first) => [first]],
      [
        "ButterflyArbitrage",
        (first) => [postOf(first, { ...base, a: 0.05, b: 20, rho: -0.9, sigma: 0.01 })],
        (first) => [first, () => true],
      ],
      [
        "AtTheMoneyOutOfRange",
        (first) => [postOf(first, smile({ level: 0.19 }))],
        (first) => [first, (level: bigint) => level < toWad(0.191), toWad(0.2), toWad(3)],
      ],
      [
        "AtTheMoneyOutOfRange",
        (first) => [postOf(first, smile({ level: 3.1 }))],
        (first) => [first, (level: bigint) => level > toWad(3.09), toWad(0.2), toWad(3)],
      ],
      [
        "AtTheMoneyOutsideFence",
        (first) => [postOf(first, smile({ level: 0.355 }))],
        (first) => [first, () => true, toWad(0.36), toWad(1.5)],
      ],
      [
        "AtTheMoneyOutsideFence",
        (first) => [postOf(first, smile({ level: 1.505 }))],
        (first) => [first, () => true, toWad(0.36), toWad(1.5)],
      ],
    ];
    for (const [error, posts, args] of refusals) {
      it(`${error}: ${JSON.stringify(args(0).filter((arg) => typeof arg === "number"))}`, async () => {
        const { surface, first } = await surfaceWith([1, 2]);
        await expect(surface.post(posts(first)))
          .to.be.revertedWithCustomError(surface, error)
          .withArgs(...args(first));
        expect((await surface.summary()).posts).to.equal(2n); // the two expiries
      });
    }

    it("ExpiryOutOfRange: an expiry that is over", async () => {
      const { surface, first, at } = await surfaceWith([1]);
      await at(first);
      await expect(surface.post([postOf(first, base)], GAS))
        .to.be.revertedWithCustomError(surface, "ExpiryOutOfRange")
        .withArgs(first, first);
    });

    it("RealisedVolatilityStale: a fence nobody measured for six hours", async () => {
      const { surface, first, realised } = await surfaceWith([1]);
      await realised.set(toWad(0.6), 6 * HOUR + 1);
      await expect(surface.post([postOf(first, base)])).to.be.revertedWithCustomError(
        surface,
        "RealisedVolatilityStale",
      );
      await realised.set(toWad(0.6), 6 * HOUR);
      await surface.post([postOf(first, base)]);
    });

    it("HeartbeatOutOfRange", async () => {
      const { manager, realised } = await load();
      const factory = await ethers.getContractFactory("VolatilitySurface");
      for (const heartbeat of [HOUR - 1, DAY + 1]) {
        const deployment = factory.deploy(
          await manager.getAddress(),
          ZeroAddress,
          await realised.getAddress(),
          heartbeat,
        );
        await expect(deployment).to.be.revertedWithCustomError(factory, "HeartbeatOutOfRange").withArgs(heartbeat);
      }
    });

    it("CalendarArbitrage: a post that raises the near expiry over the far one, or lowers the far one below", async () => {
      await holdsExceptWithout("calendar", [1, 2], async ({ surface, expiries }) => {
        const [near, far] = expiries as [number, number];
        await surface.post([postOf(near, smile({ level: 0.9 })), postOf(far, smile({ level: 0.9 }))]);
        // Half the time at √2 of the volatility is as much variance: a little more is too much.
        const { near: n, far: f } = {
          near: postOf(near, smile({ level: 1.3 })),
          far: postOf(far, smile({ level: 0.6 })),
        };
        await networkHelpers.time.increase(20 * MINUTE);
        await expect(surface.post([n]))
          .to.be.revertedWithCustomError(surface, "CalendarWingArbitrage")
          .withArgs(near, far);
        await expect(surface.post([f]))
          .to.be.revertedWithCustomError(surface, "CalendarWingArbitrage")
          .withArgs(near, far);
        // The wings in order, the middle not.
        const hump = { ...smile({ level: 1.3, sigma: 0.05 }), b: 1 };
        await expect(surface.post([postOf(near, { ...hump, a: 1.75 })]))
          .to.be.revertedWithCustomError(surface, "CalendarArbitrage")
          .withArgs(near, far, () => true);
      });
    });

    it("CalendarArbitrage looks at the surface as it would be: both may move together, or past an empty one", async () => {
      const { surface, expiries } = await surfaceWith([1, 2, 3]);
      const [near, middle, far] = expiries as [number, number, number];
      await surface.post([postOf(near, smile({ level: 0.7 })), postOf(far, smile({ level: 0.45 }))]);
      expect((await surface.statusOf(middle)).state).to.equal(STATE.unposted);
      await expect(surface.post([postOf(middle, smile({ level: 1.2 }))]))
        .to.be.revertedWithCustomError(surface, "CalendarWingArbitrage")
        .withArgs(middle, far);
      // Each alone would cross its neighbour; not together.
      const up = (expiry: number, level: number) => postOf(expiry, smile({ level, spread: 0.1 }));
      await surface.post([up(middle, 0.52)]);
      expect(await postAfter(surface, 10 * MINUTE, [up(near, 0.7), up(far, 0.45)])).to.equal(WHOLE);
      await networkHelpers.time.increase(10 * MINUTE);
      const risen = [up(near, 0.76), up(middle, 0.56), up(far, 0.485)] as const;
      await expect(surface.post([risen[0]])).to.be.revertedWithCustomError(surface, "CalendarWingArbitrage");
      expect(await surface.post.staticCall([...risen])).to.equal(WHOLE);
    });

    it("Svi's own refusals: a slice that is no volatility passes without them", async () => {
      await holdsExceptWithout("shape", [1], async ({ surface, first }) => {
        await expect(surface.post([postOf(first, { ...base, sigma: 0 })])).to.be.revertedWithCustomError(
          surface,
          "NoCurvature",
        );
      });
      await holdsExceptWithout("butterfly", [1], async ({ surface, first }) => {
        const kinked = { ...base, a: 0.05, b: 20, rho: -0.9, sigma: 0.01 };
        await expect(surface.post([postOf(first, kinked)])).to.be.revertedWithCustomError(
          surface,
          "ButterflyArbitrage",
        );
      });
    });

    it("the level: 36 % to 150 % around a realised 60 %", async () => {
      await holdsExceptWithout("level", [1], async ({ surface, first }) => {
        for (const level of [0.35, 1.51]) {
          await expect(surface.post([postOf(first, smile({ level }))])).to.be.revertedWithCustomError(
            surface,
            "AtTheMoneyOutsideFence",
          );
        }
        for (const level of [0.361, 1.499]) await surface.post.staticCall([postOf(first, smile({ level }))]);
      });
    });
  });

  describe("what is too fast", () => {
    it("accepts a move within the doubt, ten minutes after the last", async () => {
      const { surface, first } = await surfaceWith([1]);
      await surface.post([postOf(first, smile({ level: 0.65 }))]);
      expect(await postAfter(surface, 10 * MINUTE, [postOf(first, smile({ level: 0.66 }))])).to.equal(WHOLE);
      const { state, postedAt, nextPostAt, atTheMoneyVolatility } = await surface.statusOf(first);
      const now = BigInt(await networkHelpers.time.latest());
      expect([state, postedAt, nextPostAt]).to.deep.equal([STATE.fresh, now, now + 600n]);
      expect(atTheMoneyVolatility).to.be.closeTo(toWad(0.66), toWad(0.000001));
      expect(await surface.closure()).to.equal(CLOSURE.none);
    });

    it("clamps a larger one to the doubt, marks it, and goes on until it has arrived", async () => {
      await holdsExceptWithout("move", [1], async ({ surface, first }) => {
        await surface.post([postOf(first, smile({ level: 0.65 }))]);
        const accepted = await networkHelpers.time.latest();
        const wanted = postOf(first, smile({ level: 0.74 }));
        const levels = [0.65];
        for (let i = 0; ; i++) {
          const before = await storedIn(surface, first);
          const share = await postAfter(surface, 10 * MINUTE, [wanted]);
          const now = await networkHelpers.time.latest();
          const after = await storedIn(surface, first);
          const move = moveOf(before, after, first - now);
          expect(move <= doubtOf(before, now), `moved ${move} of ${doubtOf(before, now)}`).to.equal(true);
          levels.push(after.atTheMoneyVolatility);
          if (share === WHOLE) break;
          expect(move > 0.8 * doubtOf(before, now), `only ${move}`).to.equal(true);
          const { state, postedAt, nextPostAt } = await surface.statusOf(first);
          expect([state, postedAt, nextPostAt]).to.deep.equal([STATE.clamped, BigInt(accepted), BigInt(now + 600)]);
          expect(await surface.closure()).to.equal(CLOSURE.clamped);
          expect(i < 8, "arrives").to.equal(true);
        }
        expect(levels.length > 4, `${levels}`).to.equal(true);
        expect([await surface.closure(), (await surface.statusOf(first)).state]).to.deep.equal([
          CLOSURE.none,
          STATE.fresh,
        ]);
      });
    });

    it("remembers that a clamped post closes", async () => {
      await holdsExceptWithout("mark", [1, 2], async ({ surface, expiries }) => {
        const [near, far] = expiries as [number, number];
        await surface.post([postOf(near, smile({ level: 0.65 })), postOf(far, smile({ level: 0.65 }))]);
        expect((await postAfter(surface, HOUR, [postOf(near, smile({ level: 0.72 }))])) < WHOLE).to.equal(true);
        expect(await surface.closure()).to.equal(CLOSURE.clamped);
        // Another expiry's post does not clear it.
        expect(await postAfter(surface, HOUR, [postOf(far, smile({ level: 0.65 }))])).to.equal(WHOLE);
        expect(await surface.closure()).to.equal(CLOSURE.clamped);
        expect((await surface.summary()).clamped).to.equal(1n);
        expect(await postAfter(surface, HOUR, [postOf(near, smile({ level: 0.69 }))])).to.equal(WHOLE);
        expect(await surface.closure()).to.equal(CLOSURE.none);
      });
    });

    it("refuses a post within ten minutes that its doubt covers, and holds still and closes for one that it does not", async () => {
      await holdsExceptWithout("interval", [1], async ({ surface, first, at }) => {
        await surface.post([postOf(first, smile({ level: 0.65 }))]);
        const posted = await networkHelpers.time.latest();
        await at(posted + 599);
        await expect(surface.post([postOf(first, smile({ level: 0.66 }))], GAS))
          .to.be.revertedWithCustomError(surface, "PostTooSoon")
          .withArgs(first, posted + 600, posted + 599);
        const { surface: other, first: expiry } = { surface, first };
        await networkHelpers.time.increase(10 * MINUTE);
        expect(await postAfter(other, 60, [postOf(expiry, smile({ level: 0.66 }))])).to.equal(WHOLE);
        const before = await surface.sliceOf(first);
        expect(await postAfter(other, 60, [postOf(expiry, smile({ level: 0.7 }))])).to.equal(0n);
        expect(await surface.sliceOf(first)).to.equal(before);
        expect(await surface.closure()).to.equal(CLOSURE.clamped);
      });
    });

    it("moves 20 % within an hour at most, however small the steps", async () => {
      await holdsExceptWithout("hour", [1], async ({ surface, first }) => {
        const spread = 0.1;
        await surface.post([postOf(first, smile({ level: 0.65, spread }))]);
        let last = 0n;
        for (const level of [0.7, 0.75, 0.8]) {
          last = await postAfter(surface, 10 * MINUTE, [postOf(first, smile({ level, spread }))]);
        }
        expect(last < WHOLE, `${last}`).to.equal(true);
        const { atTheMoneyVolatility } = await surface.statusOf(first);
        expect(atTheMoneyVolatility <= toWad(0.65 * 1.2), `${atTheMoneyVolatility}`).to.equal(true);
        expect(atTheMoneyVolatility > toWad(0.65 * 1.18), `${atTheMoneyVolatility}`).to.equal(true);
        // Down again within the hour: not below what 20 % under the peak allows.
        const { lowestAtTheMoney, highestAtTheMoney } = await surface.statusOf(first);
        expect(lowestAtTheMoney > toWad(0.64), `${lowestAtTheMoney}`).to.equal(true);
        expect(highestAtTheMoney <= toWad(0.78), `${highestAtTheMoney}`).to.equal(true);
      });
    });

    it("moves 60 % within a day at most", async () => {
      await holdsExceptWithout("day", [1], async ({ surface, first }) => {
        const spread = 0.1;
        await surface.post([postOf(first, smile({ level: 0.65, spread }))]);
        for (let level = 0.65; level < 1.14; ) {
          level = Math.min(level + 0.08, 1.14);
          await postAfter(surface, 80 * MINUTE, [postOf(first, smile({ level, spread }))]);
        }
        const { atTheMoneyVolatility } = await surface.statusOf(first);
        expect(atTheMoneyVolatility <= toWad(1.04), `${atTheMoneyVolatility}`).to.equal(true);
        expect(atTheMoneyVolatility > toWad(1), `${atTheMoneyVolatility}`).to.equal(true);
        expect(await surface.closure()).to.equal(CLOSURE.clamped);
      });
    });

    it("lets a first post wait when the rest of its call is clamped", async () => {
      const { surface, expiries } = await surfaceWith([1, 2]);
      const [near, far] = expiries as [number, number];
      await surface.post([postOf(near, smile({ level: 0.65 }))]);
      const both = [postOf(near, smile({ level: 0.72 })), postOf(far, smile({ level: 0.7 }))];
      expect((await postAfter(surface, HOUR, both)) < WHOLE).to.equal(true);
      expect((await surface.statusOf(far)).state).to.equal(STATE.unposted);
      await surface.post([postOf(far, smile({ level: 0.65 }))]);
      expect((await surface.statusOf(far)).state).to.equal(STATE.fresh);
    });

    it("nobody gains by trading around a post", async () => {
      /** Buys before, sells after, at a half-spread of s · vega on both sides: per option of 3,000. */
      async function profitAround(missing?: number) {
        const { surface, first } = await surfaceWith([4], missing);
        await surface.post([postOf(first, smile({ level: 0.65, spread: 0.01 }))]);
        await networkHelpers.time.increase(9 * MINUTE);
        const price = async (side: 1 | -1) => {
          const volatility = Number(await surface.volatility(first, toWad(3_000), toWad(3_000))) / 1e18;
          const doubt = Number(await surface.spread(first)) / 1e18;
          const context = expiryContext({ seconds: 4 * WEEK, carry: 0, rate: 0 });
          return optionPrice(context, {
            spot: 3_000,
            strike: 3_000,
            volatility: volatility + side * doubt,
            isCall: true,
          });
        };
        const paid = await price(1);
        await postAfter(surface, 60, [postOf(first, smile({ level: 0.77, spread: 0.01 }))]);
        return (await price(-1)) - paid;
      }
      const [sound, mutant] = [await profitAround(), await profitAround(GUARD.move)];
      console.log(
        `      buy before, sell after a post from 65 to 77 %: ${sound.toFixed(2)} an option; without the limit of a move ${mutant.toFixed(2)}`,
      );
      expect(sound < 0).to.equal(true);
      expect(mutant > 20).to.equal(true);
    });

    it("keeps every limit and every check along any sequence of posts", async () => {
      const shape = fc.record({
        level: fc.double({ min: 0.4, max: 1.3, noNaN: true }),
        rho: fc.double({ min: -0.6, max: 0.6, noNaN: true }),
        sigma: fc.double({ min: 0.1, max: 0.4, noNaN: true }),
        m: fc.double({ min: -0.1, max: 0.1, noNaN: true }),
        spread: fc.double({ min: 0.01, max: 0.1, noNaN: true }),
      });
      /** How far towards the random shape the curator wants to go: from a hair to all the way. */
      const step = fc.record({
        shapes: fc.tuple(shape, shape),
        part: fc.constantFrom(0.02, 0.05, 0.2, 1),
        minutes: fc.integer({ min: 1, max: 90 }),
        which: fc.constantFrom("near", "far", "both"),
      });
      const [counts, accepted] = [{ whole: 0, part: 0, held: 0, refused: 0 }, [] as bigint[]];
      for (const steps of fc.sample(fc.array(step, { minLength: 25, maxLength: 25 }), { numRuns: 4, seed: 21 })) {
        const { surface, expiries } = await surfaceWith([1, 3]);
        const [near, far] = expiries as [number, number];
        await surface.post([postOf(near, smile({ level: 0.65 })), postOf(far, smile({ level: 0.65 }))]);
        const marked = new Set<number>();
        const history = new Map<number, { time: number; level: number }[]>();
        let time = await networkHelpers.time.latest();
        for (const expiry of expiries) history.set(expiry, [{ time, level: 0.65 }]);
        const movedAt = new Map(expiries.map((expiry) => [expiry, time]));
        for (const { shapes, part, minutes, which } of steps) {
          time += minutes * MINUTE;
          await networkHelpers.time.setNextBlockTimestamp(time);
          const before = new Map<number, SviSlice>();
          for (const expiry of expiries) before.set(expiry, await storedIn(surface, expiry));
          const chosen = which === "both" ? [near, far] : [which === "near" ? near : far];
          const posts = chosen.map((expiry, i) => {
            const from = before.get(expiry)!;
            const to = smile(shapes[i]!);
            const mix = (key: "a" | "b" | "rho" | "m" | "sigma") => from[key] + part * (to[key] - from[key]);
            const mixed = { a: mix("a"), b: mix("b"), rho: mix("rho"), m: mix("m"), sigma: mix("sigma") };
            return postOf(expiry, { ...mixed, spread: to.spread });
          });
          let share: bigint;
          try {
            const receipt = await (await surface.post(posts, GAS)).wait();
            const logs = receipt!.logs.map((entry) => surface.interface.parseLog(entry));
            share = logs.find((log) => log?.name === "SlicePosted")!.args.share as bigint;
            accepted.push(receipt!.gasUsed);
          } catch {
            counts.refused++;
            await networkHelpers.time.increaseTo(Math.max(time, (await networkHelpers.time.latest()) + 1));
            time = await networkHelpers.time.latest();
            continue;
          }
          counts[share === WHOLE ? "whole" : share === 0n ? "held" : "part"]++;
          for (const expiry of chosen) {
            if (share === WHOLE) marked.delete(expiry);
            else marked.add(expiry);
          }
          const slices = await Promise.all(expiries.map((expiry) => storedIn(surface, expiry)));
          for (const [i, expiry] of expiries.entries()) {
            const [from, to] = [before.get(expiry)!, slices[i]!];
            const level = Math.sqrt(Number(toWad(sviVolatility(to, 0) ** 2)) / 1e18);
            expect(Math.abs(level - to.atTheMoneyVolatility) < 1.1e-6, "names its own level").to.equal(true);
            expect(checkSlice(to, expiry - time)).to.deep.equal({ ok: true });
            const move = moveOf(from, to, expiry - time);
            expect(move <= doubtOf(from, time) + 1e-9, `moved ${move} of ${doubtOf(from, time)}`).to.equal(true);
            if (move > 0) {
              expect(time - movedAt.get(expiry)! >= 600, "ten minutes").to.equal(true);
              movedAt.set(expiry, time);
            }
            const path = history.get(expiry)!;
            path.push({ time, level: to.atTheMoneyVolatility });
            for (const [j, past] of path.entries()) {
              const until = path[j + 1]?.time ?? time;
              const ratio = Math.max(past.level / level, level / past.level);
              if (until > time - HOUR) expect(ratio < 1.2001, `${ratio} within an hour`).to.equal(true);
              if (until > time - DAY) expect(ratio < 1.6001, `${ratio} within a day`).to.equal(true);
            }
          }
          const [first, second] = slices as [SviSlice, SviSlice];
          expect(
            checkCalendar({ slice: first, seconds: near - time }, { slice: second, seconds: far - time }),
          ).to.deep.equal({ ok: true });
          const { clamped } = await surface.summary();
          expect(Number(clamped)).to.equal(marked.size);
          expect(await surface.closure()).to.equal(marked.size > 0 ? CLOSURE.clamped : CLOSURE.none);
        }
      }
      console.log(`      ${JSON.stringify(counts)}, most gas ${accepted.reduce((a, b) => (a > b ? a : b))}`);
      expect(Math.min(counts.whole, counts.part, counts.held, counts.refused) >= 3, JSON.stringify(counts)).to.equal(
        true,
      );
    });
  });

  it("needs no second look as time passes: what is free of arbitrage stays so until it expires", () => {
    const shape = fc.record({
      level: fc.double({ min: 0.3, max: 1.5, noNaN: true }),
      rho: fc.double({ min: -0.95, max: 0.95, noNaN: true }),
      sigma: fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      m: fc.double({ min: -0.3, max: 0.3, noNaN: true }),
    });
    const moment = fc.record({
      seconds: fc.integer({ min: HOUR, max: 60 * DAY }),
      longer: fc.integer({ min: 1, max: 60 * DAY }),
      passed: fc.double({ min: 0, max: 1, noNaN: true }),
      k: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
    });
    let [butterfly, calendar] = [0, 0];
    const cases = fc.sample(fc.tuple(shape, shape, moment), { numRuns: 20_000, seed: 23 });
    for (const [one, other, { seconds, longer, passed, k }] of cases) {
      const [near, far] = [smile(one), smile(other)];
      const later = seconds - Math.floor(passed * seconds);
      if (durrleman(near, seconds, k) >= 0) {
        butterfly++;
        expect(durrleman(near, later, k) > -1e-9, JSON.stringify({ near, seconds, later, k })).to.equal(true);
      }
      const [v, w] = [sviVolatility(near, k) ** 2, sviVolatility(far, k) ** 2];
      if (seconds * v <= (seconds + longer) * w) {
        calendar++;
        expect(later * v <= (later + longer) * w * (1 + 1e-12)).to.equal(true);
      }
    }
    expect(
      [butterfly, calendar].every((count) => count > 5_000 && count < 20_000),
      `${butterfly} ${calendar}`,
    ).to.equal(true);
  });

  it("goes stale when one slice is older than the heartbeat", async () => {
    await holdsExceptWithout("stale", [1, 2], async ({ surface, expiries, at }) => {
      const [near, far] = expiries as [number, number];
      const slice = smile({ level: 0.65 });
      await surface.post([postOf(near, slice), postOf(far, slice)]);
      const posted = await networkHelpers.time.latest();
      await at(posted + HEARTBEAT);
      await surface.post([postOf(far, slice)]);
      expect(await surface.closure()).to.equal(CLOSURE.none);
      await networkHelpers.time.increase(1);
      expect(await surface.closure()).to.equal(CLOSURE.stale);
      const states = await Promise.all(expiries.map(async (expiry) => (await surface.statusOf(expiry)).state));
      expect(states).to.deep.equal([STATE.stale, STATE.fresh]);
      await surface.post([postOf(near, slice)]);
      expect(await surface.closure()).to.equal(CLOSURE.none);
    });
  });

  it("costs what it costs", async () => {
    const weeks = Array.from({ length: MAX_EXPIRIES }, (_, i) => i + 1);
    const { surface, expiries } = await surfaceWith(weeks);
    const posts = (level: number) => expiries.map((expiry) => postOf(expiry, smile({ level })));
    const gasOf = async (call: Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>) =>
      (await (await call).wait())!.gasUsed;
    const first = await gasOf(surface.post(posts(0.65), GAS));
    await networkHelpers.time.increase(HOUR);
    const one = await gasOf(surface.post(posts(0.655).slice(3, 4), GAS));
    await networkHelpers.time.increase(HOUR);
    const all = await gasOf(surface.post(posts(0.66), GAS));
    await networkHelpers.time.increase(HOUR);
    const clamped = await gasOf(surface.post(posts(0.8), GAS));
    expect(await surface.closure()).to.equal(CLOSURE.clamped);
    const view = async (call: Promise<bigint>) => (await call) - 21_000n;
    const strikes = Array.from({ length: 64 }, (_, i) => toWad(2_000 + 25 * i));
    const forward = toWad(3_000);
    const reads = {
      volatility: await view(surface.volatility.estimateGas(expiries[0]!, forward, forward)),
      "64 volatilities": await view(surface.volatilities.estimateGas(expiries[0]!, forward, strikes)),
      closure: await view(surface.closure.estimateGas()),
      spread: await view(surface.spread.estimateGas(expiries[0]!)),
    };
    console.log(
      `      12 first posts ${first}, one of 12 ${one}, 12 of 12 ${all}, 12 clamped ${clamped}; reads with calldata ${Object.entries(
        reads,
      )
        .map(([name, gas]) => `${name} ${gas}`)
        .join(", ")}`,
    );
    // EIP-7825: a transaction may use 2^24.
    expect([first, all, clamped].every((gas) => gas < 16_777_216n)).to.equal(true);
    expect(reads.closure < 10_000n).to.equal(true);
  });
});
