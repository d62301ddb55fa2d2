import { invariant } from '../../check.ts';

/**
 * argmin xᵀ A x over the simplex (x ≥ 0, Σ x = 1) for a symmetric positive semi-definite A (m × m row-major): the point of
 * least norm in the hull of the columns of A^{1/2}, by Wolfe's active-set algorithm. Exact up to rounding after finitely
 * many steps; a ridge of 1e-12 of the mean diagonal keeps its equations solvable where columns coincide.
 *
 * Source: Wolfe 1976, "Finding the nearest point in a polytope".
 */
export function simplexMinimum(a: Float64Array, m: number): Float64Array {
  invariant(a.length === m * m && m > 0, 'a square matrix');
  const scaled = ridged(a, m);
  const x = new Float64Array(m);
  let support = [smallestDiagonal(scaled, m)];
  x[support[0]] = 1;
  for (let round = 0; round < 20 * m; round++) {
    const slopes = product(scaled, m, x);
    const level = dot(slopes, x);
    const entering = indexOfSmallest(slopes);
    if (slopes[entering] >= level - 1e-10 * Math.max(level, 1e-12) || support.includes(entering)) break;
    support.push(entering);
    support = descend(scaled, m, x, support);
  }
  return x;
}

/** Moves x to the minimum on the affine hull of its support, dropping whatever would turn negative on the way. */
function descend(a: Float64Array, m: number, x: Float64Array, support: number[]): number[] {
  let active = support;
  for (;;) {
    const target = affineMinimum(a, m, active);
    let step = 1;
    active.forEach((j, p) => {
      if (target[p] <= 0) step = Math.min(step, x[j] / (x[j] - target[p]));
    });
    active.forEach((j, p) => (x[j] = Math.max(0, x[j] + step * (target[p] - x[j]))));
    if (step === 1) return active;
    const kept = active.filter((j, p) => target[p] > 0 || x[j] > 1e-14);
    // Rounding must not keep everything: then nothing would move again.
    const dropped = kept.length === active.length ? kept.filter((j) => x[j] > minimumOf(x, kept)) : kept;
    for (const j of active) if (!dropped.includes(j)) x[j] = 0;
    active = dropped;
    normalise(x);
  }
}

/** y with A_S y ∝ 1 and Σ y = 1. */
function affineMinimum(a: Float64Array, m: number, support: readonly number[]): Float64Array {
  const n = support.length;
  const lower = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[support[i] * m + support[j]];
      for (let k = 0; k < j; k++) sum -= lower[i * n + k] * lower[j * n + k];
      lower[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-14)) : sum / lower[j * n + j];
    }
  }
  const y = new Float64Array(n).fill(1);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) y[i] -= lower[i * n + k] * y[k];
    y[i] /= lower[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) y[i] -= lower[k * n + i] * y[k];
    y[i] /= lower[i * n + i];
  }
  normalise(y);
  return y;
}

/** A over its mean diagonal, with the ridge: tolerances then need no unit. */
function ridged(a: Float64Array, m: number): Float64Array {
  let trace = 0;
  for (let j = 0; j < m; j++) trace += a[j * m + j];
  const scale = trace > 0 ? m / trace : 1;
  const scaled = a.map((value) => value * scale);
  for (let j = 0; j < m; j++) scaled[j * m + j] += 1e-12;
  return scaled;
}

function product(a: Float64Array, m: number, x: Float64Array): Float64Array {
  const y = new Float64Array(m);
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) y[i] += a[i * m + j] * x[j];
  return y;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

function indexOfSmallest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] < values[best]) best = i;
  return best;
}

const smallestDiagonal = (a: Float64Array, m: number): number =>
  indexOfSmallest(Float64Array.from({ length: m }, (_, j) => a[j * m + j]));

const minimumOf = (x: Float64Array, support: readonly number[]): number =>
  support.reduce((least, j) => Math.min(least, x[j]), Infinity);

function normalise(x: Float64Array): void {
  const sum = x.reduce((total, value) => total + value, 0);
  for (let j = 0; j < x.length; j++) x[j] /= sum;
}
