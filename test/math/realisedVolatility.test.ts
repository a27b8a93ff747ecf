import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { describe, it } from "mocha";
import { HOURS_PER_YEAR, hourlyDecay, updateVariance, varianceAfter } from "../../keeper/math/realisedVolatility.ts";
import type { TwinHarness } from "../../types/index.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { expectClose, fromWad, logUniform, toWad } from "./numbers.ts";

const DECAY_10_DAYS = 997_116_053_334_589_198n; // RealisedVolatility.sol

const { ethers } = await network.create();
const harness = (await ethers.deployContract("TwinHarness")) as unknown as TwinHarness;

describe("realised volatility", () => {
  it("has the decay of a 10-day half-life, which the contract holds in WAD", () => {
    expectClose(hourlyDecay() ** 240, 0.5, 1e-13);
    expectClose(fromWad(DECAY_10_DAYS), hourlyDecay(), 2e-16);
    expect(hourlyDecay(1)).to.equal(0.5);
  });

  it("weighs one return", () => {
    const sample = Math.log(1.01) ** 2 * HOURS_PER_YEAR;
    expectClose(updateVariance(0.49, 3_000, 3_030, 0), sample, 1e-12);
    expect(updateVariance(0.49, 3_000, 3_030, 1)).to.equal(0.49);
    expectClose(updateVariance(0.49, 3_000, 3_030), 0.4910881695347487, 1e-15);
  });

  it("finds the volatility of a path that has one", () => {
    // Returns of alternating sign and equal size: 70 % a year exactly.
    const step = 0.7 / Math.sqrt(HOURS_PER_YEAR);
    const prices = Array.from({ length: 5_000 }, (_, hour) => 3_000 * Math.exp(hour % 2 === 0 ? 0 : step));
    expectClose(Math.sqrt(varianceAfter(0.04, prices)), 0.7, 1e-6);
    expect(varianceAfter(0.04, [3_000])).to.equal(0.04);
    expect(varianceAfter(0.04, [])).to.equal(0.04);
  });

  it("is the same in TypeScript and on chain, along a whole path", async () => {
    const moves = fc.sample(fc.double({ min: -0.05, max: 0.05, noNaN: true }), { numRuns: fuzzRuns(120), seed: 6 });
    let price = toWad(3_000);
    let onChain = toWad(0.49);
    let twin = 0.49;
    for (const move of moves) {
      const next = toWad(fromWad(price) * Math.exp(move));
      onChain = await harness.updateVariance(onChain, price, next, DECAY_10_DAYS);
      twin = updateVariance(twin, fromWad(price), fromWad(next));
      price = next;
      expectClose(fromWad(onChain), twin, 1e-13 * twin);
    }
    expectClose(fromWad(await harness.realisedVolatility(onChain)), Math.sqrt(twin), 1e-13);
  });

  it("is the same in TypeScript and on chain for any jump and decay", async () => {
    const cases = fc.record({
      variance: logUniform(1e-4, 100),
      previous: logUniform(1e-2, 1e8),
      price: logUniform(1e-2, 1e8),
      decay: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    for (const { variance, previous, price, decay } of fc.sample(cases, { numRuns: fuzzRuns(150), seed: 7 })) {
      const args = [variance, previous, price, decay].map(toWad) as [bigint, bigint, bigint, bigint];
      const [v, before, after, weight] = args.map(fromWad) as [number, number, number, number];
      const expected = updateVariance(v, before, after, weight);
      expectClose(fromWad(await harness.updateVariance(...args)), expected, 1e-12 * expected + 1e-17);
    }
  });
});
