import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { impliedVolatility, NoImpliedVolatility } from "../../keeper/math/impliedVolatility.ts";
import { expiryContext, optionGreeks } from "../../keeper/math/optionMath.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { itWithShared } from "../helpers/shared.ts";
import { expectClose } from "./numbers.ts";

interface Row {
  S: string;
  K: string;
  sigma: string;
  T: number;
  carry: string;
  rate: string;
  isCall: boolean;
  price: string;
}

const wad = (text: string) => Number(text) / 1e18;

describe("implied volatility (float64)", () => {
  itWithShared<{ rows: Row[] }>("inverts every price with time value", "math/vectors_carry.json.gz", ({ rows }) => {
    let inverted = 0;
    for (const row of rows) {
      const spot = wad(row.S);
      const strike = wad(row.K);
      const context = expiryContext({ seconds: row.T, carry: wad(row.carry), rate: wad(row.rate) });
      const forward = context.discount * context.forwardFactor * spot;
      const intrinsic = Math.max((row.isCall ? 1 : -1) * (forward - context.discount * strike), 0);
      const timeValue = (Number(row.price) - intrinsic) / spot;
      if (timeValue < 1e-10) continue;
      inverted += 1;
      const actual = impliedVolatility(context, { spot, strike, price: Number(row.price), isCall: row.isCall });
      // A double keeps ε of the price: over vega, that is what the volatility can be known to.
      const { vega } = optionGreeks(context, { spot, strike, volatility: wad(row.sigma), isCall: row.isCall });
      const tolerance = 1e-13 + (16 * Number.EPSILON * Math.max(spot, strike)) / vega;
      expect(Math.abs(actual - wad(row.sigma)), JSON.stringify(row)).to.be.below(tolerance);
    }
    expect(inverted).to.be.above(800);
  });

  it("inverts the price out of the money to 1e-12 of the volatility, however small", () => {
    const cases = fc.record({
      moneyness: fc.double({ min: 0.1, max: 10, noNaN: true }),
      volatility: fc.double({ min: 0.05, max: 10, noNaN: true }),
      seconds: fc.integer({ min: 60, max: 315_360_000 }),
      carry: fc.double({ min: -1, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ moneyness, volatility, seconds, carry }) => {
        const context = expiryContext({ seconds, carry, rate: 0.03 });
        const spot = 3_000;
        const strike = spot * moneyness;
        const isCall = strike > spot * context.forwardFactor;
        const { price, vega } = optionGreeks(context, { spot, strike, volatility, isCall });
        // Between the smallest double and the price's upper bound.
        fc.pre(price > 1e-280 && vega > 1e-6 * price);
        const actual = impliedVolatility(context, { spot, strike, price, isCall });
        const tolerance = 1e-12 + (16 * Number.EPSILON * price) / vega;
        expect(Math.abs(actual - volatility)).to.be.below(
          tolerance * Math.max(1, volatility) + 1e-13 * volatility ** 3,
        );
      }),
      { numRuns: fuzzRuns(1_000) },
    );
  });

  it("converges where another library does not", () => {
    // S = 3000, K = 4500, 150 %, 14 days.
    const context = expiryContext({ seconds: 1_209_600, carry: 0, rate: 0 });
    const { price } = optionGreeks(context, { spot: 3_000, strike: 4_500, volatility: 1.5, isCall: true });
    expectClose(impliedVolatility(context, { spot: 3_000, strike: 4_500, price, isCall: true }), 1.5, 1e-12);
  });

  it("solves at the forward, where the inflection point is 0", () => {
    const context = expiryContext({ seconds: 604_800, carry: 0, rate: 0 });
    for (const volatility of [1e-6, 0.01, 0.7, 10, 50]) {
      const { price } = optionGreeks(context, { spot: 100, strike: 100, volatility, isCall: false });
      const actual = impliedVolatility(context, { spot: 100, strike: 100, price, isCall: false });
      expectClose(actual / volatility, 1, 1e-9);
    }
  });

  it("refuses a price that no volatility gives, and says the bounds", () => {
    const context = expiryContext({ seconds: 604_800, carry: 0, rate: 0 });
    const option = { spot: 3_000, strike: 2_900, isCall: true };
    for (const price of [99, 100, 3_000, 3_001, Number.NaN]) {
      expect(() => impliedVolatility(context, { ...option, price }), `${price}`)
        .to.throw(NoImpliedVolatility, "expected a price above 100 and below 3000")
        .with.property("lowerBound", 100);
    }
    const expired = expiryContext({ seconds: 0, carry: 0, rate: 0 });
    expect(() => impliedVolatility(expired, { ...option, price: 150 })).to.throw(NoImpliedVolatility);
  });
});
