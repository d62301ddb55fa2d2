import { invariant } from '../check.ts';
import { disagreements } from './agreement.ts';
import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { percentileInterval } from './bootstrap.ts';
import { normalInterval, standardError } from './delta-method.ts';
import type { Estimator } from './estimator.ts';
import { estimators as allEstimators } from './estimators.ts';
import { examine, type Examination, type ExaminationOptions } from './examination.ts';
import {
  isRefusal,
  type Estimate,
  type EstimateRefusal,
  type Interval,
  type OpeReport,
  type Warning,
} from './report.ts';
import { refusalOf } from './trouble.ts';
import { influences, resampledValues, valuate, type Valuation } from './valuation.ts';
import { eventWarnings, modelWarning } from './weak.ts';

export interface OpeOptions extends ExaminationOptions {
  /** Unless told: `ips` and `snips`, and `dm` and `dr` where there is a reward model. */
  readonly estimators?: readonly (keyof typeof allEstimators)[];
  /** Two-sided level of every interval, in (0, 1). */
  readonly level: number;
  /** Bootstrap resamples of units, ≥ 1; 1,000 is the usual choice. */
  readonly resamples: number;
  readonly seed: number;
  /** q̂ by response name: rounds × K, row-major, cross-fitted by unit. */
  readonly rewardModels?: ReadonlyMap<string, Float64Array>;
}

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
  const estimators = chosenEstimators(options);
  const examination = examine(log, policy, options);
  const head = { log: { rounds: log.rounds, units: log.unitCount }, health: examination.health };
  if (examination.unusable !== null) {
    return { ...head, estimates: refuseAll(log, estimators, examination.unusable) };
  }
  const results = valuate({
    log,
    policy,
    weights: examination.weights,
    estimators,
    rewardModels: options.rewardModels ?? new Map(),
    locate: options.locate ?? ((row) => `row ${row}`),
  });
  return { ...head, estimates: estimatesOf(log, policy, results, examination, options) };
}

export function checkOptions({ level, resamples, clip }: OpeOptions): void {
  invariant(level > 0 && level < 1, 'level in (0, 1)');
  invariant(Number.isInteger(resamples) && resamples >= 1, 'at least one resample');
  invariant(clip === undefined || clip > 0, 'clip > 0');
}

export function chosenEstimators({ estimators, rewardModels }: OpeOptions): readonly Estimator[] {
  const usual: readonly (keyof typeof allEstimators)[] =
    rewardModels === undefined || rewardModels.size === 0 ? ['ips', 'snips'] : ['ips', 'snips', 'dm', 'dr'];
  return (estimators ?? usual).map((id) => allEstimators[id]);
}

export const refuseAll = (
  log: BanditLog,
  estimators: readonly Estimator[],
  trouble: EstimateRefusal['refusal'],
): EstimateRefusal[] =>
  [...log.responses.keys()].flatMap((name) => estimators.map(({ id }) => refusalOf(name, id, trouble)));

export const isValuation = (result: Valuation | EstimateRefusal): result is Valuation => 'columns' in result;

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
    const own = result.estimator.usesWeights ? examination.weightWarnings : [modelWarning];
    const warnings = [...examination.supportWarnings, ...own, ...(events.get(result.response) ?? [])];
    const clip = result.estimator.usesWeights ? options.clip : undefined;
    return {
      ...uncertainty(result.value, influences(result), resampled[i], options.level, [
        ...warnings,
        ...disagreed[i],
      ]),
      response: result.response,
      estimator: result.estimator.id,
      estimand: result.estimator.estimand,
      ...(clip === undefined ? {} : { clip, clippedFraction: examination.health.clippedFraction }),
    };
  });
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
