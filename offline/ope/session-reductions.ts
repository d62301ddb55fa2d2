import type { EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import {
  isSessionValuation,
  valuateSessions,
} from '../../src/core/ope/sequential/evaluate-sequential-log.ts';
import { ratioReduction } from '../../src/core/ope/sequential/reduction.ts';
import { sequentialEstimators } from '../../src/core/ope/sequential/sequential-estimators.ts';
import { sumSessionsByUnit, type SequentialLog } from '../../src/core/ope/sequential/sequential-log.ts';
import { lastRow } from '../../src/core/ope/sequential/session-sums.ts';
import type { SequentialEstimatorId } from '../../src/core/ope/report.ts';
import { sumByUnit } from '../../src/core/ope/unit-sums.ts';
import type { WeightedUnits } from './intervals/weighted-units.ts';
import type { ReducedEstimate } from './reductions.ts';
import type { SessionLog } from './session-log.ts';

export interface ReducedSessions {
  readonly reductions: readonly ReducedEstimate[];
  /** log w₀:ₜ of every row. */
  readonly logWeights: Float64Array;
}

/** The reductions of every estimate of sessions that was not refused. */
export function sessionReductions({ log, options }: SessionLog, policy: EvaluationPolicy): ReducedSessions {
  const { results, examination } = valuateSessions(log, policy, options);
  const reductions = results.filter(isSessionValuation).map(({ estimator, ...reduction }) => ({
    ...reduction,
    estimator: estimator.id,
    subset: null,
    clip: Infinity,
  }));
  return { reductions, logWeights: examination.logWeights };
}

/** The log's own value under an estimator's estimand: the mean return of a session, or the mean of a decision. */
export function onPolicySessions(log: SequentialLog, side: ReducedEstimate): ReducedEstimate {
  const responses = log.responses.get(side.response) ?? new Float64Array(log.rounds);
  const { estimand } = sequentialEstimators[side.estimator as SequentialEstimatorId];
  const own =
    estimand === 'per-session'
      ? ratioReduction(
          sumSessionsByUnit(log, (j) => returnOf(log, responses, j)),
          sumSessionsByUnit(log, () => 1),
        )
      : ratioReduction(
          sumByUnit(log.units, log.unitCount, (row) => responses[row]),
          sumByUnit(log.units, log.unitCount, () => 1),
        );
  return { ...side, ...own };
}

/** Sessions as rows: the product of a session's weights, and its return. null: the log's own policy, weights of 1. */
export function weightedSessions(
  log: SequentialLog,
  response: string,
  logWeights: Float64Array | null,
): WeightedUnits {
  const responses = log.responses.get(response) ?? new Float64Array(log.rounds);
  const weights = Float64Array.from({ length: log.sessionCount }, (_, j) =>
    logWeights === null ? 1 : Math.exp(logWeights[lastRow(log, j)]),
  );
  return {
    weightedResponses: sumSessionsByUnit(log, (j) =>
      weights[j] === 0 ? 0 : weights[j] * returnOf(log, responses, j),
    ),
    weights: sumSessionsByUnit(log, (j) => weights[j]),
    rows: sumSessionsByUnit(log, () => 1),
    largestWeight: weights.reduce((largest, w) => Math.max(largest, w), 0),
    isUnweighted: weights.every((w) => w === 1),
  };
}

/** Σₜ γᵗ rₜ. */
function returnOf(log: SequentialLog, responses: Float64Array, session: number): number {
  let sum = 0;
  for (let i = lastRow(log, session); i >= log.starts[session]; i--) sum = responses[i] + log.discount * sum;
  return sum;
}
