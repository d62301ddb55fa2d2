import { confidenceSequenceReach } from './confidence-sequence.ts';
import { ratioEstimate, type RatioEstimate, type RatioStatistics } from './ratio-statistics.ts';

export interface IntervalEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  readonly method: 'asymptotic-confidence-sequence';
  readonly units: number;
}

export interface SequenceOptions {
  /** Two-sided error over all looks. */
  readonly alpha: number;
  /** n*: units of both variants together at which the sequence is tightest. */
  readonly tunedAt: number;
  /** Units per variant below which there is no interval. */
  readonly minUnits: number;
}

export interface Effect {
  readonly control: RatioEstimate;
  readonly treatment: RatioEstimate;
  /** R_treatment − R_control; Welch: se² = se²_treatment + se²_control. */
  readonly difference: IntervalEstimate;
  /** The treatment's own mean, for limits on its level. */
  readonly level: IntervalEstimate;
}

/** Treatment against control, with intervals that hold at every look; null while a variant has too few units. */
export function estimateEffect(
  control: RatioStatistics,
  treatment: RatioStatistics,
  options: SequenceOptions,
): Effect | null {
  if (Math.min(control.units, treatment.units) < Math.max(2, options.minUnits)) return null;
  const c = ratioEstimate(control);
  const t = ratioEstimate(treatment);
  if (c === null || t === null) return null;
  const units = c.units + t.units;
  return {
    control: c,
    treatment: t,
    difference: sequence(t.value - c.value, Math.hypot(t.standardError, c.standardError), units, options),
    level: sequence(t.value, t.standardError, t.units, {
      ...options,
      tunedAt: Math.max(1, options.tunedAt / 2),
    }),
  };
}

function sequence(
  value: number,
  standardError: number,
  units: number,
  options: SequenceOptions,
): IntervalEstimate {
  const half = confidenceSequenceReach(units, options.alpha, options.tunedAt) * standardError;
  return {
    value,
    standardError,
    lower: value - half,
    upper: value + half,
    level: 1 - options.alpha,
    method: 'asymptotic-confidence-sequence',
    units,
  };
}
