import { disagreements } from './agreement.ts';
import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { percentileInterval } from './bootstrap.ts';
import { normalInterval, standardError } from './delta-method.ts';
import type { Estimator } from './estimator.ts';
import { examine, type Examination } from './examination.ts';
import { checkOptions, chosenIds, type OpeOptions } from './ope-options.ts';
import {
  isRefusal,
  type BanditEstimatorId,
  type Estimate,
  type EstimateRefusal,
  type Interval,
  type OpeReport,
  type Warning,
} from './report.ts';
import { changedFraction } from './shrinkage.ts';
import { refusalOf } from './trouble.ts';
import { resolver } from './tuning/resolve.ts';
import {
  influences,
  isValuation,
  resampledValues,
  valuate,
  type Valuation,
  type ValuationInput,
} from './valuation.ts';
import { eventWarnings, modelWarning, shrinkageWarnings } from './weak.ts';

export type { OpeOptions } from './ope-options.ts';

/**
 * Values a policy from the log of another one.
 *
 * @param log the decisions, in columns
 * @param policy π on every row of the log
 * @param options estimators, clip c, level, resamples, seed, reward models, limits
 * @returns the health of log and policy, and per response and estimator an estimate with standard error (delta
 *   method), intervals (percentile bootstrap and normal, both by unit) and warnings, or a refusal. An unusable log
 *   refuses everything: no value is computed that could be mistaken for one.
 */
export function evaluateLog(log: BanditLog, policy: EvaluationPolicy, options: OpeOptions): OpeReport {
  checkOptions(options);
  return reportOf(log, policy, examine(log, policy, options), options);
}

/** The report of a log that was examined already. */
export function reportOf(
  log: BanditLog,
  policy: EvaluationPolicy,
  examination: Examination,
  options: OpeOptions,
): OpeReport {
  const head = { log: { rounds: log.rounds, units: log.unitCount }, health: examination.health };
  if (examination.unusable !== null) {
    return { ...head, estimates: refuseAll(log, chosenIds(options), examination.unusable) };
  }
  const input = valuationInput(log, policy, examination.weights, options);
  const results = valuate({ ...input, resolve: resolver(input, chosenIds(options), options) });
  return { ...head, estimates: estimatesOf(log, policy, results, examination, options) };
}

export const valuationInput = (
  log: BanditLog,
  policy: EvaluationPolicy,
  weights: Float64Array,
  options: OpeOptions,
): ValuationInput => ({
  log,
  policy,
  weights,
  estimators: [],
  rewardModels: options.rewardModels ?? new Map<string, Float64Array>(),
  mrdrModels: options.mrdrModels ?? new Map<string, Float64Array>(),
  locate: options.locate ?? ((row) => `row ${row}`),
});

export const refuseAll = (
  log: BanditLog,
  ids: readonly BanditEstimatorId[],
  trouble: EstimateRefusal['refusal'],
): EstimateRefusal[] =>
  [...log.responses.keys()].flatMap((name) => ids.map((id) => refusalOf(name, id, trouble)));

function estimatesOf(
  log: BanditLog,
  policy: EvaluationPolicy,
  results: readonly (Valuation | EstimateRefusal)[],
  examination: Examination,
  options: OpeOptions,
): (Estimate | EstimateRefusal)[] {
  const valuations = results.filter(isValuation);
  const resampled = resampledValues(valuations, options);
  const disagreed = disagreements(valuations, resampled, options.level);
  const events = new Map(
    [...log.responses].map(([name, values]) => [
      name,
      eventWarnings(log, policy, values, examination.limits),
    ]),
  );
  return results.map((result) => {
    if (!isValuation(result)) return result;
    const i = valuations.indexOf(result);
    const { estimator } = result;
    const own = estimator.usesWeights ? examination.weightWarnings : [modelWarning];
    const settings = settingsOf(log, examination.weights, estimator);
    const warnings = [
      ...examination.supportWarnings,
      ...own,
      ...settings.warnings,
      ...result.notes,
      ...(events.get(result.response) ?? []),
      ...disagreed[i],
    ];
    return {
      ...uncertainty(result.value, influences(result), resampled[i], options.level, warnings),
      response: result.response,
      estimator: estimator.id,
      estimand: estimator.estimand,
      ...settings.echo,
    };
  });
}

/** What an estimate says about the settings of its estimator. */
export function settingsOf(
  log: BanditLog,
  weights: Float64Array,
  estimator: Estimator,
): { echo: Pick<Estimate, 'clip' | 'clippedFraction' | 'hyperParameters'>; warnings: Warning[] } {
  const { clip, shrinkage, hyperParameters } = estimator;
  if (shrinkage === undefined || shrinkage === null) return { echo: {}, warnings: [] };
  const fraction = changedFraction(log, weights, shrinkage);
  const echo = {
    // An infinite clip is none.
    ...(clip === undefined || clip === Infinity ? {} : { clip, clippedFraction: fraction }),
    ...(hyperParameters === undefined ? {} : { hyperParameters }),
  };
  return { echo, warnings: shrinkageWarnings(estimator, fraction) };
}

/** Value, standard error and both intervals of anything that has influences by unit and resampled values. */
export function uncertainty(
  value: number,
  influenceOfUnits: Float64Array,
  resampled: Float64Array,
  level: number,
  warnings: readonly Warning[],
): Pick<Estimate, 'value' | 'standardError' | 'intervals' | 'warnings'> {
  const error = standardError(influenceOfUnits);
  const bootstrap = percentileInterval(resampled, level);
  const intervals = [bootstrap, normalInterval(value, error, level)].filter(
    (interval): interval is Interval => interval !== null,
  );
  const missing = {
    code: 'bootstrap_undefined',
    reason: 'some resamples carry no weight at all, so there is no bootstrap interval',
  };
  return {
    value,
    standardError: error,
    intervals,
    warnings: bootstrap === null ? [...warnings, missing] : warnings,
  };
}

/** The estimates of a report, without its refusals. */
export const estimatesIn = (report: OpeReport): Estimate[] =>
  report.estimates.filter((e): e is Estimate => !isRefusal(e));
