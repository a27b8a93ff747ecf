/** Minimisation without derivatives. */

export interface Minimum {
  readonly x: number[];
  readonly value: number;
}

/**
 * The simplex method of Nelder and Mead (The Computer Journal 7, 1965) with its usual coefficients 1, 2, ½, ½.
 *
 * @param step Size of the first simplex along each coordinate.
 * @param tolerance Ends when the simplex's values are that close to each other.
 */
export function nelderMead(options: {
  readonly f: (x: readonly number[]) => number;
  readonly start: readonly number[];
  readonly step: readonly number[];
  readonly tolerance?: number;
  readonly maxEvaluations?: number;
}): Minimum {
  const { f, start, step, tolerance = 1e-14, maxEvaluations = 400 } = options;
  const n = start.length;
  let evaluations = 0;
  const at = (x: number[]): Minimum => {
    evaluations++;
    return { x, value: f(x) };
  };
  const simplex = [
    at([...start]),
    ...start.map((_, i) => at(start.map((value, j) => (i === j ? value + step[i]! : value)))),
  ];
  while (evaluations < maxEvaluations) {
    simplex.sort((a, b) => a.value - b.value);
    const [best, worst] = [simplex[0]!, simplex[n]!];
    if (worst.value - best.value <= tolerance * (Math.abs(best.value) + tolerance)) break;
    const centre = start.map((_, j) => simplex.slice(0, n).reduce((sum, { x }) => sum + x[j]!, 0) / n);
    const along = (factor: number) => at(centre.map((value, j) => value + factor * (worst.x[j]! - value)));
    const reflected = along(-1);
    if (reflected.value < best.value) {
      const expanded = along(-2);
      simplex[n] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < simplex[n - 1]!.value) {
      simplex[n] = reflected;
    } else {
      const contracted = along(reflected.value < worst.value ? -0.5 : 0.5);
      if (contracted.value < Math.min(reflected.value, worst.value)) {
        simplex[n] = contracted;
      } else {
        for (let i = 1; i <= n; i++) {
          simplex[i] = at(simplex[i]!.x.map((value, j) => best.x[j]! + (value - best.x[j]!) / 2));
        }
      }
    }
  }
  return simplex.reduce((a, b) => (b.value < a.value ? b : a));
}
