import { expect } from "chai";
import { describe, it } from "mocha";
import { millsRatio, normalCdf, normalDensity } from "../../keeper/math/normalDistribution.ts";
import { itWithShared } from "../helpers/shared.ts";
import { expectClose } from "./numbers.ts";

describe("standard normal distribution (float64)", () => {
  it("has the known values", () => {
    expectClose(normalCdf(0), 0.5, 2e-16);
    expectClose(normalCdf(1.96), 0.9750021048517795, 1e-15);
    expect(normalDensity(0)).to.equal(1 / Math.sqrt(2 * Math.PI));
    expect(normalCdf(Number.NEGATIVE_INFINITY)).to.equal(0);
    expect(normalCdf(Number.POSITIVE_INFINITY)).to.equal(1);
  });

  it("keeps the digits of the lower tail", () => {
    // mpmath: Φ(−10), Φ(−20), Φ(−37).
    const cases = [
      [-10, 7.61985302416053e-24],
      [-20, 2.7536241186062337e-89],
      [-37, 5.725571222524578e-300],
    ] as const;
    for (const [x, expected] of cases) expect(Math.abs(normalCdf(x) / expected - 1), `${x}`).to.be.below(1e-12);
  });

  it("joins its two forms of the Mills ratio without a step", () => {
    expect(Math.abs(millsRatio(4) / millsRatio(4 - 2 * Number.EPSILON) - 1)).to.be.below(2e-14);
    for (let x = 0; x < 12; x += 0.01) expect(millsRatio(x + 0.01), `${x}`).to.be.below(millsRatio(x));
  });

  itWithShared<{ cdf: [string, string][] }>("is right on 3,000 reference values", "math/scalars.json.gz", ({ cdf }) => {
    expect(cdf.length).to.be.above(2_500);
    for (const [x, expected] of cdf) {
      const actual = normalCdf(Number(x) / 1e18);
      // The argument itself is rounded to a double: x·ε of relative error in the density for each x.
      const tolerance = 3e-16 + 1e-14 * Math.min(Number(expected), 1e-3);
      expect(Math.abs(actual - Number(expected)), x).to.be.at.most(tolerance);
    }
  });
});
