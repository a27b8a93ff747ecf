/**
 * The coefficients of the first guess in contracts/libraries/ImpliedVolatility.sol.
 *
 * A normal model prices the time value, per unit of the distance from forward to strike, at rho(m) = n(m) / m - N(-m),
 * with m the distance in standard deviations. The contract needs the inverse, m as a function of u = sqrt(-ln rho). It
 * is fitted by a rational function of degree 3 over 2, minimax in relative error, by the iteration of Sanathanan and
 * Koerner with Lawson's weights. Six decimals are kept: the guess needs three digits, not twenty.
 *
 *   node scripts/fit/impliedVolatilityStart.ts     prints the coefficients and the largest error
 */
const LOWEST = 0.65;
const HIGHEST = 14;
const POINTS = 500;
const ROUNDS = 200;
const NUMERATOR_DEGREE = 3;
const DENOMINATOR_DEGREE = 2;

/** Upper tail of the normal distribution over its density: Lentz's continued fraction, or the series below 2. */
function millsRatio(x: number): number {
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-18; n++) {
      term *= (x * x) / (2 * n + 1);
      sum += term;
    }
    return Math.sqrt(Math.PI / 2) * Math.exp((x * x) / 2) - sum;
  }
  let fraction = 0;
  for (let n = 200; n > 0; n--) fraction = n / (x + fraction);
  return 1 / (x + fraction);
}

/** sqrt(-ln rho(m)). */
export function abscissa(m: number): number {
  const logDensity = -(m * m) / 2 - Math.log(2 * Math.PI) / 2;
  return Math.sqrt(-(logDensity + Math.log(1 / m - millsRatio(m))));
}

/** Solves a square linear system by elimination with partial pivots. */
function solve(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const factor = rows[row]![column]! / rows[column]![column]!;
      for (let k = column; k <= size; k++) rows[row]![k]! -= factor * rows[column]![k]!;
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}

const polynomial = (coefficients: number[], x: number) => coefficients.reduceRight((sum, c) => sum * x + c, 0);

export type StartFit = { numerator: number[]; denominator: number[]; error: number };

/** The fit, its coefficients rounded to six decimals, and the largest relative error that the rounded ones leave. */
export function fitStart(): StartFit {
  const samples = Array.from({ length: POINTS }, (_, i) => {
    const m = LOWEST * (HIGHEST / LOWEST) ** (i / (POINTS - 1));
    return { m, u: abscissa(m) };
  });
  const size = NUMERATOR_DEGREE + 1 + DENOMINATOR_DEGREE;
  const weights = samples.map(() => 1);
  const divisors = samples.map(() => 1);
  let best: StartFit = { numerator: [], denominator: [], error: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    const matrix = Array.from({ length: size }, () => Array<number>(size).fill(0));
    const right = Array<number>(size).fill(0);
    samples.forEach(({ m, u }, i) => {
      const weight = weights[i]! / (m * divisors[i]!) ** 2;
      const row = Array.from({ length: size }, (_, k) =>
        k <= NUMERATOR_DEGREE ? u ** k : -m * u ** (k - NUMERATOR_DEGREE),
      );
      row.forEach((a, j) => {
        right[j]! += weight * a * m;
        row.forEach((b, k) => {
          matrix[j]![k]! += weight * a * b;
        });
      });
    });
    const solution = solve(matrix, right).map((x) => Math.round(x * 1e6) / 1e6);
    const numerator = solution.slice(0, NUMERATOR_DEGREE + 1);
    const denominator = [1, ...solution.slice(NUMERATOR_DEGREE + 1)];
    const errors = samples.map(({ m, u }) => Math.abs(polynomial(numerator, u) / polynomial(denominator, u) / m - 1));
    const error = Math.max(...errors);
    if (error < best.error) best = { numerator, denominator, error };
    const mean = errors.reduce((sum, e, i) => sum + e * weights[i]!, 0) / POINTS;
    samples.forEach(({ u }, i) => {
      weights[i]! *= (errors[i]! + 1e-9) / mean;
      divisors[i] = polynomial(denominator, u);
    });
  }
  return best;
}

if (import.meta.main) console.log(JSON.stringify(fitStart(), null, 2));
