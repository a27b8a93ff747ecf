import { expect } from "chai";
import fc from "fast-check";
import { createPath, FAIR_VOLATILITY, PATH_PARAMETERS, type PathPoint } from "../../scripts/demo/path.ts";
import { expectNear } from "../helpers/numbers.ts";

const CENT = 10n ** 16n;
const HOURS = 336;
const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const price = (point: PathPoint) => Number(point.priceWad) / 1e18;
const pairs = (path: PathPoint[]) => path.slice(1).map((after, place) => ({ before: path[place]!, after }));

describe("the demo's path", () => {
  it("has a point for each hour and one for the start", () => {
    const path = createPath({ seed: 1, hours: HOURS });
    expect(path.map((point) => point.hour)).to.deep.equal(Array.from({ length: HOURS + 1 }, (_, hour) => hour));
    expect(path[0]!.priceWad).to.equal(BigInt(PATH_PARAMETERS.startPrice) * 10n ** 18n);
  });

  it("is the same on every run and machine for the same seed", () => {
    const path = createPath({ seed: 1, hours: 4 });
    expect(path).to.deep.equal(createPath({ seed: 1, hours: 4 }));
    expect(path.map((point) => [point.priceWad / CENT, point.premiumWad / 10n ** 12n])).to.deep.equal(GOLDEN);
  });

  it("differs between neighbouring seeds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (seed) => {
        const one = createPath({ seed, hours: 3 }).map((point) => point.priceWad);
        const next = createPath({ seed: seed + 1, hours: 3 }).map((point) => point.priceWad);
        expect(one).to.not.deep.equal(next);
      }),
      { numRuns: 50 },
    );
  });

  it("begins like a shorter path of the same seed", () => {
    const long = createPath({ seed: 5, hours: 100 });
    expect(long.slice(0, 25)).to.deep.equal(createPath({ seed: 5, hours: 24 }));
  });

  it("never moves by more than 5 % an hour, and keeps to whole cents", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const path = createPath({ seed, hours: HOURS });
        const tooFar = pairs(path).filter(({ before, after }) => {
          const move = after.priceWad - before.priceWad;
          return (move < 0n ? -move : move) * 100n > before.priceWad * 5n;
        });
        expect(tooFar).to.deep.equal([]);
        expect(path.every((point) => point.priceWad % CENT === 0n)).to.equal(true);
      }),
      { numRuns: 100 },
    );
  });

  it("keeps funding within ± 0.1 % a day and lets it change sign", () => {
    const limit = 10n ** 15n;
    for (let seed = 0; seed < 20; seed++) {
      const path = createPath({ seed, hours: HOURS });
      expect(path.every(({ premiumWad }) => premiumWad >= -limit && premiumWad <= limit)).to.equal(true);
      expect(path.some(({ premiumWad }) => premiumWad > 0n)).to.equal(true);
      expect(path.some(({ premiumWad }) => premiumWad < 0n)).to.equal(true);
    }
  });

  it("has the volatility that the curator posts, over many seeds, and a few jumps on each", () => {
    const paths = Array.from({ length: 200 }, (_, seed) => createPath({ seed, hours: HOURS }));
    const squares = paths.flatMap((path) =>
      pairs(path).map(({ before, after }) => Math.log(price(after) / price(before)) ** 2),
    );
    const volatility = Math.sqrt((squares.reduce((sum, square) => sum + square, 0) / squares.length) * 365 * 24);
    expectNear(volatility, FAIR_VOLATILITY, 0.01);

    const jumps = paths.map((path) => path.filter((point) => point.jumped).length);
    expectNear(jumps.reduce((sum, count) => sum + count, 0) / paths.length, 3.4, 0.5);
  });

  it("refuses a seed or a length that means nothing", () => {
    expect(() => createPath({ seed: -1, hours: 1 })).to.throw(RangeError, "The seed is -1");
    expect(() => createPath({ seed: 0.5, hours: 1 })).to.throw(RangeError, "The seed is 0.5");
    expect(() => createPath({ seed: 1, hours: 0 })).to.throw(RangeError, "A path of 0 hours");
  });
});

/** Seed 1, hours 0 to 4: price in cents, funding a day in hundredths of a basis point. */
const GOLDEN: [bigint, bigint][] = [
  [300_000n, 69n],
  [296_580n, 145n],
  [292_783n, -12n],
  [288_373n, 175n],
  [288_343n, 246n],
];
