import { compensatedSum } from '../../math/compensated-sum.ts';
import type { EvaluationPolicy } from '../bandit-log.ts';
import { resampleTotals } from '../bootstrap.ts';
import { influencesByUnit } from '../delta-method.ts';
import { uncertainty } from '../evaluate-log.ts';
import type { Estimate, EstimateRefusal, OpeReport, Warning } from '../report.ts';
import { refusalOf, type Locate, type Trouble } from '../trouble.ts';
import { eventWarnings } from '../weak.ts';
import type { Reduction } from './reduction.ts';
import { sessionDisagreements } from './session-agreement.ts';
import { clipWarning, examineSessions, type SessionExamination } from './session-examination.ts';
import { hyperParametersOf } from './hyper-parameter-echo.ts';
import { isTrouble, type SequentialEstimator } from './sequential-estimator.ts';
import { sequentialEstimators } from './sequential-estimators.ts';
import { assertSessions, horizonOf, type SequentialLog } from './sequential-log.ts';
import { chosenSequential, sequentialSettings, type SequentialOptions } from './sequential-options.ts';
import type { SessionView, SequentialSettings } from './session-view.ts';
import { rowValues } from './value-tables.ts';

/** What `evaluateLog` answers, for sessions: `health` is of the weights of whole sessions, `stepHealth` of rows. */
export interface SequentialReport extends OpeReport {
  readonly log: OpeReport['log'] & { readonly sessions: number; readonly longestSession: number };
  readonly stepHealth: OpeReport['health'];
}

/** One response under one estimator, reduced to the sums of every unit. */
export interface SequentialValuation extends Reduction {
  readonly response: string;
  readonly estimator: SequentialEstimator;
  readonly total: number;
}

/**
 * Values a policy from sessions logged by another one.
 *
 * @param log the sessions, in columns (`arrangeSessions` makes them from rows)
 * @param policy π on every row of the log
 * @param options estimators, value tables, clip, DICE settings, level, resamples, seed, limits
 * @returns per response and estimator an estimate (`per-session`: the mean discounted return of a session; `ncis-step`:
 *   `per-decision`) with standard error (delta method), intervals (percentile bootstrap and normal, both by unit) and
 *   warnings, or a refusal. A log with unusable rows refuses everything; one whose *session* weights are unusable refuses
 *   the estimators that multiply weights over a session, and no others.
 */
export function evaluateSequentialLog(
  log: SequentialLog,
  policy: EvaluationPolicy,
  options: SequentialOptions,
): SequentialReport {
  const { results, examination, settings } = valuateSessions(log, policy, options);
  return {
    log: {
      rounds: log.rounds,
      units: log.unitCount,
      sessions: log.sessionCount,
      longestSession: horizonOf(log),
    },
    health: examination.health,
    stepHealth: examination.stepHealth,
    estimates: estimatesOf(log, policy, results, examination, settings, options),
  };
}

/** Every response under every estimator: unit sums, or the reason why not. */
export function valuateSessions(
  log: SequentialLog,
  policy: EvaluationPolicy,
  options: SequentialOptions,
): {
  readonly results: readonly (SequentialValuation | EstimateRefusal)[];
  readonly examination: SessionExamination;
  readonly settings: SequentialSettings;
} {
  assertSessions(log, policy);
  const settings = sequentialSettings(options, log);
  const estimators = chosenSequential(options, log).map((id) => sequentialEstimators[id]);
  const examination = examineSessions(log, policy, settings, options);
  const { unusable, logWeights } = examination;
  const results: (SequentialValuation | EstimateRefusal)[] = [];
  const shared = new Map<string, readonly Float64Array[]>();
  for (const response of log.responses.keys()) {
    const view =
      unusable === null ? viewOf(log, policy, settings, options, response, logWeights, shared) : null;
    for (const estimator of estimators) {
      results.push(valuation(view, response, estimator, unusable ?? examination.refused[estimator.weights]));
    }
  }
  return { results, examination, settings };
}

function viewOf(
  log: SequentialLog,
  policy: EvaluationPolicy,
  settings: SequentialSettings,
  options: SequentialOptions,
  response: string,
  logWeights: Float64Array,
  shared: Map<string, readonly Float64Array[]>,
): SessionView | Trouble {
  const locate = options.locate ?? ((row: number) => `row ${row}`);
  const responses = log.responses.get(response) ?? new Float64Array(0);
  const trouble = invalidResponse(response, responses, locate);
  if (trouble !== null) return trouble;
  const values = rowValues(log, policy, options.valueTables?.get(response), locate);
  return { log, policy, horizon: horizonOf(log), logWeights, responses, values, settings, shared };
}

function valuation(
  view: SessionView | Trouble | null,
  response: string,
  estimator: SequentialEstimator,
  refused: Trouble | null,
): SequentialValuation | EstimateRefusal {
  if (refused !== null || view === null) return refusalOf(response, estimator.id, refused ?? noWeight);
  if (isTrouble(view)) return refusalOf(response, estimator.id, view);
  const reduction = estimator.reduce(view);
  if (isTrouble(reduction)) return refusalOf(response, estimator.id, reduction);
  const total = reduction.value(reduction.columns.map(compensatedSum));
  if (!Number.isFinite(total)) return refusalOf(response, estimator.id, noWeight);
  return { ...reduction, response, estimator, total };
}

export const isSessionValuation = (
  result: SequentialValuation | EstimateRefusal,
): result is SequentialValuation => 'columns' in result;

function estimatesOf(
  log: SequentialLog,
  policy: EvaluationPolicy,
  results: readonly (SequentialValuation | EstimateRefusal)[],
  examination: SessionExamination,
  settings: SequentialSettings,
  options: SequentialOptions,
): (Estimate | EstimateRefusal)[] {
  const valuations = results.filter(isSessionValuation);
  const resampled = resampledTotals(valuations, options);
  const compared = valuations.map((v, i) => ({ ...v, value: v.total, resampled: resampled[i] }));
  const disagreed = sessionDisagreements(compared, options.level);
  const events = new Map<string, Warning[]>();
  for (const { response } of valuations) {
    if (events.has(response)) continue;
    const values = log.responses.get(response) ?? new Float64Array(0);
    events.set(response, eventWarnings(log, policy, values, examination.limits));
  }
  return results.map((result) => {
    if (!isSessionValuation(result)) return result;
    const i = valuations.indexOf(result);
    const { estimator, response, total } = result;
    const echo = hyperParametersOf(estimator, log, settings, examination);
    const warnings = [
      ...examination.warnings[estimator.weights],
      ...clipWarning(settings.clip, echo.clippedFraction ?? 0),
      ...(estimator.note === undefined ? [] : [estimator.note]),
      ...(events.get(response) ?? []),
      ...disagreed[i],
    ];
    return {
      ...uncertainty(total, sessionInfluences(result), resampled[i], options.level, warnings),
      response,
      estimator: estimator.id,
      estimand: estimator.estimand,
      ...echo,
    };
  });
}

/** ψₖ of every unit. */
export const sessionInfluences = ({ columns, gradient }: SequentialValuation): Float64Array =>
  influencesByUnit(columns, gradient(columns.map(compensatedSum)));

/** The values of every valuation in the same resamples of units, so that their differences are paired. */
export function resampledTotals(
  valuations: readonly SequentialValuation[],
  options: { readonly resamples: number; readonly seed: number },
): Float64Array[] {
  const index = new Map<Float64Array, number>();
  for (const { columns } of valuations) {
    for (const column of columns) if (!index.has(column)) index.set(column, index.size);
  }
  const { resamples, totals } = resampleTotals([...index.keys()], options);
  return valuations.map(({ columns, value }) => {
    const places = columns.map((column) => (index.get(column) ?? 0) * resamples);
    const sums = new Float64Array(places.length);
    return Float64Array.from({ length: resamples }, (_, b) => {
      for (let j = 0; j < places.length; j++) sums[j] = totals[places[j] + b];
      return value(sums);
    });
  });
}

function invalidResponse(name: string, values: Float64Array, locate: Locate): Trouble | null {
  const row = values.findIndex((value) => !Number.isFinite(value));
  if (row < 0) return null;
  return {
    code: 'response_invalid',
    reason: `${locate(row)}: the response ${name} must be a finite number, it is ${values[row]}`,
    needed: 'a finite number on every row (a missing outcome is not a zero)',
  };
}

const noWeight: Trouble = {
  code: 'no_support',
  reason:
    'at some step no session carries weight: the evaluated policy never follows a logged session that far',
  needed: 'a log in which the evaluated policy’s sessions occur, or shorter sessions',
};
