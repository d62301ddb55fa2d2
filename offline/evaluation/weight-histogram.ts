import { quantileOfSorted } from '../../src/core/math/quantile.ts';

export interface WeightBin {
  /** Weights in (from, to]; the first bin holds weights of 0 alone. */
  readonly from: number;
  readonly to: number;
  readonly rowShare: number;
  readonly weightShare: number;
}

/** How importance weights are distributed, and how much of the total their tail holds. */
export interface WeightHistogram {
  readonly rows: number;
  readonly bins: readonly WeightBin[];
  readonly quantiles: readonly { readonly p: number; readonly weight: number }[];
  /** Share of the total weight on the heaviest rows. */
  readonly tail: readonly { readonly rowShare: number; readonly weightShare: number }[];
}

/** Powers of two from 1/16; what is lighter is together, what is heavier than 2^10 too. */
const EDGES = [0, ...Array.from({ length: 15 }, (_, i) => 2 ** (i - 4)), Infinity];

/**
 * @param weights wᵢ of every row, finite and ≥ 0, before any clip
 * @returns empty bins at either end are left out; of no rows, nothing is known
 */
export function weightHistogram(weights: Float64Array): WeightHistogram {
  const sorted = weights.slice().sort();
  // JSON has no infinity: beyond the last power of two a bin ends where the weights do.
  const top = Math.max(EDGES[EDGES.length - 2], sorted[sorted.length - 1]);
  const total = sorted.reduce((sum, w) => sum + w, 0);
  const bins = EDGES.map((to, i): WeightBin => {
    const from = i === 0 ? 0 : EDGES[i - 1];
    const [first, last] = [i === 0 ? 0 : firstAbove(sorted, from), firstAbove(sorted, to)];
    const weight = sorted.subarray(first, last).reduce((sum, w) => sum + w, 0);
    return {
      from,
      to: Math.min(to, top),
      rowShare: (last - first) / weights.length,
      weightShare: weight / total,
    };
  });
  const used = bins.map(({ rowShare }) => rowShare > 0);
  return {
    rows: weights.length,
    bins: bins.slice(used.indexOf(true), used.lastIndexOf(true) + 1),
    quantiles: [0.5, 0.9, 0.99, 0.999, 1].map((p) => ({ p, weight: quantileOfSorted(sorted, p) })),
    tail: [0.001, 0.01, 0.1].map((rowShare) => {
      const heaviest = Math.ceil(rowShare * weights.length);
      const weight = sorted.subarray(weights.length - heaviest).reduce((sum, w) => sum + w, 0);
      return { rowShare, weightShare: weight / total };
    }),
  };
}

/** Index of the first element above the limit. */
function firstAbove(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
