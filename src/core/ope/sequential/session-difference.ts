import { compensatedSum } from '../../math/compensated-sum.ts';
import type { EvaluationPolicy } from '../bandit-log.ts';
import { uncertainty } from '../evaluate-log.ts';
import type { Estimate, EstimateRefusal } from '../report.ts';
import { sumByUnit } from '../unit-sums.ts';
import {
  isSessionValuation,
  resampledTotals,
  sessionInfluences,
  valuateSessions,
  type SequentialValuation,
} from './evaluate-sequential-log.ts';
import { hyperParametersOf } from './hyper-parameter-echo.ts';
import { ratioReduction } from './reduction.ts';
import { sumSessionsByUnit, type SequentialLog } from './sequential-log.ts';
import { chosenSequential, type SequentialOptions } from './sequential-options.ts';

/** A policy with values of its own (Q and V depend on π), or the policy that produced the log. */
export type SessionOpponent =
  'behavior' | { readonly policy: EvaluationPolicy; readonly options: SequentialOptions };

/**
 * V̂(π) − V̂(opponent) from the same sessions, paired: every resample of units is the same on both sides, so what the two
 * share cancels. The behavior policy's own value is the log's mean, with weights of 1.
 *
 * @param against its `options` carry the opponent's value tables; level, resamples and seed are those of `options`
 * @returns one result per response and estimator, refused when either side is; warnings are those that weaken the left side
 *   or the right one. Standard error: delta method on the difference of the units' influences.
 */
export function pairedSessionDifference(
  log: SequentialLog,
  policy: EvaluationPolicy,
  against: SessionOpponent,
  options: SequentialOptions,
): (Estimate | EstimateRefusal)[] {
  const left = valuateSessions(log, policy, options);
  const estimators = chosenSequential(options, log);
  const { level, resamples, seed } = options;
  const right =
    against === 'behavior'
      ? null
      : valuateSessions(log, against.policy, { ...against.options, level, resamples, seed, estimators });
  const pairs = left.results.map(
    (a, i) => [a, right === null ? ownValue(log, a) : right.results[i]] as const,
  );
  const both = pairs.flatMap(([a, b]) => (isSessionValuation(a) && isSessionValuation(b) ? [a, b] : []));
  const resampled = resampledTotals(both, options);
  return pairs.map(([a, b]) => {
    if (!isSessionValuation(a)) return a;
    if (!isSessionValuation(b)) return b;
    const [mine, theirs] = [resampled[both.indexOf(a)], resampled[both.indexOf(a) + 1]];
    const other = sessionInfluences(b);
    const influence = sessionInfluences(a).map((value, k) => value - other[k]);
    const { weights } = a.estimator;
    const warnings = [
      ...left.examination.warnings[weights],
      ...(right === null ? [] : right.examination.warnings[weights]),
    ].filter(({ code }, at, all) => all.findIndex((w) => w.code === code) === at);
    const difference = mine.map((value, r) => value - theirs[r]);
    return {
      ...uncertainty(a.total - b.total, influence, difference, level, warnings),
      response: a.response,
      estimator: a.estimator.id,
      estimand: a.estimator.estimand,
      ...hyperParametersOf(a.estimator, log, left.settings, left.examination),
    };
  });
}

/** The mean return of the log's sessions, or the mean response of its rows where the estimand is that of a decision. */
function ownValue(
  log: SequentialLog,
  against: SequentialValuation | EstimateRefusal,
): SequentialValuation | EstimateRefusal {
  if (!isSessionValuation(against)) return against;
  const responses = log.responses.get(against.response) ?? new Float64Array(0);
  const reduction =
    against.estimator.estimand === 'per-decision'
      ? ratioReduction(
          sumByUnit(log.units, log.unitCount, (row) => responses[row]),
          sumByUnit(log.units, log.unitCount, () => 1),
        )
      : ratioReduction(
          sumSessionsByUnit(log, (j) => discounted(log, responses, j)),
          sumSessionsByUnit(log, () => 1),
        );
  const total = reduction.value(reduction.columns.map(compensatedSum));
  return { ...reduction, response: against.response, estimator: against.estimator, total };
}

function discounted(log: SequentialLog, responses: Float64Array, session: number): number {
  let sum = 0;
  for (let i = log.starts[session + 1] - 1; i >= log.starts[session]; i--) {
    sum = responses[i] + log.discount * sum;
  }
  return sum;
}
