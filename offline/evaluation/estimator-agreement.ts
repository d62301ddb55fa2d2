import type { BanditLog, EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import { percentileInterval } from '../../src/core/ope/bootstrap.ts';
import { valuationInput } from '../../src/core/ope/evaluate-log.ts';
import { examine } from '../../src/core/ope/examination.ts';
import { chosenIds, type OpeOptions } from '../../src/core/ope/ope-options.ts';
import type { EstimatorId } from '../../src/core/ope/report.ts';
import { resolver } from '../../src/core/ope/tuning/resolve.ts';
import { isValuation, resampledValues, valuate, type Valuation } from '../../src/core/ope/valuation.ts';

/** The difference of two estimators of the same response and estimand, on the same resamples. */
export interface PairAgreement {
  readonly response: string;
  readonly first: EstimatorId;
  readonly second: EstimatorId;
  readonly difference: number;
  readonly lower: number;
  readonly upper: number;
  /** Corrected for the number of pairs (Bonferroni). */
  readonly level: number;
  /** The interval contains 0. */
  readonly agrees: boolean;
}

/**
 * Do estimators of the same thing agree? V̂ᵢ − V̂ⱼ with its paired percentile bootstrap interval by unit; the same rule as
 * the warning `estimators_disagree`. Empty where the log is unusable.
 */
export function estimatorAgreement(
  log: BanditLog,
  policy: EvaluationPolicy,
  options: OpeOptions,
): PairAgreement[] {
  const { unusable, weights } = examine(log, policy, options);
  if (unusable !== null) return [];
  const input = valuationInput(log, policy, weights, options);
  const results = valuate({ ...input, resolve: resolver(input, chosenIds(options), options) });
  const valuations = results.filter(isValuation);
  const resampled = resampledValues(valuations, options);
  const pairs = valuations.flatMap((a, i) =>
    valuations.flatMap((b, j) => (i < j && a.response === b.response ? [[i, j] as const] : [])),
  );
  const level = 1 - (1 - options.level) / Math.max(1, pairs.length);
  return pairs.flatMap(([i, j]) => {
    const difference = resampled[i].map((value, r) => value - resampled[j][r]);
    const interval = percentileInterval(difference, level);
    return interval === null ? [] : [agreement(valuations[i], valuations[j], interval, level)];
  });
}

function agreement(
  a: Valuation,
  b: Valuation,
  { lower, upper }: { readonly lower: number; readonly upper: number },
  level: number,
): PairAgreement {
  // Rounding alone must not be called a disagreement.
  const slack = 1e-12 * Math.max(Math.abs(a.value), Math.abs(b.value));
  return {
    response: a.response,
    first: a.estimator.id,
    second: b.estimator.id,
    difference: a.value - b.value,
    lower,
    upper,
    level,
    agrees: lower <= slack && upper >= -slack,
  };
}
