/** What `allot ope`, `allot evaluate` and the gate speak: estimates with their health, or typed refusals. */
export interface OpeReport {
  readonly log: { readonly rounds: number; readonly units: number };
  readonly health: HealthRecord;
  readonly estimates: readonly (Estimate | EstimateRefusal)[];
}

/** Estimators of single decisions: the log is a bag of rounds. */
export type BanditEstimatorId =
  'ips' | 'snips' | 'dm' | 'dr' | 'sndr' | 'switch-dr' | 'dros' | 'sg-ips' | 'sg-dr' | 'mrdr';
/** Estimators of sessions: the log is a set of trajectories. */
export type SequentialEstimatorId =
  | 'tis'
  | 'pdis'
  | 'sntis'
  | 'snpdis'
  | 'sequential-dr'
  | 'wdr'
  | 'magic'
  | 'fqe'
  | 'ncis-step'
  | 'ncis-per-decision'
  | 'ncis-trajectory'
  | 'marginalised-is'
  | 'dice';
export type EstimatorId = BanditEstimatorId | SequentialEstimatorId | SessionGateEstimatorId;
/** Of sessions too, but not from the log alone: it needs ratios and values fitted on other units, see `marginal-dr.ts`. */
export type SessionGateEstimatorId = 'marginal-dr';
/** A number, `infinity` (JSON has none), or how a number was chosen, as in `auto-slope`. */
export type HyperParameter = number | 'infinity' | `auto-${string}`;
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
  /** Every setting that this estimator used (a clip, a threshold, a discount), by name. */
  readonly hyperParameters?: Readonly<Record<string, HyperParameter>>;
}

/** No value anywhere that could be mistaken for one. */
export interface EstimateRefusal {
  readonly response: string;
  readonly estimator: EstimatorId;
  readonly refusal: { readonly code: string; readonly reason: string; readonly needed: string };
}

export interface ActionCalibration {
  readonly action: number;
  /** Should be 1. Exact: rows served / Σ μ(a∣x). Else (1/n) Σ 1[aᵢ = a]/pᵢ, below 1 where a was not always available. */
  readonly ratio: number;
  readonly standardError: number;
  /** Whether the behavior distribution is logged, so that a ratio below 1 is trouble too. */
  readonly isExact: boolean;
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
  /** By action: how often it was served against how often the propensities say; missing where nothing is known. */
  readonly calibration?: readonly ActionCalibration[];
}

export const isRefusal = (e: Estimate | EstimateRefusal): e is EstimateRefusal => 'refusal' in e;
