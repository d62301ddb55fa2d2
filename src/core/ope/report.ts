/** What `allot ope`, `allot evaluate` and the gate speak: estimates with their health, or typed refusals. */
export interface OpeReport {
  readonly log: { readonly rounds: number; readonly units: number };
  readonly health: HealthRecord;
  readonly estimates: readonly (Estimate | EstimateRefusal)[];
}

export type EstimatorId = 'ips' | 'snips' | 'dm' | 'dr';
export type Estimand = 'per-decision' | 'per-session' | 'per-unit';

export interface Interval {
  readonly method: string;
  readonly level: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Warning {
  readonly code: string;
  readonly reason: string;
}

export interface Estimate {
  readonly response: string;
  readonly estimator: EstimatorId;
  readonly estimand: Estimand;
  readonly value: number;
  readonly standardError: number;
  readonly intervals: readonly Interval[];
  readonly warnings: readonly Warning[];
  /** The weight clip c that was applied, if any; a clip is reported, never silent. */
  readonly clip?: number;
  readonly clippedFraction?: number;
}

/** No value anywhere that could be mistaken for one. */
export interface EstimateRefusal {
  readonly response: string;
  readonly estimator: EstimatorId;
  readonly refusal: { readonly code: string; readonly reason: string; readonly needed: string };
}

/** A field that cannot be known for this log is NaN (null in JSON), never 0. */
export interface HealthRecord {
  readonly rounds: number;
  readonly units: number;
  /** By unit: (Σ W_k)² / Σ W_k² with unit sums W_k. */
  readonly effectiveSampleSize: number;
  readonly meanWeight: number;
  readonly meanWeightStandardError: number;
  readonly maxWeight: number;
  /** Largest share of the total weight held by one unit. */
  readonly maxWeightShare: number;
  readonly clippedFraction: number;
  /** Evaluation mass on actions that the log never shows. */
  readonly unsupportedFraction: number;
  readonly smallPropensityFraction: number;
  readonly meanInversePropensity: number;
  readonly meanSupportedActions: number;
  /** IPS by clip (null: none), one value per response in the log's order; empty where estimates are refused. */
  readonly clipSweep: readonly { readonly clip: number | null; readonly values: readonly number[] }[];
}

export const isRefusal = (e: Estimate | EstimateRefusal): e is EstimateRefusal => 'refusal' in e;
