/**
 * Solves M x = b by Gaussian elimination with partial pivoting. `matrix` (n × n row-major) is overwritten by its factors.
 *
 * @returns the solver for any right-hand side, or null where a pivot is below 1e-12 of the largest entry: M is singular
 */
export function factorise(matrix: Float64Array, n: number): ((b: Float64Array) => Float64Array) | null {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  let largest = 0;
  for (const value of matrix) largest = Math.max(largest, Math.abs(value));
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(matrix[i * n + k]) > Math.abs(matrix[pivot * n + k])) pivot = i;
    }
    if (!(Math.abs(matrix[pivot * n + k]) > 1e-12 * largest)) return null;
    if (pivot !== k) swapRows(matrix, order, n, k, pivot);
    for (let i = k + 1; i < n; i++) {
      const factor = matrix[i * n + k] / matrix[k * n + k];
      matrix[i * n + k] = factor;
      if (factor === 0) continue;
      for (let j = k + 1; j < n; j++) matrix[i * n + j] -= factor * matrix[k * n + j];
    }
  }
  return (b) => substitute(matrix, order, n, b);
}

function swapRows(matrix: Float64Array, order: Int32Array, n: number, k: number, pivot: number): void {
  const row = matrix.slice(k * n, (k + 1) * n);
  matrix.copyWithin(k * n, pivot * n, (pivot + 1) * n);
  matrix.set(row, pivot * n);
  [order[k], order[pivot]] = [order[pivot], order[k]];
}

function substitute(factors: Float64Array, order: Int32Array, n: number, b: Float64Array): Float64Array {
  const x = Float64Array.from(order, (row) => b[row]);
  for (let i = 1; i < n; i++) for (let j = 0; j < i; j++) x[i] -= factors[i * n + j] * x[j];
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) x[i] -= factors[i * n + j] * x[j];
    x[i] /= factors[i * n + i];
  }
  return x;
}
