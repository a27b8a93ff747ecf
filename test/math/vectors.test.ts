import { expect } from "chai";
import hre from "hardhat";
import { callMany } from "../helpers/batch.ts";
import {
  type OptionVector,
  optionArguments,
  parseDecimal,
  REFERENCE_DECIMALS,
  readOptionVectors,
  timeValues,
  vectorFiles,
} from "../helpers/optionVectors.ts";
import { missingShared, readShared } from "../helpers/sharedData.ts";

const WAD = 10n ** 18n;
const ONE = 10n ** BigInt(REFERENCE_DECIMALS);
const TO_REFERENCE = 10n ** BigInt(REFERENCE_DECIMALS - 18);

const size = (x: bigint) => (x < 0n ? -x : x);
/** A number in reference decimals, to compare with a small limit. */
const toNumber = (x: bigint) => Number(x) / Number(ONE);
const max = (values: bigint[]) => values.toSorted((a, b) => (a < b ? 1 : -1))[0] ?? 0n;
const largest = (errors: bigint[]) => toNumber(max(errors));

async function deploy(name: string) {
  const { ethers } = await hre.network.create();
  return { meter: await ethers.deployContract("GasMeter"), contract: await ethers.deployContract(name) };
}

/** A test of reference data, or one that says which file it would need. */
function withShared(file: string, title: string, body: () => Promise<void>) {
  const missing = missingShared(file);
  if (missing) it.skip(`${title} (${missing})`, () => undefined);
  else it(title, body);
}

describe("option mathematics on the reference tables", () => {
  for (const file of Object.values(vectorFiles)) {
    withShared(file, `price and greeks of ${file} are within their errors, and none reverts`, async () => {
      const vectors = readOptionVectors(file);
      const { meter, contract } = await deploy("OptionBench");
      const results = await callMany({ meter, contract, method: "run", argumentLists: vectors.map(optionArguments) });
      expect(results.filter((result) => result === undefined)).to.have.length(0);
      const rows = vectors.map((vector, i) => ({ vector, greeks: results[i]![0] }));
      const errors = (pick: (vector: OptionVector) => bigint, field: string, scale: (v: OptionVector) => bigint) =>
        rows.map(
          ({ vector, greeks }) => (size(BigInt(greeks[field]) * TO_REFERENCE - pick(vector)) * WAD) / scale(vector),
        );
      const perSpot = (vector: OptionVector) => vector.spot;
      const absolute = () => WAD;

      const large = rows.filter(({ vector }) => vector.spot >= WAD);
      const priceErrors = large.map(
        ({ vector, greeks }) => (size(greeks.price * TO_REFERENCE - vector.price) * WAD) / vector.spot,
      );
      expect(large.length).to.be.greaterThan(1000);
      expect(largest(priceErrors)).to.be.at.most(1e-17);
      expect(largest(errors((v) => v.delta, "delta", absolute))).to.be.at.most(1e-17);
      expect(largest(errors((v) => v.vega, "vega", perSpot))).to.be.at.most(1e-16);
      expect(largest(errors((v) => v.theta, "theta", perSpot))).to.be.at.most(1e-15);
      expect(largest(errors((v) => (v.gamma * v.spot) / WAD, "gamma", absolute))).to.be.at.most(1e-12);
      // The library's header promises more, beside the last digit.
      const atLeastOne = ({ spot }: OptionVector) => max([spot, WAD]);
      expect(largest(errors((v) => (v.gamma * v.spot) / WAD, "gamma", absolute))).to.be.at.most(1e-14);
      expect(largest(errors((v) => v.vega, "vega", atLeastOne))).to.be.at.most(1e-17);
      expect(largest(errors((v) => v.theta, "theta", atLeastOne))).to.be.at.most(2e-16);
    });

    withShared(file, `rounding of ${file} stays on the side asked for`, async () => {
      const vectors = readOptionVectors(file);
      const { meter, contract } = await deploy("MathHarness");
      const results = await callMany({
        meter,
        contract,
        method: "bracket",
        argumentLists: vectors.map(optionArguments),
      });
      const wrong = vectors.filter((vector, i) => {
        const { down, up } = results[i]!;
        return down * TO_REFERENCE > vector.price || up * TO_REFERENCE < vector.price;
      });
      expect(wrong).to.have.length(0);
      // Two errors of 1.7e-18 and two digits each; forwards are at most e^2 times spot in these rows.
      const widths = vectors.map((vector, i) => {
        const { down, up } = results[i]!;
        return ((BigInt(up) - BigInt(down) - 4n) * WAD) / (vector.spot + vector.strike);
      });
      expect(Number(max(widths))).to.be.at.most(30);
    });

    withShared(file, `implied volatility of ${file} is found wherever there is time value`, async () => {
      const vectors = readOptionVectors(file);
      const values = timeValues(vectors);
      const chosen = vectors
        .map((vector, i) => ({ vector, timeValue: (values[i]! * WAD) / vector.spot }))
        .filter(({ timeValue }) => timeValue > ONE / 10n ** 10n);
      const { meter, contract } = await deploy("ImpliedVolatilityBench");
      const argumentLists = chosen.map(({ vector }) =>
        optionArguments({ ...vector, volatility: (vector.price + TO_REFERENCE / 2n) / TO_REFERENCE }),
      );
      const results = await callMany({ meter, contract, method: "run", argumentLists });
      expect(results.filter((result) => result === undefined)).to.have.length(0);
      const errors = chosen.map(({ vector, timeValue }, i) => ({
        timeValue,
        error: size(BigInt(results[i]![0]) - vector.volatility),
      }));
      const clear = errors.filter(({ timeValue }) => timeValue > ONE / 1000n);
      expect(clear.length).to.be.greaterThan(500);
      expect(Number(max(clear.map(({ error }) => error)))).to.be.at.most(1e6);
    });
  }

  it("the normal distribution function never falls over 100,000 points", async () => {
    const { contract } = await deploy("MathHarness");
    const points = 100_000n;
    const perCall = 12_500n;
    const step = (20n * WAD) / points;
    for (let at = 0n; at < points; at += perCall) {
      const fall = await contract
        .getFunction("firstFallOfCdf")
        .staticCall(-10n * WAD + at * step, step, perCall, { gasLimit: 16_000_000n });
      expect(fall).to.equal(perCall);
    }
  });
});

describe("kernels on the reference scalars", () => {
  const file = "math/scalars.json.gz";
  type Scalars = Record<"cdf" | "exp" | "ln" | "sqrt", [string, string][]>;
  const points = (name: keyof Scalars) =>
    readShared<Scalars>(file)[name].map(([x, y]) => ({ x: BigInt(x), y: parseDecimal(y) }));

  withShared(file, "the normal distribution function is exact to 3e-18", async () => {
    const { meter, contract } = await deploy("MathHarness");
    const rows = points("cdf");
    const results = await callMany({ meter, contract, method: "cdf", argumentLists: rows.map(({ x }) => [x]) });
    const errors = rows.map(({ y }, i) => size(results[i]![0] * TO_REFERENCE - y));
    expect(largest(errors)).to.be.at.most(3e-18);
  });

  withShared(file, "the exponential is exact to 3e-19 of itself", async () => {
    const { meter, contract } = await deploy("MathHarness");
    const rows = points("exp").filter(({ y }) => y > ONE / 10n ** 18n);
    const argumentLists = rows.map(({ x }) => [(x << 96n) / WAD]);
    const results = await callMany({ meter, contract, method: "exp", argumentLists });
    const errors = rows.map(({ y }, i) => {
      const [mantissa, exponent] = results[i]!;
      const shift = 128n - BigInt(exponent);
      const value = shift >= 0n ? (mantissa * ONE) >> shift : (mantissa * ONE) << -shift;
      return (size(value - y) * ONE) / y;
    });
    expect(largest(errors)).to.be.at.most(3e-19);
  });

  withShared(file, "the logarithm is exact to 2.1e-19", async () => {
    const { meter, contract } = await deploy("MathHarness");
    const rows = points("ln");
    const results = await callMany({ meter, contract, method: "ln", argumentLists: rows.map(({ x }) => [x, WAD]) });
    const errors = rows.map(({ y }, i) => size(((results[i]![0] * ONE) >> 96n) - y));
    expect(largest(errors)).to.be.at.most(2.1e-19);
  });

  withShared(file, "the square root is exact to 1e-18 of itself", async () => {
    const { meter, contract } = await deploy("MathHarness");
    const rows = points("sqrt");
    const results = await callMany({
      meter,
      contract,
      method: "sqrt",
      argumentLists: rows.map(({ x }) => [x << 128n]),
    });
    // sqrt(x * 2^128) = sqrt(x / 1e18) * 1e9 * 2^64
    const errors = rows.map(({ y }, i) => (size(((results[i]![0] * ONE) >> 64n) / 10n ** 9n - y) * ONE) / y);
    expect(largest(errors)).to.be.at.most(1e-18);
  });
});
