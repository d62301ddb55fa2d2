import { invariant } from '../../core/check.ts';

/**
 * Solves A x = b (A n × n row-major, neither is changed) by Gaussian elimination with partial pivoting, then one step of
 * iterative refinement, which brings the residual to rounding.
 */
export function solveLinear(a: Float64Array, b: Float64Array): Float64Array {
  const x = eliminate(a.slice(), b.slice());
  const n = b.length;
  const residual = b.map((value, i) => {
    let sum = value;
    for (let j = 0; j < n; j++) sum -= a[i * n + j] * x[j];
    return sum;
  });
  const correction = eliminate(a.slice(), residual);
  return x.map((value, i) => value + correction[i]);
}

function eliminate(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  for (let column = 0; column < n; column++) {
    pivot(a, b, column);
    const diagonal = a[column * n + column];
    for (let row = column + 1; row < n; row++) {
      const factor = a[row * n + column] / diagonal;
      if (factor === 0) continue;
      for (let j = column; j < n; j++) a[row * n + j] -= factor * a[column * n + j];
      b[row] -= factor * b[column];
    }
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let j = row + 1; j < n; j++) b[row] -= a[row * n + j] * b[j];
    b[row] /= a[row * n + row];
  }
  return b;
}

function pivot(a: Float64Array, b: Float64Array, column: number): void {
  const n = b.length;
  let best = column;
  for (let row = column + 1; row < n; row++) {
    if (Math.abs(a[row * n + column]) > Math.abs(a[best * n + column])) best = row;
  }
  invariant(a[best * n + column] !== 0, 'the linear system has one solution');
  if (best === column) return;
  for (let j = 0; j < n; j++) {
    const kept = a[column * n + j];
    a[column * n + j] = a[best * n + j];
    a[best * n + j] = kept;
  }
  [b[column], b[best]] = [b[best], b[column]];
}
