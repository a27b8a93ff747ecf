import { readFileSync } from "node:fs";
import { expect } from "chai";
import { describe, it } from "mocha";
import { type Kernel, regenerate } from "../../scripts/fit/coefficients.ts";
import { FixedPoint, integerSqrt } from "../../scripts/fit/fixedPoint.ts";
import { millsRatio, normalDensity, scaledAtanh, scaledCoth } from "../../scripts/fit/functions.ts";
import { evaluate, fitRational, SingularFit } from "../../scripts/fit/rationalFit.ts";
import { compareKernel, compareReference, rewrite } from "../../scripts/fit/sources.ts";

const ROOT = new URL("../../", import.meta.url);
const fp = new FixedPoint(256);
const regenerated = regenerate();

function read(source: string): string {
  return readFileSync(new URL(source, ROOT), "utf8");
}

function kernelNamed(name: string): Kernel {
  return regenerated.kernels.find((kernel) => kernel.source.endsWith(`/${name}.sol`))!;
}

describe("fixed-point arithmetic of the fit", () => {
  it("knows its constants to 50 digits", () => {
    expect(fp.toString(fp.pi, 50)).to.equal("3.1415926535897932384626433832795028841971693993751");
    expect(fp.toString(fp.ln2, 50)).to.equal("6.9314718055994530941723212145817656807550013436025e-1");
    expect(fp.toString(fp.exp(fp.one), 50)).to.equal("2.7182818284590452353602874713526624977572470936999");
    expect(fp.toString(fp.exp(-50n * fp.one), 40)).to.equal("1.928749847963917783017342816527012574752e-22");
  });

  it("parses decimals and rounds to the nearest integer", () => {
    expect(fp.parse("-12.5")).to.equal((-25n * fp.one) / 2n);
    expect(fp.parse("25e-1")).to.equal((5n * fp.one) / 2n);
    expect(() => fp.parse("1,5")).to.throw(SyntaxError, '"1,5"');
    expect(fp.toInteger(fp.parse("0.75"), 1)).to.equal(2n);
    expect(fp.toInteger(fp.parse("-0.75"), 1)).to.equal(-2n);
    expect(fp.toInteger(fp.parse("0.74"), 1)).to.equal(1n);
  });

  it("takes square roots downwards", () => {
    for (const n of [0n, 1n, 2n, 3n, 4n, 10n ** 60n - 1n, 10n ** 60n]) {
      const root = integerSqrt(n);
      expect(root * root <= n && (root + 1n) ** 2n > n, `${n}`).to.equal(true);
    }
  });

  it("computes the functions that are fitted", () => {
    // mpmath: Phi(-1)/phi(1), Phi(-9)/phi(9), 0.2*coth(0.1), 20*atanh(0.1).
    const cases = [
      [millsRatio(fp, fp.one), "6.556795424187984715438712307308112833992e-1"],
      [millsRatio(fp, 9n * fp.one), "1.097872825783082912306378330560974402496e-1"],
      [normalDensity(fp, fp.one), "2.419707245191433497978301929355606548286e-1"],
      [scaledCoth(fp, fp.parse("0.04")), "2.006662226450797922029054098570299825347"],
      [scaledAtanh(fp, fp.parse("0.01")), "2.006706954621511612714531041200778905267"],
    ] as const;
    for (const [actual, expected] of cases)
      expect(fp.toString(actual, 40).slice(0, 36)).to.equal(expected.slice(0, 36));
  });
});

describe("rational near-minimax fit", () => {
  it("levels its error: the extremes alternate in sign and are of equal size", () => {
    const degree = 5;
    const weight = (u: bigint) => fp.sqrt(u);
    const to = fp.parse("0.02944");
    const fit = fitRational(fp, {
      value: (u) => scaledAtanh(fp, u),
      weight,
      from: 1n,
      to,
      numeratorDegree: degree,
      denominatorDegree: 0,
      leadingTie: false,
      iterations: 40,
    });
    const extremes: bigint[] = [];
    for (let i = 1n; i <= 400n; ++i) {
      const u = (to * i * i) / 160_000n;
      const error = fp.mul(weight(u), evaluate(fp, fit.numerator, u) - scaledAtanh(fp, u));
      const last = extremes.at(-1);
      if (last === undefined || last > 0n !== error > 0n) extremes.push(error);
      else if (error > 0n ? error > last : error < last) extremes[extremes.length - 1] = error;
    }
    const sizes = extremes.map((error) => Number(error < 0n ? -error : error) / Number(fit.error));
    expect(sizes).to.have.length(degree + 2);
    expect(Math.min(...sizes)).to.be.above(0.9);
    expect(Math.max(...sizes)).to.be.below(1.02);
  });

  it("finds a rational function that is one", () => {
    // (1 + x) / (1 + x/2 + x²/4): both leading terms free.
    const value = (x: bigint) => fp.div(fp.one + x, fp.one + x / 2n + fp.mul(x, x) / 4n);
    const fit = fitRational(fp, {
      value,
      weight: () => fp.one,
      from: 0n,
      to: fp.one,
      numeratorDegree: 1,
      denominatorDegree: 2,
      leadingTie: false,
      iterations: 2,
    });
    expect(fit.numerator.map((c) => fp.toInteger(c, 100))).to.deep.equal([1n << 100n, 1n << 100n]);
    expect(fit.denominator.map((c) => fp.toInteger(c, 100))).to.deep.equal([1n << 100n, 1n << 99n, 1n << 98n]);
  });

  it("refuses a fit beyond its working precision", () => {
    const coarse = new FixedPoint(32);
    const attempt = () =>
      fitRational(coarse, {
        value: (x) => coarse.exp(x),
        weight: () => coarse.one,
        from: 0n,
        to: coarse.one,
        numeratorDegree: 12,
        denominatorDegree: 0,
        leadingTie: false,
        iterations: 1,
      });
    expect(attempt).to.throw(SingularFit, "raise the working precision");
  });
});

describe("committed coefficients", () => {
  for (const kernel of regenerated.kernels) {
    it(`${kernel.source} holds the regenerated ones and no others`, () => {
      expect(compareKernel(kernel, read(kernel.source))).to.deep.equal([]);
    });
  }

  it("do not depend on the working precision", () => {
    const coarser = regenerate(512);
    const integers = (kernels: readonly Kernel[]) => kernels.flatMap((k) => k.coefficients.map((c) => c.integer));
    expect(integers(coarser.kernels)).to.deep.equal(integers(regenerated.kernels));
  });

  it("are found out when one digit differs, one is missing or one is not named", () => {
    const kernel = kernelNamed("Exp");
    const text = read(kernel.source);
    const changed = text.replace("0xb1b42997c7", "0xb1b42997c8");
    expect(compareKernel(kernel, changed).map(({ name }) => name)).to.deep.equal(["C5_Q64"]);
    const missing = text.replace(/^.*C5_Q64 = .*$/m, "");
    expect(compareKernel(kernel, missing)).to.deep.include({
      source: kernel.source,
      name: "C5_Q64",
      committed: "nothing",
      expected: "0xb1b42997c7",
    });
    const extra = text.replace("let r :=", "let s := 0x123456789abcdef\n let r :=");
    expect(compareKernel(kernel, extra).map(({ committed }) => committed)).to.deep.equal(["0x123456789abcdef"]);
    const other = text.replace("library Exp {", "library Exp {\n uint256 private constant D0_Q64 = 0x123456789a;");
    expect(compareKernel(kernel, other).map(({ name }) => name)).to.deep.equal(["D0_Q64"]);
  });

  it("are found out in a plain reference, and comments are not", () => {
    const { coefficients } = kernelNamed("Exp");
    expect(compareReference("Plain.sol", "x = 0xb1b42997c7; // 0x123456789abc", coefficients)).to.deep.equal([]);
    expect(compareReference("Plain.sol", "x = 0xb1b42997c6;", coefficients)).to.have.length(1);
  });

  it("keep their sign", () => {
    const kernel = kernelNamed("ImpliedVolatility");
    const text = read(kernel.source);
    const positive = text.replace("P0_Q64 = -", "P0_Q64 = ");
    expect(compareKernel(kernel, positive).map(({ name }) => name)).to.deep.equal(["P0_Q64"]);
    expect(rewrite(positive, positive, kernel.coefficients)).to.equal(text);
  });

  it("are rewritten under their name, here and in the reference", () => {
    const { coefficients } = kernelNamed("Exp");
    const stale = "uint256 private constant C5_Q64 = 0xb1b42997c6; // old";
    expect(rewrite(stale, stale, coefficients)).to.equal("uint256 private constant C5_Q64 = 0xb1b42997c7; // old");
    expect(rewrite("c = u * 0xb1b42997c6;", stale, coefficients)).to.equal("c = u * 0xb1b42997c7;");
  });
});
