/** A pivot this much smaller than its column's scale is a coordinate that says nothing of its own. */
const SINGULAR = 1e-10;

/**
 * Solves A x = b for a symmetric, positive semi-definite A of few rows; a coordinate that is constant, or a combination of
 * earlier ones, gets 0.
 *
 * @param matrix d × d, row by row.
 */
export function solveSymmetric(matrix: readonly number[], right: readonly number[]): number[] {
  const d = right.length;
  const a = [...matrix];
  const b = [...right];
  const isUsed = new Array<boolean>(d).fill(false);
  for (let k = 0; k < d; k++) {
    if (!(a[k * d + k] > SINGULAR * matrix[k * d + k])) continue;
    isUsed[k] = true;
    for (let i = 0; i < d; i++) {
      if (i === k) continue;
      const factor = a[i * d + k] / a[k * d + k];
      for (let j = 0; j < d; j++) a[i * d + j] -= factor * a[k * d + j];
      b[i] -= factor * b[k];
    }
  }
  return b.map((value, k) => (isUsed[k] ? value / a[k * d + k] : 0));
}
