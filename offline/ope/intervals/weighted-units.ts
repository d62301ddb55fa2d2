import { isForcedRow, type BanditLog } from '../../../src/core/ope/bandit-log.ts';
import type { RowSubset } from '../../../src/core/ope/row-subset.ts';

/** One response of a log by unit, with the weights (after any clip) that an estimate used: for bounds that see weights. */
export interface WeightedUnits {
  /** Σ wᵢ rᵢ, Σ wᵢ and n_k of every unit that has a row. */
  readonly weightedResponses: Float64Array;
  readonly weights: Float64Array;
  readonly rows: Float64Array;
  readonly largestWeight: number;
  /** Every weight is exactly 1: the policy is the one that produced the log. */
  readonly isUnweighted: boolean;
}

export function weightedUnits(
  log: BanditLog,
  weights: Float64Array,
  response: string,
  { clip, subset }: { readonly clip: number; readonly subset: RowSubset | null },
): WeightedUnits {
  const responses = log.responses.get(response) ?? new Float64Array(log.rounds);
  const sums = [0, 1, 2].map(() => new Float64Array(log.unitCount));
  let largestWeight = 0;
  let isUnweighted = true;
  for (let i = 0; i < log.rounds; i++) {
    if (subset !== null && !subset.includes(i)) continue;
    const w = isForcedRow(log, i) ? weights[i] : Math.min(weights[i], clip);
    const k = log.units[i];
    sums[0][k] += w === 0 ? 0 : w * responses[i];
    sums[1][k] += w;
    sums[2][k] += 1;
    largestWeight = Math.max(largestWeight, w);
    isUnweighted &&= w === 1;
  }
  const present = (column: Float64Array): Float64Array => column.filter((_, k) => sums[2][k] > 0);
  return {
    weightedResponses: present(sums[0]),
    weights: present(sums[1]),
    rows: present(sums[2]),
    largestWeight,
    isUnweighted,
  };
}
