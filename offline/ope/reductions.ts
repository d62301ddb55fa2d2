import { compensatedSum } from '../../src/core/math/compensated-sum.ts';
import type { BanditLog, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import { resampleTotals } from '../../src/core/ope/bootstrap.ts';
import { influencesByUnit } from '../../src/core/ope/delta-method.ts';
import { valuationInput } from '../../src/core/ope/evaluate-log.ts';
import { examine } from '../../src/core/ope/examination.ts';
import { valuesOfTotals } from '../../src/core/ope/intervals/poisson-bootstrap.ts';
import { chosenIds, type OpeOptions } from '../../src/core/ope/ope-options.ts';
import type { EstimatorId } from '../../src/core/ope/report.ts';
import type { RowSubset } from '../../src/core/ope/row-subset.ts';
import type { Reduction } from '../../src/core/ope/sequential/reduction.ts';
import { resolver } from '../../src/core/ope/tuning/resolve.ts';
import { isValuation, valuate } from '../../src/core/ope/valuation.ts';

/** An estimate as unit sums: what intervals by unit and paired differences are made of. */
export interface ReducedEstimate extends Reduction {
  readonly response: string;
  readonly estimator: EstimatorId;
  /** The rows it was computed from, where a tuned setting took the others. */
  readonly subset: RowSubset | null;
  /** The clip that it applied. */
  readonly clip: number;
}

/** The reductions of every estimate of decisions that was not refused. */
export function banditReductions(
  log: BanditLog,
  policy: EvaluationPolicy,
  options: OpeOptions,
): ReducedEstimate[] {
  const examination = examine(log, policy, options);
  if (examination.unusable !== null) return [];
  const input = valuationInput(log, policy, examination.weights, options);
  const results = valuate({ ...input, resolve: resolver(input, chosenIds(options), options) });
  return results.filter(isValuation).map(({ response, estimator, columns, subset }) => ({
    response,
    estimator: estimator.id,
    columns,
    value: estimator.value,
    gradient: estimator.gradient,
    subset,
    clip: estimator.clip ?? Infinity,
  }));
}

export const totalOf = ({ columns, value }: Reduction): number => value(columns.map(compensatedSum));

/** ψₖ of every unit: the first-order change of the estimate with it. */
export const influencesOf = ({ columns, gradient }: Reduction): Float64Array =>
  influencesByUnit(columns, gradient(columns.map(compensatedSum)));

/** The values of a reduction in the usual resamples of units. */
export const resampledValuesOf = (
  { columns, value }: Reduction,
  options: { readonly resamples: number; readonly seed: number },
): Float64Array => valuesOfTotals(resampleTotals(columns, options), value);

/** A − B on the same units: V̂(left) − V̂(right), with both sides in every resample. */
export function differenceReduction(left: Reduction, right: Reduction): Reduction {
  const split = left.columns.length;
  const sides = (totals: ArrayLike<number>): [number[], number[]] => {
    const all = Array.from(totals);
    return [all.slice(0, split), all.slice(split)];
  };
  return {
    columns: [...left.columns, ...right.columns],
    value: (totals) => {
      const [a, b] = sides(totals);
      return left.value(a) - right.value(b);
    },
    gradient: (totals) => {
      const [a, b] = sides(totals);
      return [...left.gradient(a), ...right.gradient(b).map((slope) => -slope)];
    },
  };
}
