import { invariant } from '../check.ts';

/**
 * Sufficient statistics of one response in one variant. Unit k enters once, with n_k decisions and the sum Y_k of
 * their responses; a merge of two equals the statistics of their concatenation.
 */
export interface RatioStatistics {
  readonly units: number;
  /** Σ n_k */
  readonly decisions: number;
  /** Σ Y_k */
  readonly total: number;
  /** Σ n_k² */
  readonly decisionsSquared: number;
  /** Σ Y_k² */
  readonly totalSquared: number;
  /** Σ n_k Y_k */
  readonly cross: number;
}

export const noStatistics: RatioStatistics = {
  units: 0,
  decisions: 0,
  total: 0,
  decisionsSquared: 0,
  totalSquared: 0,
  cross: 0,
};

/** The statistics of one unit: n ≥ 1 decisions with responses that sum to `total`. */
export function unitStatistics(decisions: number, total: number): RatioStatistics {
  invariant(decisions >= 1 && Number.isFinite(total), 'a unit enters with decisions and a finite total');
  return {
    units: 1,
    decisions,
    total,
    decisionsSquared: decisions * decisions,
    totalSquared: total * total,
    cross: decisions * total,
  };
}

export const mergeStatistics = (a: RatioStatistics, b: RatioStatistics): RatioStatistics => ({
  units: a.units + b.units,
  decisions: a.decisions + b.decisions,
  total: a.total + b.total,
  decisionsSquared: a.decisionsSquared + b.decisionsSquared,
  totalSquared: a.totalSquared + b.totalSquared,
  cross: a.cross + b.cross,
});

export interface RatioEstimate {
  /** R = Σ Y_k / Σ n_k, the mean response of a decision. */
  readonly value: number;
  readonly standardError: number;
  readonly units: number;
  readonly decisions: number;
}

/**
 * The per-decision mean with its error by unit, linearised (delta method):
 *
 *     R = Σ Y_k / Σ n_k,   L_k = Y_k − R n_k,   se² = m/(m − 1) · Σ L_k² / (Σ n_k)²
 *
 * Valid for many units (m ≥ 30, none with a large share of the decisions). null for fewer than two units: the error
 * is unknown, not 0. Source: Deng, Knoblich & Lu 2018, "Applying the Delta Method in Metric Analytics", eq. 4.
 */
export function ratioEstimate(s: RatioStatistics): RatioEstimate | null {
  if (s.units < 2 || s.decisions === 0) return null;
  const value = s.total / s.decisions;
  // Rounding can leave a constant response a hair below zero.
  const residual = Math.max(0, s.totalSquared - 2 * value * s.cross + value * value * s.decisionsSquared);
  const variance = ((s.units / (s.units - 1)) * residual) / (s.decisions * s.decisions);
  return { value, standardError: Math.sqrt(variance), units: s.units, decisions: s.decisions };
}
