import { invariant } from '../../check.ts';
import { findRoot } from '../../math/find-root.ts';
import { normalCdf, normalQuantile } from '../../math/normal.ts';
import { mixtureReach, sequenceRatio } from './normal-mixture.ts';
import { stoppingLaw, type StoppingLaw } from './sequential-power.ts';

export interface PlanQuestion {
  /** Variance of a unit's outcome, σ²; of its linearised value L for a ratio, after the adjustment if there is one. */
  readonly variance: number;
  /** Share of the experiment's units in treatment, in (0, 1). */
  readonly treatmentShare: number;
  readonly alpha: number;
  readonly power: number;
  /** Looks of the sequential test, equally spaced up to the horizon. */
  readonly looks: number;
  /**
   * n* as a share of the horizon; 1 tunes the sequence to the horizon itself. The first look is at 1/looks of it.
   */
  readonly tunedAt?: number;
}

export interface PlanLine {
  /** Units of both arms together. */
  readonly units: number;
  /** Mean number of units at which it stops when the effect is the declared one. */
  readonly expectedUnits: number;
}

export interface ExperimentPlan {
  readonly fixed: PlanLine;
  readonly sequential: PlanLine;
}

/**
 * Units that a test needs to find an effect δ with the wanted power, one fixed look against a sequence of looks.
 *
 *     fixed:       N = (z_{1 − α/2} + z_power)² s²/δ²,     s² = σ² (1/q + 1/(1 − q))
 *     sequential:  N = λ² s²/δ², λ the drift at which `stoppingLaw` has the power
 *
 * For non-inferiority by a margin δ is the distance between the expected effect and −margin. In the limit of many units.
 *
 * @param effect δ ≠ 0, in the unit of the outcome.
 */
export function planExperiment(effect: number, question: PlanQuestion): ExperimentPlan {
  invariant(effect !== 0, 'an effect to find');
  const spread = varianceOfEstimate(question) / effect ** 2;
  const fixed = fixedDrift(question) ** 2 * spread;
  const drift = sequentialDrift(question);
  const sequential = drift ** 2 * spread;
  const { expectedShare } = sequentialLaw(drift, question);
  return {
    fixed: { units: Math.ceil(fixed), expectedUnits: Math.ceil(fixed) },
    sequential: { units: Math.ceil(sequential), expectedUnits: Math.ceil(sequential * expectedShare) },
  };
}

export interface DetectableEffects {
  readonly fixed: number;
  readonly sequential: number;
}

/** Smallest effects that N units of both arms find with the wanted power: δ = λ s/√N. */
export function detectableEffects(units: number, question: PlanQuestion): DetectableEffects {
  invariant(units > 0, 'some units');
  const error = Math.sqrt(varianceOfEstimate(question) / units);
  return { fixed: fixedDrift(question) * error, sequential: sequentialDrift(question) * error };
}

/** Days until N units have entered: their arrival, and the outcome window of the last one. */
export function durationDays(
  units: number,
  traffic: { readonly unitsPerDay: number; readonly share: number; readonly windowDays: number },
): number {
  invariant(traffic.unitsPerDay > 0 && traffic.share > 0 && traffic.share <= 1, 'some traffic');
  return units / (traffic.unitsPerDay * traffic.share) + traffic.windowDays;
}

/** What the sequential test does with N units when the effect is δ. */
export const sequentialLawFor = (effect: number, units: number, question: PlanQuestion): StoppingLaw =>
  sequentialLaw(Math.abs(effect) / Math.sqrt(varianceOfEstimate(question) / units), question);

/** Power of the one fixed look, P(|Z + λ| > z on the true side). */
export const fixedPowerFor = (effect: number, units: number, question: PlanQuestion): number =>
  normalCdf(
    Math.abs(effect) / Math.sqrt(varianceOfEstimate(question) / units) -
      normalQuantile(1 - question.alpha / 2),
  );

const varianceOfEstimate = ({ variance, treatmentShare: q }: PlanQuestion): number => {
  invariant(variance > 0 && q > 0 && q < 1, 'a variance above 0 and a share in (0, 1)');
  return variance * (1 / q + 1 / (1 - q));
};

const fixedDrift = ({ alpha, power }: PlanQuestion): number =>
  normalQuantile(1 - alpha / 2) + normalQuantile(power);

function sequentialLaw(drift: number, { alpha, looks, tunedAt = 1 }: PlanQuestion): StoppingLaw {
  return stoppingLaw({
    drift,
    looks: Array.from({ length: looks }, (_, k) => (k + 1) / looks),
    reachAt: (share) => mixtureReach(sequenceRatio(share, tunedAt, alpha), alpha),
  });
}

function sequentialDrift(question: PlanQuestion): number {
  invariant(question.power > question.alpha && question.power < 1, 'a power between α and 1');
  // Power rises in the drift; the sequence never needs fewer units than the fixed look, nor ten errors more.
  const start = fixedDrift(question);
  return findRoot((drift) => sequentialLaw(drift, question).power - question.power, start * 0.9, start + 10, {
    tolerance: 1e-4,
  });
}
