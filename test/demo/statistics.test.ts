import { expect } from "chai";
import fc from "fast-check";
import {
  changes,
  frictionlessNav,
  type HourOfVault,
  hedgeStatistics,
  standardDeviation,
} from "../../scripts/demo/statistics.ts";
import { expectNear } from "../helpers/numbers.ts";

const hour = (navPerShare: number, bookDelta = 0, shares = 100): HourOfVault => ({ navPerShare, bookDelta, shares });

describe("the demo's statistics", () => {
  it("takes the change from each value to the next", () => {
    expect(changes([1, 3, 2])).to.deep.equal([2, -1]);
    expect(changes([1])).to.deep.equal([]);
  });

  it("takes the standard deviation of a sample", () => {
    expectNear(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7), 1e-12);
    expect(standardDeviation([5])).to.be.NaN;
  });

  it("adds to the unhedged NAV what −book delta of the hour before earns over each hour", () => {
    const unhedged = [hour(1, -10), hour(0.5, -20), hour(1.5, 0)];
    // +10 · 6 ÷ 100 shares, then +20 · −5 ÷ 100 shares.
    expect(frictionlessNav({ unhedged, spot: [100, 106, 101] })).to.deep.equal([1, 0.5 + 0.6, 1.5 + 0.6 - 1]);
  });

  it("leaves nothing of a loss that is linear in the price", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_000, max: 5_000 }), { minLength: 3, maxLength: 50 }), (spot) => {
        const unhedged = spot.map((price) => hour(10 - (7 * price) / 100, -7));
        const perfect = frictionlessNav({ unhedged, spot });
        for (const nav of perfect) expectNear(nav, perfect[0]!, 1e-9);
      }),
    );
  });

  it("divides by the unhedged deviation", () => {
    const spot = [100, 110, 100, 110];
    const unhedged = spot.map((price) => hour(20 - price / 100, -1));
    const hedged = spot.map((price) => hour(20 - price / 400, -1));
    const statistics = hedgeStatistics({ hedged, unhedged, spot });
    expectNear(statistics.ratio, 0.25, 1e-12);
    expectNear(statistics.frictionlessRatio, 0, 1e-12);
  });

  it("refuses prices that do not belong to the hours", () => {
    expect(() => frictionlessNav({ unhedged: [hour(1)], spot: [] })).to.throw(
      RangeError,
      "Hours of the vault: 1, prices: 0",
    );
  });
});
