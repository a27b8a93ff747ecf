import { expect } from "chai";
import fc from "fast-check";
import {
  boardCount,
  boardHours,
  boardStrikes,
  MIN_HOURS,
  PLAN_PARAMETERS,
  planPurchases,
} from "../../scripts/demo/plan.ts";
import { expectNear, expectWithin } from "../helpers/numbers.ts";

const WAD = 10n ** 18n;
const buyers = ["dave", "erin"];
const plan = (seed: number, hours = 336) => planPurchases({ seed, hours, buyers });

describe("the demo's buyers", () => {
  it("buy the same on every run of a seed, and something else on another", () => {
    expect(plan(1)).to.deep.equal(plan(1));
    expect(plan(1)).to.not.deep.equal(plan(2));
  });

  it("buy within a board's life, never in its last seventh or last two hours, and always when it opens", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: MIN_HOURS, max: 672 }), (seed, hours) => {
        const purchases = plan(seed, hours);
        for (const { board, hour } of purchases) {
          const { listed, expires } = boardHours({ hours, board });
          expectWithin(hour, listed, Math.max(listed, expires - Math.max((expires - listed) / 7, 2) - 1e-9));
        }
        for (let board = 0; board < boardCount(hours); board++) {
          const { listed } = boardHours({ hours, board });
          expect(purchases.some((purchase) => purchase.board === board && purchase.hour === listed)).to.equal(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("lean to calls, 70 to 30, in sizes of .5 to 2", () => {
    const all = Array.from({ length: 100 }, (_, seed) => plan(seed)).flat();
    const calls = all.filter((purchase) => purchase.isCall).length;
    expectNear(calls / all.length, PLAN_PARAMETERS.callShare, 0.02);
    expect(all.every(({ sizeWad }) => sizeWad >= WAD / 2n && sizeWad <= 2n * WAD)).to.equal(true);
    expect(new Set(all.map((purchase) => purchase.buyer))).to.deep.equal(new Set(buyers));
  });

  it("refuse a run that has no room for a board", () => {
    expect(() => plan(1, 11)).to.throw(RangeError, "A run of 11 hours");
    expect(() => plan(1, 24.5)).to.throw(RangeError, "A run of 24.5 hours");
  });
});

describe("the demo's boards", () => {
  it("expire a week apart, the last with the run, each listed when the one before expires", () => {
    const lives = (hours: number) =>
      Array.from({ length: boardCount(hours) }, (_, board) => Object.values(boardHours({ hours, board })));
    expect(lives(12)).to.deep.equal([[0, 12]]);
    expect(lives(168)).to.deep.equal([[0, 168]]);
    expect(lives(179)).to.deep.equal([[11, 179]]);
    expect(lives(200)).to.deep.equal([
      [0, 32],
      [32, 200],
    ]);
    expect(lives(336)).to.deep.equal([
      [0, 168],
      [168, 336],
    ]);
    expect(lives(672).length).to.equal(4);
  });
});

describe("the demo's strikes", () => {
  const strikes = (spot: bigint, hours: number) =>
    boardStrikes({ spotWad: spot, volatility: 0.68, hours }).map((strike) => Number(strike / 10n ** 16n) / 100);

  it("are five round numbers around spot, half a standard deviation apart", () => {
    expect(strikes(3_000n * WAD, 168)).to.deep.equal([2_800, 2_900, 3_000, 3_100, 3_200]);
    expect(strikes(2_649n * WAD, 168)).to.deep.equal([2_400, 2_500, 2_600, 2_700, 2_800]);
    expect(strikes(3_099n * WAD, 168)).to.deep.equal([2_600, 2_800, 3_000, 3_200, 3_400]);
    expect(strikes(3_000n * WAD, 12)).to.deep.equal([2_900, 2_950, 3_000, 3_050, 3_100]);
  });

  it("are positive, ascending and evenly spaced for any spot", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 10_000_000 }), (cents) => {
        const five = boardStrikes({ spotWad: BigInt(cents) * 10n ** 16n, volatility: 0.68, hours: 168 });
        const steps = new Set(five.slice(1).map((strike, place) => strike - five[place]!));
        expect(five).to.have.length(5);
        expect(five[0]! > 0n).to.equal(true);
        expect(steps.size).to.equal(1);
        expect([...steps][0]! > 0n).to.equal(true);
      }),
    );
  });
});
