import { invariant } from '../../src/core/check.ts';

/**
 * Solves A x = b for a symmetric positive definite A (n × n row-major) by Cholesky, A = L Lᵀ. A pivot below
 * 1e-12 of its diagonal is a column that others already explain: its coefficient becomes 0.
 */
export const solveSymmetric = (a: Float64Array, b: Float64Array): Float64Array =>
  factorSymmetric(a, b.length)(b);

/** The same for many right-hand sides: A is factored once. */
export function factorSymmetric(a: Float64Array, n: number): (b: Float64Array) => Float64Array {
  invariant(a.length === n * n, `matrix of ${a.length} entries for ${n} unknowns`);
  const lower = cholesky(a, n);
  return (b) => substitute(lower, b);
}

function substitute(lower: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= lower[i * n + k] * y[k];
    y[i] = lower[i * n + i] === 0 ? 0 : sum / lower[i * n + i];
  }
  const x = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    let sum = y[i];
    for (let k = i + 1; k < n; k++) sum -= lower[k * n + i] * x[k];
    x[i] = lower[i * n + i] === 0 ? 0 : sum / lower[i * n + i];
  }
  return x;
}

function cholesky(a: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    let pivot = a[j * n + j];
    for (let k = 0; k < j; k++) pivot -= lower[j * n + k] ** 2;
    if (pivot <= 1e-12 * a[j * n + j]) continue;
    const root = Math.sqrt(pivot);
    lower[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= lower[i * n + k] * lower[j * n + k];
      lower[i * n + j] = sum / root;
    }
  }
  return lower;
}
