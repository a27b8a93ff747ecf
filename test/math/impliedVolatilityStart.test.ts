import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { abscissa, fitStart } from "../../scripts/fit/impliedVolatilityStart.ts";

const source = readFileSync(
  path.resolve(import.meta.dirname, "../../contracts/libraries/ImpliedVolatility.sol"),
  "utf8",
);

/** The value of a constant of the contract, in Q64. */
function committed(name: string): bigint {
  const match = new RegExp(`constant ${name}_Q64 = (-?\\d+);`).exec(source);
  if (!match) throw new Error(`expected a constant ${name}_Q64 in ImpliedVolatility.sol`);
  return BigInt(match[1]!);
}

/** A number of six decimals in Q64, rounded to the nearest. */
function toQ64(x: number): bigint {
  const millionths = BigInt(Math.round(x * 1e6));
  const size = ((millionths < 0n ? -millionths : millionths) * 2n ** 64n + 500_000n) / 1_000_000n;
  return millionths < 0n ? -size : size;
}

describe("start of the implied volatility", () => {
  const fit = fitStart();

  it("has the coefficients that its script finds", () => {
    const names = ["P0", "P1", "P2", "P3", "Q1", "Q2"];
    expect(names.map(committed)).to.deep.equal([...fit.numerator, ...fit.denominator.slice(1)].map(toQ64));
  });

  it("is exact to three digits", () => {
    expect(fit.error).to.be.lessThan(3e-4);
  });

  it("covers every time value below a fifth of the distance", () => {
    // Where the contract switches, u = sqrt(ln 5).
    expect(abscissa(0.65)).to.be.lessThan(Math.sqrt(Math.log(5)));
  });
});
