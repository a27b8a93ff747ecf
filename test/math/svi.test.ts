import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { describe, it } from "mocha";
import {
  checkCalendar,
  checkPoints,
  checkSlice,
  durrleman,
  packSlice,
  type SviCheck,
  SviFieldOutOfRange,
  type SviSlice,
  sviDerivatives,
  sviVariance,
  sviVolatility,
  unpackSlice,
} from "../../keeper/math/svi.ts";
import type { TwinHarness } from "../../types/index.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { expectClose, fromQ96, fromWad, logUniform, toQ96 } from "./numbers.ts";

const WEEK = 604_800;
const YEAR = 31_536_000;
/** `Svi.Violation`, in its order. */
const VIOLATIONS = [
  undefined,
  "correlation",
  "curvature",
  "minimum",
  "wingSlope",
  "butterfly",
  "calendar",
  "calendarWing",
] as const;

const { ethers } = await network.create();
const harness = (await ethers.deployContract("TwinHarness")) as unknown as TwinHarness;

const POST = { postedAt: 1_700_000_000, atTheMoneyVolatility: 0.7, spread: 0.015 };
const PLAIN: SviSlice = { a: 0.1, b: 2, rho: -0.3, m: 0.01, sigma: 0.1, ...POST };
/** Vogt's slice: within Lee's bound, with a negative density. */
const VOGT: SviSlice = { a: -0.041, b: 0.1331, rho: 0.306, m: 0.3586, sigma: 0.4153, ...POST };

/** Slices by what they look like: volatility at the money, slope of the wings, place and width of the turn. */
const drawn = fc
  .record({
    seconds: fc.integer({ min: 86_400, max: 90 * 86_400 }),
    volatility: logUniform(0.25, 2),
    slope: logUniform(0.01, 2.2),
    rho: fc.double({ min: -0.98, max: 0.98, noNaN: true }),
    turn: fc.double({ min: -4, max: 4, noNaN: true }),
    width: logUniform(0.02, 6),
  })
  .map(({ seconds, volatility, slope, rho, turn, width }) => {
    const deviation = volatility * Math.sqrt(seconds / YEAR);
    const m = turn * deviation;
    const sigma = width * deviation;
    const b = slope / ((seconds / YEAR) * (1 + Math.abs(rho)));
    const a = volatility ** 2 - b * (Math.hypot(m, sigma) - rho * m);
    return { seconds, slice: unpackSlice(packSlice({ a, b, rho, m, sigma, ...POST })) };
  });

function violationOf(check: SviCheck): (typeof VIOLATIONS)[number] {
  return check.ok ? undefined : check.violation;
}

describe("SVI slice", () => {
  it("has a known volatility", () => {
    expectClose(sviVolatility(PLAIN, -1), 1.654048621883529, 1e-15);
    expectClose(sviVolatility(PLAIN, 0), 0.5540735622843034, 1e-15);
    expect(sviVolatility({ ...PLAIN, a: -1 }, 0)).to.equal(0);
  });

  it("packs and unpacks", async () => {
    expect(unpackSlice(packSlice(PLAIN))).to.deep.equal(PLAIN);
    expect(unpackSlice(packSlice(VOGT))).to.deep.equal(VOGT);
    const fields = {
      a: -41_000_000,
      b: 133_100_000,
      rho: 306_000,
      m: 35_860_000,
      sigma: 41_530_000,
      postedAt: POST.postedAt,
      atTheMoneyVolatility: 700_000,
      spread: 150,
    };
    expect(await harness.pack(fields)).to.equal(packSlice(VOGT));
    const word = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n });
    fc.assert(fc.property(word, (slot) => packSlice(unpackSlice(slot)) === slot));
  });

  it("refuses a field that does not fit, and names it", () => {
    const cases = [
      ["a", 549.755813888],
      ["a", -549.755813889],
      ["b", -1e-9],
      ["b", 281_474.976710656],
      ["rho", 8.388608],
      ["m", -21.47483649],
      ["sigma", 42.94967296],
      ["spread", 6.5536],
      ["postedAt", Number.NaN],
    ] as const;
    for (const [field, value] of cases) {
      expect(() => packSlice({ ...PLAIN, [field]: value }), `${field} ${value}`)
        .to.throw(SviFieldOutOfRange, `expected ${field} between`)
        .with.property("field", field);
    }
    expect(() => packSlice({ ...PLAIN, a: -549.755813888, rho: 8.388607, spread: 6.5535 })).not.to.throw();
  });

  it("has the derivatives of its variance", () => {
    fc.assert(
      fc.property(drawn, fc.double({ min: -8, max: 8, noNaN: true }), ({ slice }, z) => {
        const k = slice.m + z * slice.sigma;
        const h = 1e-4 * slice.sigma;
        // Not `sviVariance`, which cuts at 0.
        const at = (x: number) => slice.b * (slice.rho * (x - slice.m) + Math.hypot(x - slice.m, slice.sigma));
        const { first, second } = sviDerivatives(slice, k);
        expectClose((at(k + h) - at(k - h)) / (2 * h), first, 1e-6 * slice.b);
        expectClose((at(k + h) - 2 * at(k) + at(k - h)) / (h * h), second, (1e-5 * slice.b) / slice.sigma);
      }),
    );
    expect(sviDerivatives({ ...PLAIN, sigma: 0 }, PLAIN.m)).to.deep.equal({ variance: 0.1, first: -0.6, second: 0 });
  });

  it("has a Durrleman function that is the density's sign", () => {
    const slice = PLAIN;
    const years = WEEK / YEAR;
    const flat = { ...slice, b: 0 };
    expect(durrleman(flat, WEEK, 0.3)).to.equal(1);
    expect(durrleman(VOGT, YEAR, 0.8)).to.be.below(0);
    expect(durrleman(VOGT, YEAR, 0)).to.be.above(0);
    const h = 1e-4;
    const at = (k: number) => Math.sqrt(years * sviVariance(slice, k));
    for (const k of [-0.2, -0.05, 0, 0.04, 0.15]) {
      // Another form of it, by differences of √w: g = w·d₁'·d₂' + √w·(√w)'', d = −k/√w ± √w/2.
      const root = at(k);
      const slope = (at(k + h) - at(k - h)) / (2 * h);
      const bend = (at(k + h) - 2 * root + at(k - h)) / (h * h);
      const d1 = (-1 * root + k * slope) / (root * root) + slope / 2;
      const d2 = (-1 * root + k * slope) / (root * root) - slope / 2;
      expectClose(durrleman(slice, WEEK, k), d1 * d2 * root * root + root * bend, 1e-5);
    }
  });

  it("looks at 17 points on both sides of the turn", () => {
    const points = checkPoints(PLAIN, WEEK);
    expect(points).to.have.length(17);
    expect(new Set(points)).to.have.property("size", 17);
    expectClose(
      points.reduce((sum, k) => sum + k, 0),
      17 * PLAIN.m,
      1e-12,
    );
  });

  it("lets through few slices with a negative density, and only slightly negative ones", () => {
    let violating = 0;
    let unnoticed = 0;
    let worst = 0;
    for (const { slice, seconds } of fc.sample(drawn, { numRuns: fuzzRuns(4_000), seed: 8 })) {
      const check = checkSlice(slice, seconds);
      if (!check.ok && check.violation !== "butterfly") continue;
      let least = 0;
      for (let z = -12; z <= 12; z += 0.05) {
        const scale = Math.sinh(z / 2) / 10;
        least = Math.min(least, durrleman(slice, seconds, slice.m + scale * slice.sigma));
        least = Math.min(least, durrleman(slice, seconds, scale * Math.sqrt((seconds / YEAR) * sviVariance(slice, 0))));
      }
      if (least > -1e-9) continue;
      violating += 1;
      if (!check.ok) continue;
      unnoticed += 1;
      worst = Math.min(worst, least);
    }
    expect(violating).to.be.above(300);
    expect(unnoticed / violating).to.be.below(0.03);
    expect(worst).to.be.above(-0.05);
  });

  it("names each violation", () => {
    const cases = [
      [PLAIN, WEEK, undefined],
      [{ ...PLAIN, rho: 1 }, WEEK, "correlation"],
      [{ ...PLAIN, rho: -1 }, WEEK, "correlation"],
      [{ ...PLAIN, sigma: 0 }, WEEK, "curvature"],
      [{ ...PLAIN, a: -0.2 }, WEEK, "minimum"],
      [{ ...PLAIN, b: 1.6, rho: -0.25 }, YEAR + 1, "wingSlope"],
      [VOGT, YEAR, "butterfly"],
    ] as const;
    for (const [slice, seconds, expected] of cases) expect(violationOf(checkSlice(slice, seconds))).to.equal(expected);
    const near = { slice: PLAIN, seconds: WEEK };
    expect(violationOf(checkCalendar(near, { slice: PLAIN, seconds: WEEK + 1 }))).to.equal(undefined);
    expect(violationOf(checkCalendar(near, { slice: PLAIN, seconds: WEEK - 1 }))).to.equal("calendarWing");
    expect(violationOf(checkCalendar(near, { slice: { ...PLAIN, a: 0.09 }, seconds: WEEK }))).to.equal("calendar");
  });

  it("has the same volatility and derivatives in TypeScript and on chain", async () => {
    const cases = fc.sample(fc.tuple(drawn, fc.double({ min: -3, max: 3, noNaN: true })), {
      numRuns: fuzzRuns(200),
      seed: 9,
    });
    for (const [{ slice, seconds }, k] of cases) {
      const word = packSlice(slice);
      const kQ96 = toQ96(k);
      const expected = sviDerivatives(slice, k);
      const scale = Math.abs(slice.a) + slice.b * (Math.abs(k - slice.m) + slice.sigma);
      const { varianceQ96, firstQ96, secondQ96 } = await harness.sviDerivatives(word, kQ96);
      expectClose(fromQ96(varianceQ96), expected.variance, 1e-13 * scale);
      expectClose(fromQ96(firstQ96), expected.first, 1e-13 * slice.b);
      expectClose(fromQ96(secondQ96), expected.second, 1e-12 * Math.abs(expected.second) + 1e-20);
      const volatility = fromWad(await harness.sviVolatility(word, kQ96));
      expectClose(volatility ** 2, expected.variance, 1e-13 * scale + 1e-16);
      if (!checkSlice(slice, seconds).ok) continue;
      const g = Number(await harness.sviDurrleman(word, seconds, kQ96)) / 2 ** 64;
      expectClose(g, durrleman(slice, seconds, k), 1e-8);
    }
  });

  it("gives the same verdicts in TypeScript and on chain", async () => {
    const seen = new Set<string>();
    for (const { slice, seconds } of fc.sample(drawn, { numRuns: fuzzRuns(300), seed: 10 })) {
      const expected = checkSlice(slice, seconds);
      const { violation, kQ96 } = await harness.sviCheck(packSlice(slice), seconds);
      expect(VIOLATIONS[Number(violation)]).to.equal(violationOf(expected));
      if (!expected.ok && "k" in expected) expectClose(fromQ96(kQ96), expected.k, 1e-12);
      seen.add(violationOf(expected) ?? "none");
    }
    expect([...seen].sort()).to.deep.equal(["butterfly", "minimum", "none", "wingSlope"]);
  });

  it("gives the same verdicts on neighbours in TypeScript and on chain", async () => {
    const seen = new Set<string>();
    const pairs = fc.record({
      near: drawn,
      da: fc.double({ min: -0.2, max: 0.3, noNaN: true }),
      db: fc.double({ min: 0.5, max: 1.2, noNaN: true }),
      dm: fc.double({ min: -0.1, max: 0.1, noNaN: true }),
      longer: logUniform(1, 2),
    });
    for (const { near, da, db, dm, longer } of fc.sample(pairs, { numRuns: fuzzRuns(300), seed: 11 })) {
      const { a, b, m } = near.slice;
      const moved = { ...near.slice, a: a + da, b: b * db, m: m + dm };
      const far = { slice: unpackSlice(packSlice(moved)), seconds: Math.round(near.seconds * longer) };
      const expected = checkCalendar(near, far);
      const slots = [packSlice(near.slice), near.seconds, packSlice(far.slice), far.seconds] as const;
      const { violation, kQ96 } = await harness.sviCheckCalendar(...slots);
      expect(VIOLATIONS[Number(violation)]).to.equal(violationOf(expected));
      if (!expected.ok && "k" in expected) expectClose(fromQ96(kQ96), expected.k, 1e-12);
      seen.add(violationOf(expected) ?? "none");
    }
    expect([...seen].sort()).to.deep.equal(["calendar", "calendarWing", "none"]);
  });
});
