import { invariant } from '../../../src/core/check.ts';

/**
 * Ordinal bins of a response: bin 0 is {T ≤ t₀}, bin j is (t_{j−1}, t_j], with edges t₀ < t₁ < … < t_K. A head predicts
 * p_k = P(T > t_k) for k = 0 … K − 1.
 */
export interface Bins {
  /** K + 1 edges. */
  readonly edges: readonly number[];
  /** K + 1 values, what each bin stands for when T is restored. */
  readonly points: readonly number[];
}

export type Restoration = 'bin-means' | 'edges';

/**
 * t₀ is 0 for a response that is never negative (its own bin: nothing was watched), else the smallest value; the other
 * edges are quantiles of the values above t₀, repeated ones dropped. Null where the values do not vary. Only ever
 * called with training rows.
 */
export function fitBins(values: ArrayLike<number>, count: number, restoration: Restoration): Bins | null {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return null;
  const first = sorted[0] >= 0 ? 0 : sorted[0];
  const above = sorted.filter((value) => value > first);
  if (above.length === 0) return null;
  const edges = [first];
  for (let k = 1; k <= count; k += 1) {
    const edge = above[Math.min(above.length - 1, Math.ceil((k / count) * above.length) - 1)];
    if (edge > edges[edges.length - 1]) edges.push(edge);
  }
  return binsOf(edges, sorted, restoration);
}

/** Bins with given edges; the means of their values are still those of the training rows. */
export function binsOf(edges: readonly number[], values: ArrayLike<number>, restoration: Restoration): Bins {
  invariant(edges.length >= 2 && edges.every((t, k) => k === 0 || t > edges[k - 1]), 'edges increase');
  if (restoration === 'edges') return { edges, points: edges };
  const sums = edges.map(() => 0);
  const counts = edges.map(() => 0);
  for (let i = 0; i < values.length; i += 1) {
    const bin = binIndex(edges, values[i]);
    sums[bin] += values[i];
    counts[bin] += 1;
  }
  return { edges, points: edges.map((edge, k) => (counts[k] === 0 ? edge : sums[k] / counts[k])) };
}

/** 0 … K; values beyond the last edge belong to the last bin. */
export function binIndex(edges: readonly number[], value: number): number {
  let k = 0;
  while (k < edges.length - 1 && value > edges[k]) k += 1;
  return k;
}

/**
 * T̂ = m₀ + Σ_{k<K} p_k (m_{k+1} − m_k). With m = edges and t₀ = 0 this is the restoration of CREAD-like heads,
 * Σ p_k (t_{k+1} − t_k), which credits every bin with its upper edge; with m = means of the bins it is E[T] exactly
 * when p is. Refuses p that increases: such p is no distribution, see `runningMinimum`.
 */
export function restore(p: ArrayLike<number>, points: readonly number[]): number {
  invariant(p.length === points.length - 1, 'one probability per bin above the first');
  let restored = points[0];
  for (let k = 0; k < p.length; k += 1) {
    invariant(k === 0 || p[k] <= p[k - 1] + 1e-6, `P(T > t) never increases with t (at k = ${k})`);
    restored += p[k] * (points[k + 1] - points[k]);
  }
  return restored;
}

/** The projection p_k ← min(p_0, …, p_k). */
export function runningMinimum(p: ArrayLike<number>): Float64Array {
  let least = Infinity;
  return Float64Array.from(p, (value) => (least = Math.min(least, value)));
}
