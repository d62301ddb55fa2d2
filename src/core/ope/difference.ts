import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { refuseAll, settingsOf, uncertainty, valuationInput } from './evaluate-log.ts';
import { examine, type Examination } from './examination.ts';
import { onPolicyMean } from './on-policy.ts';
import { checkOptions, chosenIds, type OpeOptions } from './ope-options.ts';
import type { Estimate, EstimateRefusal, Warning } from './report.ts';
import { resolver } from './tuning/resolve.ts';
import {
  influences,
  isValuation,
  resampledValues,
  valuate,
  type ResolvedEstimator,
  type Valuation,
} from './valuation.ts';
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
  const left = sideOf(log, policy, options);
  const right = against === 'behavior' ? onPolicySide(log, left, options) : sideOf(log, against, options);
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
    const settings = settingsOf(log, left.examination?.weights ?? new Float64Array(0), a.estimator);
    const warnings = [
      ...warningsOf(log, policy, a, [left.examination, right.examination]),
      ...settings.warnings,
      ...a.notes,
    ];
    return {
      ...uncertainty(a.value - b.value, influence, difference, options.level, warnings),
      response: a.response,
      estimator: a.estimator.id,
      estimand: a.estimator.estimand,
      ...settings.echo,
    };
  });
}

function sideOf(log: BanditLog, policy: EvaluationPolicy, options: OpeOptions): Side {
  const examination = examine(log, policy, options);
  const ids = chosenIds(options);
  if (examination.unusable !== null) {
    return { examination, results: refuseAll(log, ids, examination.unusable) };
  }
  const input = valuationInput(log, policy, examination.weights, options);
  return { examination, results: valuate({ ...input, resolve: resolver(input, ids, options) }) };
}

/** The log's own mean under every estimator's id, on the rows of the other side; it needs neither weights nor a model. */
function onPolicySide(log: BanditLog, other: Side, options: OpeOptions): Side {
  const policy: EvaluationPolicy = { kind: 'logged-action', probabilities: log.propensities };
  const weights = new Float64Array(log.rounds).fill(1);
  const valued = other.results.filter(isValuation);
  const resolve = (response: string): ResolvedEstimator[] =>
    valued
      .filter((valuation) => valuation.response === response)
      .map(({ estimator, subset, notes }) => ({ estimator: onPolicyMean(estimator), subset, notes }));
  const means = valuate({ ...valuationInput(log, policy, weights, options), resolve });
  const results = other.results.map((result) =>
    isValuation(result) ? means[valued.indexOf(result)] : result,
  );
  return { examination: null, results };
}

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
