import { invariant } from '../../check.ts';

/**
 * Sufficient statistics of a vector measured once on each unit: its response, its number of decisions, its covariates.
 *
 *     x̄ = Σ x_k / n,   S = Σ (x_k − x̄)(x_k − x̄)ᵀ
 *
 * Centred, so that a large mean costs no digits of the spread. Plain data: it can be stored, and merged in any order.
 */
export interface Moments {
  /** n, units that have entered; each enters once. */
  readonly units: number;
  /** x̄ by coordinate. */
  readonly mean: readonly number[];
  /** S, d × d, row by row. */
  readonly squares: readonly number[];
}

export const noMoments = (dimension: number): Moments => ({
  units: 0,
  mean: new Array<number>(dimension).fill(0),
  squares: new Array<number>(dimension * dimension).fill(0),
});

/** The statistics of one unit. */
export function momentsOfUnit(values: readonly number[]): Moments {
  invariant(values.every(Number.isFinite), 'a unit enters with finite values');
  return { units: 1, mean: values, squares: new Array<number>(values.length ** 2).fill(0) };
}

/**
 * The statistics of both sets of units together, equal to those of their concatenation:
 *
 *     S = S_a + S_b + (n_a n_b / n) δ δᵀ,   δ = x̄_b − x̄_a
 *
 * Source: Chan, Golub & LeVeque 1979, eq. 2.1.
 */
export function mergeMoments(a: Moments, b: Moments): Moments {
  invariant(a.mean.length === b.mean.length, 'moments of one dimension merge');
  if (a.units === 0) return b;
  if (b.units === 0) return a;
  const units = a.units + b.units;
  const d = a.mean.length;
  const gap = b.mean.map((value, i) => value - a.mean[i]);
  const factor = (a.units * b.units) / units;
  const squares = new Array<number>(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      squares[i * d + j] = a.squares[i * d + j] + b.squares[i * d + j] + factor * gap[i] * gap[j];
  return { units, mean: a.mean.map((value, i) => value + (gap[i] * b.units) / units), squares };
}

/**
 * From plain sums, as a database adds them up: S_ij = Σ x_i x_j − Σ x_i Σ x_j / n. Loses digits where a mean is much larger
 * than its spread; sums of small parts (a block and day) that are merged afterwards keep them.
 *
 * @param products Σ x_i x_j, d × d, row by row.
 */
export function momentsFromSums(
  units: number,
  sums: readonly number[],
  products: readonly number[],
): Moments {
  const d = sums.length;
  invariant(products.length === d * d, 'a product for every pair of coordinates');
  if (units === 0) return noMoments(d);
  const squares = products.map((product, ij) => {
    const i = Math.floor(ij / d);
    const j = ij % d;
    const centred = product - (sums[i] * sums[j]) / units;
    return i === j ? Math.max(0, centred) : centred;
  });
  return { units, mean: sums.map((sum) => sum / units), squares };
}

/** From what is usually published: a count, a mean and a variance (with n − 1). */
export function momentsOfSummary(units: number, mean: number, variance: number): Moments {
  invariant(units >= 0 && variance >= 0, 'a count and a variance are not negative');
  return { units, mean: [mean], squares: [variance * Math.max(0, units - 1)] };
}

/** aᵀ S a: Σ over units of the squared, centred linear combination Σ a_i x_i. */
export function combinedSquares({ mean, squares }: Moments, weights: readonly number[]): number {
  const d = mean.length;
  let sum = 0;
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) sum += weights[i] * weights[j] * squares[i * d + j];
  // Rounding can leave a constant a hair below zero.
  return Math.max(0, sum);
}
