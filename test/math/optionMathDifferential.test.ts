import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { describe, it } from "mocha";
import { impliedVolatility, NoImpliedVolatility } from "../../keeper/math/impliedVolatility.ts";
import { bookGreeks, expiryContext, type Greeks, type Option, optionGreeks } from "../../keeper/math/optionMath.ts";
import type { TwinHarness } from "../../types/index.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { expectClose, fromWad, logUniform, toWad } from "./numbers.ts";

interface Terms {
  seconds: number;
  carry: number;
  rate: number;
}

const { ethers } = await network.create();
const harness = (await ethers.deployContract("TwinHarness")) as unknown as TwinHarness;

/** What the contracts and their float64 twins may differ by, per unit of spot: issue 3's figure. */
const TOLERANCE = 1e-9;

const double = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const terms = fc.record({
  seconds: fc.integer({ min: 1, max: 315_360_000 }),
  carry: double(-1, 1),
  rate: double(-1, 1),
});
const option = fc.record({
  spot: logUniform(1e-2, 1e6),
  moneyness: fc.oneof(logUniform(0.1, 10), logUniform(0.9, 1.1)),
  volatility: logUniform(0.01, 10),
  isCall: fc.boolean(),
});

/** Both sides see the same numbers: those on the grid of WAD. */
function onGrid(value: number): number {
  return fromWad(toWad(value));
}

async function onChain({ seconds, carry, rate }: Terms, { spot, strike, volatility, isCall }: Option): Promise<Greeks> {
  const [s, k, v, b, r] = [spot, strike, volatility, carry, rate].map(toWad) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const greeks = await harness.greeks(s, k, v, seconds, b, r, isCall);
  return {
    price: fromWad(greeks.price),
    delta: fromWad(greeks.delta),
    gamma: fromWad(greeks.gamma),
    vega: fromWad(greeks.vega),
    theta: fromWad(greeks.theta),
  };
}

function expectSame(actual: Greeks, expected: Greeks, scale: number, dust: number): void {
  expectClose(actual.price, expected.price, TOLERANCE * scale + dust, "price");
  expectClose(actual.delta, expected.delta, TOLERANCE * Math.max(1, Math.abs(expected.delta)), "delta");
  expectClose(actual.gamma, expected.gamma, TOLERANCE * Math.max(1, expected.gamma), "gamma");
  expectClose(actual.vega, expected.vega, TOLERANCE * Math.max(scale, expected.vega) + dust, "vega");
  expectClose(actual.theta, expected.theta, TOLERANCE * Math.max(scale, Math.abs(expected.theta)) + dust, "theta");
}

async function expectTwins(when: Terms, what: Option): Promise<void> {
  const rounded = { seconds: when.seconds, carry: onGrid(when.carry), rate: onGrid(when.rate) };
  const grid = { ...what, spot: onGrid(what.spot), strike: onGrid(what.strike), volatility: onGrid(what.volatility) };
  const expected = optionGreeks(expiryContext(rounded), grid);
  // Rates of ±100 % over ten years make an option worth e^10 times its spot.
  const { discount, forwardFactor } = expiryContext(rounded);
  const scale = Math.max(grid.spot, grid.spot * discount * forwardFactor, grid.strike * discount);
  expectSame(await onChain(rounded, grid), expected, scale, 1e-17);
}

describe("OptionMath.sol and its twin", () => {
  it("agree to 1e-9 of spot on random options", async () => {
    for (const [when, { moneyness, ...what }] of fc.sample(fc.tuple(terms, option), {
      numRuns: fuzzRuns(400),
      seed: 12,
    })) {
      await expectTwins(when, { ...what, strike: what.spot * moneyness });
    }
  });

  it("agree at the limits: expired, without volatility, at the forward", async () => {
    for (const seconds of [0, 1, 604_800, 315_360_000]) {
      for (const volatility of [0, 1e-9, 1e-3, 10]) {
        for (const strike of [2_900, 3_000, 3_100]) {
          for (const isCall of [true, false]) {
            for (const carry of [0, 1, -1]) {
              await expectTwins({ seconds, carry, rate: 0 }, { spot: 3_000, strike, volatility, isCall });
            }
          }
        }
      }
    }
  });

  it("agree at strikes from 2^-100 to 2^100 of the spot", async () => {
    for (const exponent of [-100, -50, 50, 100]) {
      for (const isCall of [true, false]) {
        const spot = exponent < 0 ? 2 ** 66 : 2 ** -36;
        const what = { spot, strike: spot * 2 ** exponent, volatility: 1, isCall };
        await expectTwins({ seconds: 604_800, carry: 0.1, rate: 0 }, what);
        await expectTwins({ seconds: 315_360_000, carry: 0.1, rate: 0 }, { ...what, volatility: 10 });
      }
    }
  });

  it("agree on a book", async () => {
    const when = { seconds: 604_800, carry: onGrid(0.11), rate: onGrid(-0.02) };
    const legs = Array.from({ length: 12 }, (_, i) => ({
      strike: 2_000 + 150 * i,
      volatility: onGrid(0.6 + 0.02 * i),
      calls: i % 4,
      puts: i % 3,
    }));
    const slots = legs.map(
      ({ strike, calls, puts }) => BigInt(strike) * 10n ** 9n + (toWad(calls) << 64n) + (toWad(puts) << 160n),
    );
    const volatilities = legs.map(({ volatility }) => toWad(volatility));
    const [carry, rate, spot] = [when.carry, when.rate, 3_000].map(toWad) as [bigint, bigint, bigint];
    const actual = await harness.position(when.seconds, carry, rate, spot, slots, volatilities);
    const expected = bookGreeks(expiryContext(when), 3_000, legs);
    expectClose(fromWad(actual.value), expected.price, TOLERANCE * 3_000, "value");
    for (const name of ["delta", "gamma", "vega", "theta"] as const) {
      expectClose(fromWad(actual[name]), expected[name], TOLERANCE * Math.abs(expected[name]), name);
    }
    expect(expected.gamma).to.be.above(1);
  });

  it("imply the same volatility from a price", async () => {
    let compared = 0;
    for (const [when, { moneyness, ...what }] of fc.sample(fc.tuple(terms, option), {
      numRuns: fuzzRuns(400),
      seed: 13,
    })) {
      const rounded = { seconds: when.seconds, carry: onGrid(when.carry / 10), rate: onGrid(when.rate / 10) };
      const context = expiryContext(rounded);
      const grid = { ...what, spot: onGrid(what.spot), strike: onGrid(what.spot * moneyness) };
      const greeks = optionGreeks(context, grid);
      const forward = grid.spot * context.discount * context.forwardFactor;
      const intrinsic = Math.max((grid.isCall ? 1 : -1) * (forward - grid.strike * context.discount), 0);
      // Where a change of the price by its last double or WAD does not move the volatility by 1e-9.
      const dust = Math.max(forward, grid.strike) * 8 * Number.EPSILON + 2e-18;
      if (greeks.price - intrinsic < 1e-6 * grid.spot || dust > 1e-10 * greeks.vega) continue;
      compared += 1;
      const price = onGrid(greeks.price);
      const expected = impliedVolatility(context, { ...grid, price });
      const args = [toWad(grid.spot), toWad(grid.strike), toWad(price), rounded.seconds] as const;
      const actual = await harness.impliedVolatility(...args, toWad(rounded.carry), toWad(rounded.rate), grid.isCall);
      expectClose(fromWad(actual), expected, 1e-9 * Math.max(1, expected), "implied volatility");
      expectClose(expected, what.volatility, 1e-9 * Math.max(1, expected), "volatility");
    }
    expect(compared).to.be.above(150);
  });

  it("refuse the same prices", async () => {
    const context = expiryContext({ seconds: 604_800, carry: 0, rate: 0 });
    for (const [price, isCall] of [
      [99, true],
      [3_000, true],
      [3_001, true],
      [2_900, false],
    ] as const) {
      const option = { spot: 3_000, strike: 2_900, isCall, price };
      expect(() => impliedVolatility(context, option)).to.throw(NoImpliedVolatility);
      const call = harness.impliedVolatility(toWad(3_000), toWad(2_900), toWad(price), 604_800, 0, 0, isCall);
      await expect(call).to.be.revertedWithCustomError(harness, "OutOfRange").withArgs(6, toWad(price));
    }
  });
});
