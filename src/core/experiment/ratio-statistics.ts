import { invariant } from '../check.ts';
import {
  combinedSquares,
  mergeMoments,
  momentsOfUnit,
  noMoments,
  type Moments,
} from './statistics/moments.ts';

/**
 * Sufficient statistics of one response in one variant: the moments of (Y_k, n_k), unit k entering once with n_k decisions and
 * the sum Y_k of their responses. Further coordinates are covariates (`statistics/contrast.ts`).
 */
export type RatioStatistics = Moments;

export const noStatistics: RatioStatistics = noMoments(2);

/** The statistics of one unit: n ≥ 1 decisions with responses that sum to `total`. */
export function unitStatistics(decisions: number, total: number): RatioStatistics {
  invariant(decisions >= 1 && Number.isFinite(total), 'a unit enters with decisions and a finite total');
  return momentsOfUnit([total, decisions]);
}

/** Of both sets of units together; equal to the statistics of their concatenation. */
export const mergeStatistics: (a: RatioStatistics, b: RatioStatistics) => RatioStatistics = mergeMoments;

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
  const [total, decisions] = [s.mean[0], s.mean[1]];
  if (s.units < 2 || !(decisions > 0)) return null;
  const value = total / decisions;
  const weights = s.mean.map((_, i) => (i === 0 ? 1 / decisions : i === 1 ? -value / decisions : 0));
  const variance = combinedSquares(s, weights) / (s.units * (s.units - 1));
  return {
    value,
    standardError: Math.sqrt(variance),
    units: s.units,
    decisions: Math.round(decisions * s.units),
  };
}
