import { invariant } from '../../check.ts';
import { refuseInterval, type IntervalRefusal, type Support } from './interval-result.ts';

/** Rounding in the sums of a unit, relative to the support. */
const ROUNDING = 1e-9;

/**
 * Refuses a support that is not known, or that the data contradict. A bound read off the sample (its largest value) is not
 * a support: the interval would then hold for a variable that happens to end there, which is what libraries get wrong.
 */
export function unusableSupport(
  method: string,
  values: Float64Array,
  support: Support | undefined,
  level: number,
): IntervalRefusal | null {
  const needed =
    'the range of a unit’s contribution, known beforehand: clip × largest reward × most rows per unit';
  if (support === undefined || !Number.isFinite(support.min) || !Number.isFinite(support.max)) {
    return refuseInterval(method, level, 'support_unknown', 'no finite support was given', needed);
  }
  invariant(support.min < support.max, 'a support has a width');
  const slack = ROUNDING * (support.max - support.min);
  const outside = values.findIndex((v) => v < support.min - slack || v > support.max + slack);
  if (outside < 0) return null;
  const reason =
    `unit ${outside} contributes ${values[outside]}, ` +
    `outside the stated support [${support.min}, ${support.max}]`;
  return refuseInterval(method, level, 'support_violated', reason, needed);
}

export interface ContributionBound {
  /** c: the clip, or the largest possible weight 1 / (smallest exploration probability). */
  readonly largestWeight: number;
  /** The declared range of the response. */
  readonly response: Support;
  /** m: rows that a unit can have at most, by design. */
  readonly mostRowsPerUnit: number;
}

export interface Contributions {
  /** X_k = (K / n) Σ_{i in k} wᵢ rᵢ, whose mean is (1/n) Σᵢ wᵢ rᵢ. */
  readonly values: Float64Array;
  readonly support: Support;
}

/**
 * What each unit contributes to the per-decision estimate (1/n) Σᵢ wᵢ rᵢ, with its known support
 * [min(0, c r_min), max(0, c r_max)] · m · K/n.
 *
 * Bounds on the mean of X_k hold given the numbers of rows per unit: the target is then the mean over the decisions as
 * they were logged (the estimand `per-decision`). Where the number of a unit's rows reacts to the actions, value a unit's
 * declared mean or its total instead.
 *
 * @param weighted Σ wᵢ rᵢ of every unit, already clipped at c
 * @param rows n_k of every unit
 */
export function perDecisionContributions(
  weighted: Float64Array,
  rows: Float64Array,
  bound: ContributionBound,
): Contributions {
  invariant(weighted.length === rows.length, 'a number of rows for every unit');
  invariant(bound.largestWeight > 0 && bound.mostRowsPerUnit >= 1, 'a weight > 0 and at least one row');
  let n = 0;
  for (const count of rows) {
    invariant(count <= bound.mostRowsPerUnit, 'no unit has more rows than stated');
    n += count;
  }
  const scale = rows.length / n;
  const reach = bound.largestWeight * bound.mostRowsPerUnit * scale;
  return {
    values: weighted.map((value) => value * scale),
    support: { min: reach * Math.min(0, bound.response.min), max: reach * Math.max(0, bound.response.max) },
  };
}
