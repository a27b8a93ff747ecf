import type { FixedPoint } from "./fixedPoint.ts";

/**
 * What is to be approximated by p(x) / q(x) on [from, to].
 *
 * `leadingTie` asks for equal leading coefficients of p and q: divided by it, both become monic, and a Horner chain
 * starts with an addition in place of a multiplication.
 */
export interface FitTarget {
  readonly value: (x: bigint) => bigint;
  readonly weight: (x: bigint) => bigint;
  readonly from: bigint;
  readonly to: bigint;
  readonly numeratorDegree: number;
  readonly denominatorDegree: number;
  readonly leadingTie: boolean;
  readonly iterations: number;
}

export interface RationalFit {
  /** Largest weighted error over the nodes. */
  readonly error: bigint;
  /** Coefficients by ascending power; `denominator[0]` is one. */
  readonly numerator: readonly bigint[];
  readonly denominator: readonly bigint[];
}

/** The normal equations of a fit lost their rank: the degrees are too high for the working precision. */
export class SingularFit extends Error {
  constructor(column: number) {
    super(`the fit is singular at unknown ${column}: raise the working precision or lower the degree`);
    this.name = "SingularFit";
  }
}

const NODES_PER_UNKNOWN = 12;
/** Lawson's weights start only once the denominators of the linearised problem have settled. */
const SETTLING_ITERATIONS = 6;
/** A pivot with fewer bits than this has no digits left. */
const LEAST_PIVOT = 1n << 16n;

/**
 * Near-minimax rational approximation.
 *
 * Each round solves the weighted linear least-squares problem p − f·q ≈ 0 on Chebyshev nodes, divided by the previous
 * denominator (Sanathanan–Koerner), and multiplies each node's weight by its error (Lawson), so that the
 * least-squares optimum drifts to the minimax one. The best round by largest error is kept.
 */
export function fitRational(fp: FixedPoint, target: FitTarget): RationalFit {
  const { numeratorDegree: m, denominatorDegree: n, leadingTie } = target;
  const count = NODES_PER_UNKNOWN * (m + n + 2);
  const width = target.to - target.from;
  const nodes = Array.from({ length: count }, (_, i) => {
    const angle = (fp.pi * BigInt(2 * i + 1)) / BigInt(2 * count);
    return (target.from + target.to - fp.mul(width, fp.cos(angle))) >> 1n;
  });
  // Powers of x/width keep the normal equations within a few orders of magnitude.
  const powers = nodes.map((x) => powersOf(fp, fp.div(x, width), Math.max(m, n)));
  const values = nodes.map(target.value);
  const weights = nodes.map(target.weight);

  const numeratorUnknowns = leadingTie ? m : m + 1;
  const tie = powersOf(fp, width, Math.abs(m - n))[Math.abs(m - n)]!;
  const leading = m > n ? tie : fp.div(fp.one, tie);

  const rows = nodes.map((_, i) => {
    const row = powers[i]!.slice(0, numeratorUnknowns);
    for (let j = 1; j <= n; ++j) row.push(-fp.mul(values[i]!, powers[i]![j]!));
    if (leadingTie) row[row.length - 1]! += fp.mul(leading, powers[i]![m]!);
    return row;
  });

  let lawson = nodes.map(() => fp.one / BigInt(count));
  let denominators = nodes.map(() => fp.one);
  let best: { error: bigint; p: bigint[]; q: bigint[] } | undefined;

  for (let round = 0; round < target.iterations; ++round) {
    const nodeWeights = nodes.map((_, i) => {
      const scaled = fp.div(weights[i]!, denominators[i]!);
      return fp.mul(lawson[i]!, fp.mul(scaled, scaled));
    });
    const solution = solveNormalEquations(fp, rows, values, nodeWeights);
    const q = [fp.one, ...solution.slice(numeratorUnknowns)];
    const p = solution.slice(0, numeratorUnknowns);
    if (leadingTie) p.push(fp.mul(leading, q[n]!));

    denominators = powers.map((row) => dot(fp, q, row));
    const errors = powers.map((row, i) => {
      const approximation = fp.div(dot(fp, p, row), denominators[i]!);
      return abs(fp.mul(weights[i]!, values[i]! - approximation));
    });
    denominators = denominators.map((value) => (value === 0n ? fp.one : abs(value)));

    const error = largest(errors);
    if (best === undefined || error < best.error) best = { error, p, q };
    if (round >= SETTLING_ITERATIONS) {
      const products = errors.map((e, i) => fp.mul(lawson[i]!, e));
      const sum = products.reduce((a, b) => a + b);
      lawson = products.map((value) => fp.div(value, sum));
    }
  }

  if (best === undefined) throw new RangeError("a fit needs at least one iteration");
  const scales = powersOf(fp, width, Math.max(m, n));
  const unscale = (value: bigint, power: number) => fp.div(value, scales[power]!);
  return { error: best.error, numerator: best.p.map(unscale), denominator: best.q.map(unscale) };
}

/** Divides a fit with tied leading coefficients by that coefficient. */
export function toMonic(fp: FixedPoint, fit: RationalFit): RationalFit {
  const leading = fit.denominator.at(-1)!;
  const divide = (value: bigint) => fp.div(value, leading);
  return { error: fit.error, numerator: fit.numerator.map(divide), denominator: fit.denominator.map(divide) };
}

/** Σ aᵢ·xⁱ by Horner's rule. */
export function evaluate(fp: FixedPoint, coefficients: readonly bigint[], x: bigint): bigint {
  return coefficients.reduceRight((sum, coefficient) => fp.mul(sum, x) + coefficient, 0n);
}

function solveNormalEquations(fp: FixedPoint, rows: bigint[][], values: bigint[], weights: bigint[]): bigint[] {
  const size = rows[0]!.length;
  // One augmented matrix; the lower triangle is filled by symmetry.
  const matrix = Array.from({ length: size }, () => new Array<bigint>(size + 1).fill(0n));
  rows.forEach((row, i) => {
    for (let r = 0; r < size; ++r) {
      const weighted = fp.mul(weights[i]!, row[r]!);
      for (let s = r; s < size; ++s) matrix[r]![s]! += fp.mul(weighted, row[s]!);
      matrix[r]![size]! += fp.mul(weighted, values[i]!);
    }
  });
  for (let r = 1; r < size; ++r) for (let s = 0; s < r; ++s) matrix[r]![s] = matrix[s]![r]!;
  return solve(fp, matrix);
}

/** Gaussian elimination with partial pivoting on an augmented matrix, which it consumes. */
function solve(fp: FixedPoint, matrix: bigint[][]): bigint[] {
  const size = matrix.length;
  for (let column = 0; column < size; ++column) {
    let pivot = column;
    for (let r = column + 1; r < size; ++r) {
      if (abs(matrix[r]![column]!) > abs(matrix[pivot]![column]!)) pivot = r;
    }
    [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!];
    const head = matrix[column]!;
    if (abs(head[column]!) < LEAST_PIVOT) throw new SingularFit(column);
    for (let r = column + 1; r < size; ++r) {
      const row = matrix[r]!;
      const factor = fp.div(row[column]!, head[column]!);
      for (let s = column; s <= size; ++s) row[s]! -= fp.mul(factor, head[s]!);
    }
  }
  const solution = new Array<bigint>(size).fill(0n);
  for (let r = size - 1; r >= 0; --r) {
    let rest = matrix[r]![size]!;
    for (let s = r + 1; s < size; ++s) rest -= fp.mul(matrix[r]![s]!, solution[s]!);
    solution[r] = fp.div(rest, matrix[r]![r]!);
  }
  return solution;
}

function powersOf(fp: FixedPoint, x: bigint, degree: number): bigint[] {
  const powers = [fp.one];
  for (let j = 1; j <= degree; ++j) powers.push(fp.mul(powers[j - 1]!, x));
  return powers;
}

function dot(fp: FixedPoint, a: readonly bigint[], b: readonly bigint[]): bigint {
  let sum = 0n;
  for (let i = 0; i < a.length; ++i) sum += a[i]! * b[i]!;
  return sum >> fp.bits;
}

function largest(values: readonly bigint[]): bigint {
  let result = 0n;
  for (const value of values) if (value > result) result = value;
  return result;
}

function abs(x: bigint): bigint {
  return x < 0n ? -x : x;
}
