import { evaluateSequentialLog } from '../../src/core/ope/sequential/evaluate-sequential-log.ts';
import type { SequentialLog } from '../../src/core/ope/sequential/sequential-log.ts';
import { pairedSessionDifference } from '../../src/core/ope/sequential/session-difference.ts';
import { isRefusal, type EstimatorId, type SequentialEstimatorId } from '../../src/core/ope/report.ts';
import { refusalOf, type Trouble } from '../../src/core/ope/trouble.ts';
import type { SessionRows } from '../tabular/bandit-log-file.ts';
import { sourcesOf } from './bandit-answer.ts';
import { attachIntervals, isUsual, type IntervalSources } from './intervals/attach-intervals.ts';
import { boundsFor, type LoadedLog } from './loaded-log.ts';
import type { Answer, PopulationAnswer } from './ope-result.ts';
import type { KnownBounds, OpeQuestion } from './question.ts';
import { differenceReduction, type ReducedEstimate } from './reductions.ts';
import { sessionLog } from './session-log.ts';
import { onPolicySessions, sessionReductions, weightedSessions } from './session-reductions.ts';

type Ids = readonly SequentialEstimatorId[] | null;

/** Estimates of sessions on the whole log, with the intervals that were asked for. */
export function answerSessions(
  loaded: LoadedLog,
  rows: SessionRows,
  question: OpeQuestion,
  ids: Ids,
): PopulationAnswer {
  const sessions = sessionLog(loaded, rows, question, ids);
  const report = evaluateSequentialLog(sessions.log, sessions.policy, sessions.options);
  if (isUsual(question.intervals)) return report;
  const { reductions, logWeights } = sessionReductions(sessions, sessions.policy);
  const estimates = attachIntervals(report.estimates, {
    ...sourcesOf(question),
    reductions,
    sidesOf: sidesIn(sessions.log, [logWeights], loaded, question),
  });
  return { ...report, estimates };
}

/**
 * Bounds that see weights exist for `tis`: a session is a row with one weight and its return.
 *
 * @param sides log weights of each side; null for the log's own policy
 */
function sidesIn(
  log: SequentialLog,
  sides: readonly (Float64Array | null)[],
  loaded: LoadedLog,
  question: OpeQuestion,
): IntervalSources['sidesOf'] {
  return ({ estimator, response }: ReducedEstimate) => {
    if (estimator !== 'tis') return null;
    const bounds = returnBounds(boundsFor(loaded, question, response), question);
    return sides.map((logWeights) => ({
      units: weightedSessions(log, response, logWeights),
      clip: logWeights === null ? 1 : Infinity,
      bounds,
    }));
  };
}

/** Σ over at most H steps of γᵗ r for r ∈ [min, max]; a session may end early, so 0 is always possible. */
function returnBounds(bounds: KnownBounds, { session }: OpeQuestion): KnownBounds {
  // The weight of a session is a product: the bound of one row's weight says nothing about it.
  const { rewardRange, maxSteps, maxWeight: _ofRows, ...rest } = bounds;
  if (rewardRange === undefined || maxSteps === undefined) return rest;
  let factor = 0;
  for (let t = 0; t < maxSteps; t++) factor += session.discount ** t;
  const range = { min: factor * Math.min(0, rewardRange.min), max: factor * Math.max(0, rewardRange.max) };
  return { ...rest, rewardRange: range };
}

/**
 * V(π) − V(opponent) for every estimator of sessions. An estimator that leans on given values is refused against another
 * policy whose values are not given.
 */
export function sessionDifferences(
  loaded: LoadedLog,
  rows: SessionRows,
  question: OpeQuestion,
  ids: Ids,
): Answer[] {
  const sessions = sessionLog(loaded, rows, question, ids);
  const { log, policy, opponent, options } = sessions;
  const against = opponent === null ? 'behavior' : { policy: opponent, options: sessions.opponentOptions };
  const hasOwnValues = opponent === null || loaded.opponentTables.size > 0;
  const estimates = pairedSessionDifference(log, policy, against, options).map((estimate) =>
    isRefusal(estimate) || hasOwnValues || !leansOnValues.has(estimate.estimator)
      ? estimate
      : refusalOf(estimate.response, estimate.estimator, otherValuesMissing),
  );
  if (isUsual(question.intervals)) return estimates;
  const left = sessionReductions(sessions, policy);
  const right =
    opponent === null
      ? null
      : sessionReductions({ ...sessions, options: sessions.opponentOptions }, opponent);
  return attachIntervals(estimates, {
    ...sourcesOf(question),
    reductions: left.reductions.flatMap((side) => {
      const isSame = (other: ReducedEstimate): boolean =>
        other.response === side.response && other.estimator === side.estimator;
      const other = right === null ? onPolicySessions(log, side) : right.reductions.find(isSame);
      return other === undefined ? [] : [{ ...side, ...differenceReduction(side, other) }];
    }),
    sidesOf: sidesIn(log, [left.logWeights, right?.logWeights ?? null], loaded, question),
  });
}

/** Doubly robust ones take any Q; these two believe it. */
const leansOnValues: ReadonlySet<EstimatorId> = new Set(['fqe', 'magic']);

const otherValuesMissing: Trouble = {
  code: 'action_values_missing',
  reason: 'the given values are those of the evaluated policy, and the policy to compare with has others',
  needed: 'Q(s, a) of both policies, valued one after the other',
};
