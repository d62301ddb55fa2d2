import { loggedActionProbability, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';
import type { Estimator } from './estimator.ts';
import type { Health } from './health.ts';
import type { OpeLimits } from './limits.ts';
import type { Warning } from './report.ts';
import { percent, shortNumber } from './trouble.ts';

/** Warnings about the weights; they go to every estimator that uses weights. */
export function weightWarnings(policy: EvaluationPolicy, health: Health, limits: OpeLimits): Warning[] {
  const { record } = health;
  const warnings: Warning[] = [];
  if (record.effectiveSampleSize < limits.weakEffectiveSampleSize) {
    const reason = `the effective sample is ${shortNumber(record.effectiveSampleSize)} units (weak below ${limits.weakEffectiveSampleSize})`;
    warnings.push({ code: 'low_effective_sample_size', reason });
  }
  const off = Math.abs(record.meanWeight - 1);
  const errors = limits.meanWeightErrors * record.meanWeightStandardError;
  if (off > limits.weakMeanWeightTolerance || (off > errors && off > 1e-9)) {
    const found = `${shortNumber(record.meanWeight)} (standard error ${shortNumber(record.meanWeightStandardError)})`;
    warnings.push({ code: 'mean_weight_off', reason: `the mean weight is ${found}, it should be 1` });
  }
  if (policy.kind === 'logged-action' && record.meanWeight + 2 * record.meanWeightStandardError < 1) {
    const reason =
      'the mean weight is below 1 and only the probability of the logged action is known: whether the evaluated ' +
      'policy takes actions that the log never shows could not be checked';
    warnings.push({ code: 'support_not_checked', reason });
  }
  return [...warnings, ...propensityWarnings(health, limits)];
}

/** E[1/p] is the mean number of actions with a chance, whatever the policy: a check of the propensities alone. */
function propensityWarnings({ record, inversePropensityError }: Health, limits: OpeLimits): Warning[] {
  const off = Math.abs(record.meanInversePropensity - record.meanSupportedActions);
  const isOff =
    off > limits.meanWeightTolerance * record.meanSupportedActions &&
    off > limits.meanWeightErrors * inversePropensityError;
  if (!isOff) return [];
  const reason =
    `mean 1/propensity is ${shortNumber(record.meanInversePropensity)}, with ` +
    `${shortNumber(record.meanSupportedActions)} actions in the log: the propensities do not match how often ` +
    'actions were served, or not every action was available on every row';
  return [{ code: 'propensities_inconsistent', reason }];
}

/** A warning about support; it goes to every estimator, because a reward model extrapolates there too. */
export function supportWarnings({ record }: Health, limits: OpeLimits): Warning[] {
  if (!(record.unsupportedFraction > limits.weakUnsupportedFraction)) return [];
  const reason = `${percent(record.unsupportedFraction)} of the evaluated policy is on actions that the log never shows`;
  return [{ code: 'unsupported_mass', reason }];
}

/**
 * Too few events of a response to say anything: for a response of at most two values the rarer one counts, else the
 * values that are not 0. Only rows that carry weight count.
 */
export function eventWarnings(
  log: BanditLog,
  policy: EvaluationPolicy,
  responses: Float64Array,
  limits: OpeLimits,
): Warning[] {
  const counts = new Map<number, number>();
  let rows = 0;
  let nonZero = 0;
  for (let i = 0; i < log.rounds; i++) {
    if (loggedActionProbability(log, policy, i) === 0) continue;
    const value = responses[i];
    rows++;
    if (value !== 0) nonZero++;
    if (counts.size < 3) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const events = counts.size === 1 ? 0 : counts.size === 2 ? Math.min(...counts.values()) : nonZero;
  if (events >= limits.minEvents) return [];
  const reason = `${events} events in ${rows} rows that carry weight (weak below ${limits.minEvents}): intervals are too narrow`;
  return [{ code: 'few_events', reason }];
}

/** Whatever changes weights moves the target; the interval covers the moved one. `fraction`: rows that it changed. */
export function shrinkageWarnings({ id, clip, hyperParameters }: Estimator, fraction: number): Warning[] {
  if (fraction === 0) return [];
  const share = percent(fraction);
  if (clip !== undefined) {
    const reason =
      `weights of ${share} of the rows are clipped at ${clip}: the interval covers the clipped target; ` +
      'its lower bound is conservative for a response ≥ 0, its upper bound is not a bound';
    return [{ code: 'clipped_target', reason }];
  }
  const settings = Object.entries(hyperParameters ?? {}).map(([name, value]) => `${name} ${value}`);
  const reason =
    `${id} with ${settings.join(', ')} changes the weights of ${share} of the rows: the interval covers the target ` +
    'with those weights, which is not bounded by the true value on either side';
  return [{ code: 'shrunk_target', reason }];
}

export const modelWarning: Warning = {
  code: 'model_error_unseen',
  reason:
    'the interval of the direct method covers the variation of states, not the error of the reward model',
};
