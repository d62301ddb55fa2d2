import { compensatedSum } from '../../math/compensated-sum.ts';

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** s², with n − 1; NaN for a single value. */
  readonly variance: number;
}

/** Mean and unbiased variance, in two passes. */
export function momentsOf(values: ArrayLike<number>): Moments {
  const count = values.length;
  const mean = compensatedSum(values) / count;
  let squares = 0;
  for (let k = 0; k < count; k++) squares += (values[k] - mean) * (values[k] - mean);
  return { count, mean, variance: count < 2 ? Number.NaN : squares / (count - 1) };
}
