import type { Support } from '../../../src/core/ope/intervals/interval-result.ts';

/** One drawn log, as the sums of its units; what every interval starts from. */
export interface UnitSample {
  /** Σ w r, Σ w, n and Σ r of every unit. */
  readonly weighted: Float64Array;
  readonly weights: Float64Array;
  readonly rows: Float64Array;
  readonly plain: Float64Array;
  /** Σ min(w, c) r and Σ min(w, c). */
  readonly clippedWeighted: Float64Array;
  readonly clippedWeights: Float64Array;
  /** Σ [q̂(x, π) + w (r − q̂(x, a))], q̂ wrong. */
  readonly doublyRobust: Float64Array;
}

/** What is known before the log is seen, and what it should find. */
export interface RegimeFacts {
  readonly name: string;
  /** Many units, none that matters more than others, weights below 4, no rare response: asymptotics must hold. */
  readonly isBenign: boolean;
  readonly units: number;
  readonly responses: Support;
  readonly largestWeight: number;
  readonly clip: number;
  readonly mostRowsPerUnit: number;
  /** Whether a unit's number of rows may depend on its actions: finite bounds are then about its total. */
  readonly hasReactiveRows: boolean;
  readonly isBinary: boolean;
  readonly truth: Truth;
}

export interface Truth {
  /** Per decision: V(π), V(μ), and E[Σ min(w, c) r]/E[n]. */
  readonly value: number;
  readonly behavior: number;
  readonly clipped: number;
  /** E[Σ w r] and E[Σ r] of a unit over the most rows it can have; where rows do not react, as above. */
  readonly total: number;
  readonly behaviorTotal: number;
}

export const emptySample = (units: number): UnitSample => ({
  weighted: new Float64Array(units),
  weights: new Float64Array(units),
  rows: new Float64Array(units),
  plain: new Float64Array(units),
  clippedWeighted: new Float64Array(units),
  clippedWeights: new Float64Array(units),
  doublyRobust: new Float64Array(units),
});

/** The log of the first units alone. */
export const firstUnits = (sample: UnitSample, units: number): UnitSample => ({
  weighted: sample.weighted.subarray(0, units),
  weights: sample.weights.subarray(0, units),
  rows: sample.rows.subarray(0, units),
  plain: sample.plain.subarray(0, units),
  clippedWeighted: sample.clippedWeighted.subarray(0, units),
  clippedWeights: sample.clippedWeights.subarray(0, units),
  doublyRobust: sample.doublyRobust.subarray(0, units),
});

/** Adds a row to unit k. */
export function addRow(
  sample: UnitSample,
  k: number,
  row: {
    readonly weight: number;
    readonly response: number;
    readonly underPolicy: number;
    readonly ofAction: number;
  },
  clip: number,
): void {
  const { weight, response, underPolicy, ofAction } = row;
  sample.weighted[k] += weight * response;
  sample.weights[k] += weight;
  sample.rows[k] += 1;
  sample.plain[k] += response;
  sample.clippedWeighted[k] += Math.min(weight, clip) * response;
  sample.clippedWeights[k] += Math.min(weight, clip);
  sample.doublyRobust[k] += underPolicy + weight * (response - ofAction);
}
