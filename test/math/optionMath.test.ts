import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { bookGreeks, expiryContext, type Greeks, optionGreeks, optionPrice } from "../../keeper/math/optionMath.ts";
import { itWithShared } from "../helpers/shared.ts";
import { expectClose } from "./numbers.ts";

interface Row {
  S: string;
  K: string;
  sigma: string;
  T: number;
  r?: string;
  carry?: string;
  rate?: string;
  isCall: boolean;
  price: string;
  delta: string;
  gamma: string;
  vega: string;
  theta: string;
}

const wad = (text: string) => Number(text) / 1e18;

/** Largest errors over the rows, per unit of spot where the figure is in quote. */
function largestErrors(rows: Row[]): Greeks {
  const worst = { price: 0, delta: 0, gamma: 0, vega: 0, theta: 0 };
  for (const row of rows) {
    const spot = wad(row.S);
    const terms = { seconds: row.T, carry: wad(row.carry ?? row.r!), rate: wad(row.rate ?? row.r!) };
    const option = { spot, strike: wad(row.K), volatility: wad(row.sigma), isCall: row.isCall };
    const actual = optionGreeks(expiryContext(terms), option);
    worst.price = Math.max(worst.price, Math.abs(actual.price - Number(row.price)) / spot);
    worst.delta = Math.max(worst.delta, Math.abs(actual.delta - Number(row.delta)));
    worst.gamma = Math.max(worst.gamma, Math.abs(actual.gamma - Number(row.gamma) * spot));
    worst.vega = Math.max(worst.vega, Math.abs(actual.vega - Number(row.vega)) / spot);
    worst.theta = Math.max(worst.theta, Math.abs(actual.theta - Number(row.theta)) / spot);
  }
  return worst;
}

function expectExact(rows: Row[]): void {
  const worst = largestErrors(rows);
  expect(worst.price, "price").to.be.below(2e-14);
  expect(worst.delta, "delta").to.be.below(2e-13);
  expect(worst.gamma, "gamma").to.be.below(2e-10);
  expect(worst.vega, "vega").to.be.below(2e-14);
  expect(worst.theta, "theta").to.be.below(2e-11);
}

const options = fc.record({
  spot: fc.double({ min: 1e-2, max: 1e6, noNaN: true }),
  moneyness: fc.double({ min: 0.2, max: 5, noNaN: true }),
  volatility: fc.double({ min: 0.05, max: 3, noNaN: true }),
  seconds: fc.integer({ min: 3_600, max: 63_072_000 }),
  carry: fc.double({ min: -1, max: 1, noNaN: true }),
  rate: fc.double({ min: -0.1, max: 0.2, noNaN: true }),
});

describe("option mathematics (float64)", () => {
  it("prices a known option", () => {
    // mpmath: S = 3000, K = 3000, 70 %, 7 days, no carry, no rate.
    const week = expiryContext({ seconds: 604_800, carry: 0, rate: 0 });
    const greeks = optionGreeks(week, { spot: 3_000, strike: 3_000, volatility: 0.7, isCall: true });
    expectClose(greeks.price, 115.97434432731, 1e-10);
    expectClose(greeks.delta, 0.519329057387885, 1e-14);
    expectClose(greeks.gamma, 0.0013701812999238742 * 3_000, 1e-13);
  });

  itWithShared<{ rows: Row[] }>("is right where carry and rate are one", "math/vectors.json.gz", ({ rows }) => {
    expect(rows).to.have.length(3_400);
    expectExact(rows);
  });

  itWithShared<{ rows: Row[] }>("is right where they are apart", "math/vectors_carry.json.gz", ({ rows }) => {
    expect(rows).to.have.length(1_500);
    expectExact(rows);
  });

  it("obeys put–call parity in price and greeks", () => {
    fc.assert(
      fc.property(options, ({ spot, moneyness, volatility, ...terms }) => {
        const context = expiryContext(terms);
        const strike = spot * moneyness;
        const call = optionGreeks(context, { spot, strike, volatility, isCall: true });
        const put = optionGreeks(context, { spot, strike, volatility, isCall: false });
        const weight = context.discount * context.forwardFactor;
        const scale = Math.max(spot, strike) * 8;
        expectClose(call.price - put.price, spot * weight - strike * context.discount, scale * 1e-14);
        expectClose(call.delta - put.delta, weight, weight * 1e-14);
        expect(call.gamma).to.equal(put.gamma);
        expect(call.vega).to.equal(put.vega);
      }),
    );
  });

  it("has greeks that are the derivatives of its price", () => {
    fc.assert(
      fc.property(options, fc.boolean(), ({ spot, moneyness, volatility, ...terms }, isCall) => {
        // In the body of the distribution, where a difference keeps its digits.
        const years = terms.seconds / 31_536_000;
        fc.pre(Math.abs(Math.log(moneyness) - terms.carry * years) < 2 * volatility * Math.sqrt(years));
        fc.pre(volatility * Math.sqrt(years) > 0.01);
        const strike = spot * moneyness;
        const at = (s: number, v: number, seconds: number) =>
          optionPrice(expiryContext({ ...terms, seconds }), { spot: s, strike, volatility: v, isCall });
        const greeks = optionGreeks(expiryContext(terms), { spot, strike, volatility, isCall });
        const h = 1e-4 * volatility * Math.sqrt(years);
        const up = at(spot * (1 + h), volatility, terms.seconds);
        const down = at(spot * (1 - h), volatility, terms.seconds);
        const middle = at(spot, volatility, terms.seconds);
        const unit = Math.max(1, moneyness) * 8;
        expectClose((up - down) / (2 * spot * h), greeks.delta, 1e-6 * unit);
        expectClose((up - 2 * middle + down) / (spot * h * h), greeks.gamma, 1e-3 * unit * (1 + greeks.gamma));
        const dv = 1e-4 * volatility;
        const vega = (at(spot, volatility + dv, terms.seconds) - at(spot, volatility - dv, terms.seconds)) / (2 * dv);
        expectClose(vega / spot, greeks.vega / spot, 1e-6 * unit);
        const dt = 1e-4 * terms.seconds;
        const theta = (at(spot, volatility, terms.seconds - dt) - at(spot, volatility, terms.seconds + dt)) / (2 * dt);
        expectClose((theta * terms.seconds) / spot, (greeks.theta * years) / spot, 1e-6 * unit);
      }),
    );
  });

  it("answers with the limit at expiry and without volatility", () => {
    const expired = expiryContext({ seconds: 0, carry: 0.5, rate: 0.1 });
    const call = optionGreeks(expired, { spot: 3_000, strike: 2_900, volatility: 0.7, isCall: true });
    expect(call).to.deep.equal({ price: 100, delta: 1, gamma: 0, vega: 0, theta: 0.1 * 100 - 0.5 * 3_000 });
    const put = optionGreeks(expired, { spot: 3_000, strike: 2_900, volatility: 0.7, isCall: false });
    expect(put.price).to.equal(0);
    expect(put.delta + 0).to.equal(0);

    const year = expiryContext({ seconds: 31_536_000, carry: 0.1, rate: 0.05 });
    const certain = optionGreeks(year, { spot: 100, strike: 90, volatility: 0, isCall: true });
    expectClose(certain.price, Math.exp(-0.05) * (100 * Math.exp(0.1) - 90), 1e-12);
    expectClose(certain.delta, Math.exp(0.05), 1e-15);

    const flat = expiryContext({ seconds: 31_536_000, carry: 0, rate: 0 });
    const atForward = optionGreeks(flat, { spot: 100, strike: 100, volatility: 0, isCall: false });
    expect(atForward.price).to.equal(0);
    expect(atForward.delta).to.equal(-0.5);
    expectClose(atForward.vega, 100 / Math.sqrt(2 * Math.PI), 1e-12);
  });

  it("continues into those limits", () => {
    const year = expiryContext({ seconds: 31_536_000, carry: 0.1, rate: 0.05 });
    for (const strike of [90, 130]) {
      for (const isCall of [true, false]) {
        const limit = optionGreeks(year, { spot: 100, strike, volatility: 0, isCall });
        const near = optionGreeks(year, { spot: 100, strike, volatility: 1e-3, isCall });
        for (const name of ["price", "delta", "gamma", "vega", "theta"] as const) {
          expectClose(near[name], limit[name], 1e-10, `${name} at ${strike}`);
        }
      }
    }
  });

  it("keeps a small price positive far out of the money", () => {
    const week = expiryContext({ seconds: 604_800, carry: 0, rate: 0 });
    const price = optionPrice(week, { spot: 3_000, strike: 9_000, volatility: 0.7, isCall: true });
    // mpmath, 31 orders of magnitude below the spot.
    expectClose(price / 1.9699e-28, 1, 1e-4);
  });

  it("adds up a book", () => {
    const week = expiryContext({ seconds: 604_800, carry: 0.11, rate: 0 });
    const book = bookGreeks(week, 3_000, [
      { strike: 2_800, volatility: 0.75, calls: 0, puts: -4 },
      { strike: 3_200, volatility: 0.68, calls: -5, puts: 2 },
    ]);
    const put = optionGreeks(week, { spot: 3_000, strike: 2_800, volatility: 0.75, isCall: false });
    const otherCall = optionGreeks(week, { spot: 3_000, strike: 3_200, volatility: 0.68, isCall: true });
    const otherPut = optionGreeks(week, { spot: 3_000, strike: 3_200, volatility: 0.68, isCall: false });
    for (const name of ["price", "delta", "gamma", "vega", "theta"] as const) {
      expectClose(book[name], -4 * put[name] - 5 * otherCall[name] + 2 * otherPut[name], 1e-9);
    }
    expect(bookGreeks(week, 3_000, [])).to.deep.equal({ price: 0, delta: 0, gamma: 0, vega: 0, theta: 0 });
  });
});
