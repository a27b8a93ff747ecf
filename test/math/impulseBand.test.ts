import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { describe, it } from "mocha";
import {
  type BookTerms,
  bookBand,
  type ContractTerms,
  contractBand,
  floorBand,
  returnToOuter,
  targetDelta,
} from "../../keeper/math/impulseBand.ts";
import type { TwinHarness } from "../../types/index.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { itWithShared } from "../helpers/shared.ts";
import { expectClose, fromWad, logUniform, toWad } from "./numbers.ts";

interface Row {
  S: number;
  iv: number;
  days: number;
  lam: number;
  gas_usd: number;
  N: number;
  a: number;
  gamma: number;
  H: number;
  h: number;
  WW: number;
}

const { ethers } = await network.create();
const harness = (await ethers.deployContract("TwinHarness")) as unknown as TwinHarness;

/** POLICY.md's example: 50 at-the-money contracts of a week at a spot of 3,000. */
const EXAMPLE: BookTerms = {
  contracts: 50,
  spot: 3_000,
  gamma: 0.0013701812999238742 * 3_000 * 50,
  proportionalCost: 5e-4,
  fixedCost: 0.5,
  riskAversion: 100,
  volatility: 0.7,
  seconds: 604_800,
};

const contractTerms = fc.record({
  gamma: logUniform(1e-6, 1e3),
  proportionalCost: logUniform(1e-7, 0.1),
  fixedCost: logUniform(1e-9, 0.1),
  riskAversion: logUniform(1, 1e4),
});

/** Terms on the grid of WAD, so that both sides see the same numbers. */
function onGrid<T extends object>(terms: T): T {
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, fromWad(toWad(value))])) as T;
}

async function onChain(terms: ContractTerms): Promise<{ outer: number; inner: number }> {
  const { gamma, proportionalCost, fixedCost, riskAversion } = terms;
  const args = [gamma, proportionalCost, fixedCost, riskAversion].map(toWad) as [bigint, bigint, bigint, bigint];
  const { outer, inner } = await harness.bandOfContract(...args);
  return { outer: fromWad(outer), inner: fromWad(inner) };
}

async function bookOnChain(terms: BookTerms): Promise<{ outer: number; inner: number }> {
  const { seconds, ...wads } = terms;
  const scaled = Object.fromEntries(Object.entries(wads).map(([name, value]) => [name, toWad(value)]));
  const { outer, inner } = await harness.bandOfBook({
    ...(scaled as Record<keyof typeof wads, bigint>),
    secondsToExpiry: seconds,
  });
  return { outer: fromWad(outer), inner: fromWad(inner) };
}

function expectRatio(actual: number, expected: number, tolerance: number): void {
  expect(Math.abs(actual / expected - 1), `${actual} against ${expected}`).to.be.below(tolerance);
}

describe("impulse band", () => {
  it("gives the policy's example, in TypeScript and on chain", async () => {
    for (const { outer, inner } of [bookBand(EXAMPLE), await bookOnChain(EXAMPLE)]) {
      expectClose(outer / 50, 0.07287, 5e-6);
      expectClose(inner / 50, 0.03289, 5e-6);
    }
  });

  itWithShared<Row[]>("reproduces the six vectors to 1e-6", "policy/impulse_vectors.json", async (rows) => {
    expect(rows).to.have.length(6);
    for (const row of rows) {
      const costs = { proportionalCost: row.lam, riskAversion: row.a };
      const gamma = row.gamma * row.S;
      const terms = { ...costs, gamma, fixedCost: row.gas_usd / (row.N * row.S) };
      const book = { ...costs, contracts: row.N, spot: row.S, gamma: gamma * row.N, fixedCost: row.gas_usd };
      const wholeBook = { ...book, volatility: row.iv, seconds: row.days * 86_400 };
      const perContract = [contractBand(terms), await onChain(terms)];
      const perBook = [bookBand(wholeBook), await bookOnChain(wholeBook)];
      for (const { outer, inner } of [...perContract, ...perBook.map((b) => scaleBand(b, 1 / row.N))]) {
        expectRatio(outer, row.H, 1e-6);
        expectRatio(inner, row.h, 1e-6);
      }
      for (const { outer, inner } of [
        contractBand({ ...terms, fixedCost: 0 }),
        await onChain({ ...terms, fixedCost: 0 }),
      ]) {
        expectRatio(outer, row.WW, 1e-9);
        expect(inner).to.equal(outer);
      }
    }
  });

  it("is the same in TypeScript and on chain", async () => {
    const rows = fc.sample(contractTerms, { numRuns: fuzzRuns(300), seed: 3 }).map(onGrid);
    for (const terms of rows) {
      const expected = contractBand(terms);
      const actual = await onChain(terms);
      expectClose(actual.outer, expected.outer, 1e-9 * expected.outer + 1e-17);
      expectClose(actual.inner, expected.inner, 1e-9 * expected.inner + 1e-17);
    }
  });

  it("is the same at both limits", async () => {
    for (const terms of fc.sample(contractTerms, { numRuns: fuzzRuns(50), seed: 4 }).map(onGrid)) {
      for (const limit of [
        { fixedCost: 0 },
        { proportionalCost: 0 },
        { gamma: 0 },
        { fixedCost: 0, proportionalCost: 0 },
      ]) {
        const expected = contractBand({ ...terms, ...limit });
        const actual = await onChain({ ...terms, ...limit });
        expectClose(actual.outer, expected.outer, 1e-10 * expected.outer + 1e-17);
        expectClose(actual.inner, expected.inner, 1e-10 * expected.inner + 1e-17);
      }
    }
  });

  it("is the same for whole books, with the floor and without open interest", async () => {
    const books = fc.record({
      contracts: fc.oneof(logUniform(1, 1e5), fc.constant(0)),
      spot: logUniform(1, 1e5),
      gamma: fc.oneof(logUniform(1e-3, 1e5), fc.constant(0)),
      proportionalCost: logUniform(1e-5, 1e-2),
      fixedCost: logUniform(0.01, 100),
      riskAversion: logUniform(60, 200),
      volatility: fc.double({ min: 0.2, max: 3, noNaN: true }),
      seconds: fc.integer({ min: 0, max: 7_776_000 }),
    });
    for (const { seconds, ...book } of fc.sample(books, { numRuns: fuzzRuns(200), seed: 5 })) {
      const terms = { ...onGrid(book), seconds };
      const expected = bookBand(terms);
      const actual = await bookOnChain(terms);
      // A fixed cost of 1e-12 of the notional has six digits in WAD.
      expectClose(actual.outer, expected.outer, 1e-6 * expected.outer + 1e-12);
      expectClose(actual.inner, expected.inner, 1e-6 * expected.inner + 1e-12);
    }
  });

  it("is Whalley–Wilmott's without a fixed cost and the fixed-cost limit without a proportional one", () => {
    fc.assert(
      fc.property(contractTerms, (terms) => {
        const { gamma, proportionalCost, fixedCost, riskAversion } = terms;
        const single = contractBand({ ...terms, fixedCost: 0 });
        expectRatio(single.outer, Math.cbrt((1.5 * proportionalCost * gamma * gamma) / riskAversion), 1e-12);
        expect(single.inner).to.equal(single.outer);
        const fixed = contractBand({ ...terms, proportionalCost: 0 });
        expectRatio(fixed.outer, ((12 * fixedCost * gamma * gamma) / riskAversion) ** 0.25, 1e-12);
        expect(fixed.inner).to.equal(0);
        const both = contractBand(terms);
        expect(both.inner).to.be.at.most(single.outer * (1 + 1e-12));
        expect(both.outer).to.be.at.least(single.outer * (1 - 1e-12));
      }),
    );
  });

  it("solves its equation", () => {
    fc.assert(
      fc.property(contractTerms, (terms) => {
        const { gamma, proportionalCost, fixedCost, riskAversion } = terms;
        const { outer, inner } = contractBand(terms);
        // H·h·(H + h) = 3·G²·λ/a, and E⁹ = Q·(1+E)⁴·(2+E) with E = H/h − 1.
        expectRatio(outer * inner * (outer + inner), (3 * gamma * gamma * proportionalCost) / riskAversion, 1e-10);
        const ratio = outer / inner - 1;
        fc.pre(ratio > 1e-3);
        const q = ((64 / 3) * fixedCost ** 3 * riskAversion) / (proportionalCost ** 4 * gamma * gamma);
        expectRatio(ratio ** 9, q * (1 + ratio) ** 4 * (2 + ratio), 1e-9);
      }),
    );
  });

  it("has a floor that does not fade with gamma", () => {
    const { riskAversion, proportionalCost } = EXAMPLE;
    const floor = floorBand({ proportionalCost, riskAversion, fixedCost: 1e-6, variance: 0.01 });
    expectClose(floor.inner, 5e-4, 1e-15);
    expectClose(floor.outer, 5e-4 + Math.sqrt(2e-6), 1e-15);
    const faded = bookBand({ ...EXAMPLE, gamma: 0 });
    expectClose(faded.inner / 50, 5e-4 / (100 * 0.49 * (7 / 365)), 1e-12);
    expect(bookBand({ ...EXAMPLE, gamma: 0, seconds: 0 })).to.deep.equal(
      bookBand({ ...EXAMPLE, gamma: 0, seconds: 3_600 }),
    );
  });

  it("without open interest closes what is dearer to keep trading than to close", () => {
    const { outer, inner } = bookBand({ ...EXAMPLE, contracts: 0 });
    expect(inner).to.equal(0);
    expectClose(outer * EXAMPLE.proportionalCost * EXAMPLE.spot, EXAMPLE.fixedCost, 1e-15);
    expect(bookBand({ ...EXAMPLE, contracts: 0, fixedCost: 0 }).outer).to.equal(0);
    expect(bookBand({ ...EXAMPLE, contracts: 0, proportionalCost: 0 }).outer).to.equal(Number.POSITIVE_INFINITY);
  });

  it("trades back to the inner edge only from outside, and keeps the sign", () => {
    const band = { outer: 3, inner: 1 };
    expect([4, 3, 0.5, -3, -3.1].map((net) => targetDelta(net, band))).to.deep.equal([1, 3, 0.5, -3, -1]);
  });

  it("says how far spot may move before the band is used up", () => {
    const band = { outer: 3, inner: 1 };
    expect(returnToOuter(-1, band, 40)).to.equal(0.05);
    expect(returnToOuter(5, band, 40)).to.equal(0);
    expect(returnToOuter(1, band, 0)).to.equal(Number.POSITIVE_INFINITY);
    expect(returnToOuter(5, band, 0)).to.equal(0);
  });
});

function scaleBand(band: { outer: number; inner: number }, by: number): { outer: number; inner: number } {
  return { outer: band.outer * by, inner: band.inner * by };
}
