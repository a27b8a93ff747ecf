import { FixedPoint } from "./fixedPoint.ts";
import { millsRatio, normalDensity, scaledAtanh, scaledCoth } from "./functions.ts";
import { fitStart } from "./impliedVolatilityStart.ts";
import { fitRational, type RationalFit, toMonic } from "./rationalFit.ts";

/** One committed number: `name` in the source is round(value · 2^scaleBits), where value is the fit's. */
export interface Coefficient {
  readonly name: string;
  readonly integer: bigint;
  /** The number itself, for people. */
  readonly decimal: string;
}

/** The coefficients of one Solidity file, and how good the fit behind them is. */
export interface Kernel {
  readonly source: string;
  readonly description: string;
  readonly coefficients: readonly Coefficient[];
}

export interface Regenerated {
  readonly kernels: readonly Kernel[];
  /** The Mills ratio as float64, by ascending power, for `keeper/math/normalDistribution.ts`. */
  readonly millsNumerator: readonly number[];
  readonly millsDenominator: readonly number[];
}

/** 512 bits already give the same integers; the rest is margin. */
export const WORKING_BITS = 640;

const LIBRARIES = "contracts/libraries";

/** Runs every fit and scales its coefficients as the kernels hold them. */
export function regenerate(workingBits: number = WORKING_BITS): Regenerated {
  const fp = new FixedPoint(workingBits);
  const mills = fitMills(fp);
  const kernels = [
    expKernel(fp),
    lnKernel(fp),
    millsKernel(fp, mills),
    densityKernel(fp),
    impliedVolatilityKernel(fp),
    impulseBandKernel(fp),
  ];
  const toNumber = (value: bigint) => Number(fp.toString(value, 30));
  return {
    kernels,
    millsNumerator: mills.numerator.map(toNumber),
    millsDenominator: mills.denominator.map(toNumber),
  };
}

/** e^r = (c + r) / (c − r) with c = r·coth(r/2), a polynomial in u = r² for |r| ≤ ln(2) / 2, u ≤ .12012. */
function expKernel(fp: FixedPoint): Kernel {
  const fit = fitRational(fp, {
    value: (u) => scaledCoth(fp, u),
    weight: () => fp.one,
    from: fp.parse("1e-30"),
    to: fp.parse("0.12012"),
    numeratorDegree: 5,
    denominatorDegree: 0,
    leadingTie: false,
    iterations: 40,
  });
  return {
    source: `${LIBRARIES}/math/Exp.sol`,
    description: `r·coth(r/2) in r², error ${fp.toString(fit.error, 4)}`,
    coefficients: [
      ...series(fp, "C", fit.numerator),
      coefficient(fp, "LN2", fp.ln2, 96),
      coefficient(fp, "LOG2E", fp.div(fp.one, fp.ln2), 95),
    ],
  };
}

/** ln m = 2·atanh(t), t = (m − 1) / (m + 1), m in [√½, √2], u = t² ≤ .02944; the weight √u is the factor t. */
function lnKernel(fp: FixedPoint): Kernel {
  const fit = fitRational(fp, {
    value: (u) => scaledAtanh(fp, u),
    weight: (u) => fp.sqrt(u),
    from: fp.parse("1e-30"),
    to: fp.parse("0.02944"),
    numeratorDegree: 7,
    denominatorDegree: 0,
    leadingTie: false,
    iterations: 40,
  });
  return {
    source: `${LIBRARIES}/math/Ln.sol`,
    description: `2·atanh(t)/t in t², error ${fp.toString(fit.error, 4)}`,
    coefficients: [
      ...series(fp, "C", fit.numerator),
      coefficient(fp, "LN2", fp.ln2, 96),
      coefficient(fp, "SQRT2", fp.sqrt(2n * fp.one), 32),
    ],
  };
}

/** R(x) = P₇(x) / Q₈(x) on [0, 9.2] with weight φ(x), both monic. */
function fitMills(fp: FixedPoint): RationalFit {
  const fit = fitRational(fp, {
    value: (x) => millsRatio(fp, x),
    weight: (x) => normalDensity(fp, x),
    from: 0n,
    to: fp.parse("9.2"),
    numeratorDegree: 7,
    denominatorDegree: 8,
    leadingTie: true,
    iterations: 60,
  });
  return toMonic(fp, fit);
}

function millsKernel(fp: FixedPoint, fit: RationalFit): Kernel {
  // Three products fit between two shifts: Q64, Q128, Q192 and back. The constant terms decide the scale of the ratio.
  const numeratorScales = [192, 128, 192, 128, 192, 128, 64];
  const denominatorScales = [128, 192, 128, 192, 128, 192, 128, 64];
  return {
    source: `${LIBRARIES}/math/MillsRatio.sol`,
    description: `Mills ratio P7/Q8, error ${fp.toString(fit.error, 4)} with weight φ`,
    coefficients: [
      ...numeratorScales.map((bits, power) => coefficient(fp, `P${power}`, fit.numerator[power]!, bits)),
      ...denominatorScales.map((bits, power) => coefficient(fp, `Q${power}`, fit.denominator[power]!, bits)),
    ],
  };
}

function densityKernel(fp: FixedPoint): Kernel {
  return {
    source: `${LIBRARIES}/math/NormalDistribution.sol`,
    description: "1/√(2π)",
    coefficients: [coefficient(fp, "INV_SQRT_2PI", fp.div(fp.one, fp.sqrt(2n * fp.pi)), 64)],
  };
}

/** The first guess of the implied volatility: six decimals that another fit finds, in Q64. */
function impliedVolatilityKernel(fp: FixedPoint): Kernel {
  const { numerator, denominator, error } = fitStart();
  const decimals = (prefix: string, values: readonly number[], from: number) =>
    values.slice(from).map((value, i) => coefficient(fp, `${prefix}${from + i}`, fp.parse(value.toFixed(6)), 64));
  const quarter = fp.one >> 2n;
  return {
    source: `${LIBRARIES}/ImpliedVolatility.sol`,
    description: `the normal model's inverse, relative error ${error.toPrecision(2)}`,
    coefficients: [
      ...decimals("P", numerator, 0),
      ...decimals("Q", denominator, 1),
      coefficient(fp, "CORRADO_MILLER", fp.div(fp.one, fp.pi) - quarter, 64),
      coefficient(fp, "SQRT_HALF_PI", fp.sqrt(fp.pi >> 1n), 64),
    ],
  };
}

function impulseBandKernel(fp: FixedPoint): Kernel {
  const ln = (numerator: bigint, denominator: bigint) => naturalLogarithm(fp, fp.ratio(numerator, denominator));
  return {
    source: `${LIBRARIES}/ImpulseBand.sol`,
    description: "logarithms of the band's constants",
    coefficients: [
      coefficient(fp, "LN2", fp.ln2, 96),
      coefficient(fp, "LN3", ln(3n, 1n), 96),
      coefficient(fp, "LN_3_2", ln(3n, 2n), 96),
      coefficient(fp, "LN12", ln(12n, 1n), 96),
      coefficient(fp, "LN_64_3", ln(64n, 3n), 96),
      coefficient(fp, "LN_1E18", ln(10n ** 18n, 1n), 96),
    ],
  };
}

/** Coefficients of an alternating Horner chain: Q128 and Q192 by turns, the last in Q64; negative ones as MINUS_. */
function series(fp: FixedPoint, prefix: string, values: readonly bigint[]): Coefficient[] {
  return values.map((value, power) => {
    const bits = power === values.length - 1 ? 64 : power % 2 === 0 ? 128 : 192;
    return value < 0n
      ? coefficient(fp, `MINUS_${prefix}${power}`, -value, bits)
      : coefficient(fp, `${prefix}${power}`, value, bits);
  });
}

function coefficient(fp: FixedPoint, name: string, value: bigint, scaleBits: number): Coefficient {
  return { name: `${name}_Q${scaleBits}`, integer: fp.toInteger(value, scaleBits), decimal: fp.toString(value, 20) };
}

/** ln x by x = 2^n·m, then 2·atanh((m − 1) / (m + 1)). */
function naturalLogarithm(fp: FixedPoint, x: bigint): bigint {
  let exponent = 0n;
  let m = x;
  while (m >= 2n * fp.one) {
    m >>= 1n;
    exponent += 1n;
  }
  const t = fp.div(m - fp.one, m + fp.one);
  return exponent * fp.ln2 + fp.mul(t, scaledAtanh(fp, fp.mul(t, t)));
}
