import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import type { Estimator } from './estimator.ts';
import {
  checkOptions,
  chosenEstimators,
  isValuation,
  refuseAll,
  uncertainty,
  type OpeOptions,
} from './evaluate-log.ts';
import { examine, type Examination } from './examination.ts';
import { onPolicyMean } from './on-policy.ts';
import type { Estimate, EstimateRefusal, Warning } from './report.ts';
import { influences, resampledValues, valuate, type Valuation } from './valuation.ts';
import { eventWarnings } from './weak.ts';

/** `behavior`: the policy that produced the log; its value is the log's own mean, with weights of 1. */
export type Opponent = EvaluationPolicy | 'behavior';

interface Side {
  readonly examination: Examination | null;
  readonly results: readonly (Valuation | EstimateRefusal)[];
}

/**
 * V̂(π) − V̂(opponent) from one log, paired: both sides are valued on the same rows, and every resample of units is the
 * same for both, so what the two policies share cancels.
 *
 * @returns one result per response and estimator. It is refused when either side is; its warnings are those of both.
 *   Standard error: delta method on the difference of the units' influences.
 */
export function pairedDifference(
  log: BanditLog,
  policy: EvaluationPolicy,
  against: Opponent,
  options: OpeOptions,
): (Estimate | EstimateRefusal)[] {
  checkOptions(options);
  const estimators = chosenEstimators(options);
  const left = sideOf(log, policy, estimators, options);
  const right =
    against === 'behavior'
      ? onPolicySide(log, estimators, options)
      : sideOf(log, against, estimators, options);
  const pairs = left.results.map((a, i) => [a, right.results[i]] as const);
  const both = pairs.flatMap(([a, b]) => (isValuation(a) && isValuation(b) ? [a, b] : []));
  const resampled = resampledValues(both, options);
  return pairs.map(([a, b]) => {
    if (!isValuation(a)) return a;
    if (!isValuation(b)) return b;
    const at = both.indexOf(a);
    const difference = resampled[at].map((value, r) => value - resampled[at + 1][r]);
    const other = influences(b);
    const influence = influences(a).map((value, k) => value - other[k]);
    const warnings = warningsOf(log, policy, a, [left.examination, right.examination]);
    const clip = a.estimator.usesWeights ? options.clip : undefined;
    return {
      ...uncertainty(a.value - b.value, influence, difference, options.level, warnings),
      response: a.response,
      estimator: a.estimator.id,
      estimand: a.estimator.estimand,
      ...(clip === undefined ? {} : { clip, clippedFraction: left.examination?.health.clippedFraction ?? 0 }),
    };
  });
}

function sideOf(
  log: BanditLog,
  policy: EvaluationPolicy,
  estimators: readonly Estimator[],
  options: OpeOptions,
): Side {
  const examination = examine(log, policy, options);
  if (examination.unusable !== null) {
    return { examination, results: refuseAll(log, estimators, examination.unusable) };
  }
  const { weights } = examination;
  return { examination, results: valuate({ log, policy, weights, estimators, ...inputs(options) }) };
}

/** The log's own mean under every estimator's id; it needs neither weights nor a model. */
function onPolicySide(log: BanditLog, estimators: readonly Estimator[], options: OpeOptions): Side {
  const policy: EvaluationPolicy = { kind: 'logged-action', probabilities: log.propensities };
  const weights = new Float64Array(log.rounds).fill(1);
  const means = estimators.map(onPolicyMean);
  return {
    examination: null,
    results: valuate({ log, policy, weights, estimators: means, ...inputs(options) }),
  };
}

const inputs = (options: OpeOptions) => ({
  rewardModels: options.rewardModels ?? new Map<string, Float64Array>(),
  locate: options.locate ?? ((row: number) => `row ${row}`),
});

function warningsOf(
  log: BanditLog,
  policy: EvaluationPolicy,
  valuation: Valuation,
  examinations: readonly (Examination | null)[],
): Warning[] {
  const seen = new Map<string, Warning>();
  for (const examination of examinations) {
    if (examination === null) continue;
    const own = valuation.estimator.usesWeights ? examination.weightWarnings : [];
    const responses = log.responses.get(valuation.response) ?? new Float64Array(0);
    const events = eventWarnings(log, policy, responses, examination.limits);
    for (const warning of [...examination.supportWarnings, ...own, ...events]) {
      seen.set(`${warning.code} ${warning.reason}`, warning);
    }
  }
  return [...seen.values()];
}
