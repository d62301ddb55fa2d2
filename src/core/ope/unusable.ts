import { isForcedRow, loggedActionProbability, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';
import type { OpeLimits } from './limits.ts';
import type { HealthRecord } from './report.ts';
import { percent, shortNumber, type Locate, type Trouble } from './trouble.ts';

/** Trouble with the numbers themselves: no weight can be computed, so there is no health to look at either. */
export function brokenLog(
  log: BanditLog,
  policy: EvaluationPolicy,
  limits: OpeLimits,
  locate: Locate,
): Trouble | null {
  if (log.rounds === 0) {
    return { code: 'log_empty', reason: 'the log has no rows', needed: 'a log with at least one row' };
  }
  return (
    brokenPropensity(log, locate) ??
    brokenPolicy(log, policy, limits, locate) ??
    brokenBehavior(log, limits, locate) ??
    nothingRandomised(log)
  );
}

function brokenPropensity(log: BanditLog, locate: Locate): Trouble | null {
  for (let i = 0; i < log.rounds; i++) {
    const p = log.propensities[i];
    if (isForcedRow(log, i) || (p > 0 && p <= 1)) continue;
    const what = Number.isNaN(p) ? 'missing or not a number' : `${p}`;
    return {
      code: 'propensity_invalid',
      reason: `${locate(i)}: the propensity must be > 0 and ≤ 1, it is ${what}`,
      needed: 'the probability with which the logged action was served, on every row',
    };
  }
  return null;
}

function brokenPolicy(
  log: BanditLog,
  policy: EvaluationPolicy,
  limits: OpeLimits,
  locate: Locate,
): Trouble | null {
  const width = policy.kind === 'distribution' ? policy.actionCount : 1;
  const rows = { probabilities: policy.probabilities, width, isWhole: policy.kind === 'distribution' };
  return brokenRows(log, rows, 'evaluation', limits, locate);
}

function brokenBehavior(log: BanditLog, limits: OpeLimits, locate: Locate): Trouble | null {
  const probabilities = log.behaviorProbabilities;
  if (probabilities === undefined) return null;
  const rows = { probabilities, width: probabilities.length / log.rounds, isWhole: true };
  return brokenRows(log, rows, 'behavior', limits, locate);
}

/** Every probability in [0, 1], and every row sums to 1 where it is a whole distribution. */
function brokenRows(
  log: BanditLog,
  rows: { readonly probabilities: Float64Array; readonly width: number; readonly isWhole: boolean },
  whose: 'evaluation' | 'behavior',
  limits: OpeLimits,
  locate: Locate,
): Trouble | null {
  const needed = `${whose} probabilities in [0, 1]${rows.isWhole ? ' that sum to 1' : ''} on every row`;
  const code = `${whose}_probability_invalid`;
  const bounds = `${whose} probabilities must be in [0, 1]`;
  for (let i = 0; i < log.rounds; i++) {
    let sum = 0;
    for (let a = 0; a < rows.width; a++) {
      const p = rows.probabilities[i * rows.width + a];
      // Written so that NaN fails too.
      if (!(p >= 0 && p <= 1)) return { code, reason: `${locate(i)}: ${bounds}, one is ${p}`, needed };
      sum += p;
    }
    if (rows.isWhole && !(Math.abs(sum - 1) <= limits.sumTolerance)) {
      return {
        code,
        reason: `${locate(i)}: ${whose} probabilities must sum to 1, they sum to ${sum}`,
        needed,
      };
    }
  }
  return null;
}

function nothingRandomised(log: BanditLog): Trouble | null {
  for (let i = 0; i < log.rounds; i++) if (!isForcedRow(log, i) && log.propensities[i] < 1) return null;
  return {
    code: 'nothing_randomised',
    reason:
      'every action was forced or served with probability 1, so the log says nothing about other actions',
    needed: 'decisions in which every action of the evaluated policy had a chance',
  };
}

/** Trouble with the weights: they can be computed, and they say that no estimate from this log can be trusted. */
export function unusableWeights(
  log: BanditLog,
  policy: EvaluationPolicy,
  health: HealthRecord,
  limits: OpeLimits,
): Trouble | null {
  return (
    noSupport(log, policy, health, limits) ??
    meanWeightWrong(health, limits) ??
    oneUnitDominates(health, limits) ??
    tooFewUnits(health, limits)
  );
}

function noSupport(
  log: BanditLog,
  policy: EvaluationPolicy,
  health: HealthRecord,
  limits: OpeLimits,
): Trouble | null {
  const needed = 'a log in which every action of the evaluated policy was served with some probability';
  let mass = 0;
  for (let i = 0; i < log.rounds; i++) mass += loggedActionProbability(log, policy, i);
  if (mass === 0) {
    const reason = 'the evaluated policy never takes an action that was logged';
    return { code: 'no_support', reason, needed };
  }
  if (!(health.unsupportedFraction > limits.maxUnsupportedFraction)) return null;
  const share = percent(health.unsupportedFraction);
  const limit = percent(limits.maxUnsupportedFraction);
  const reason = `${share} of the evaluated policy is on actions that the log never shows (limit ${limit})`;
  return { code: 'no_support', reason, needed };
}

function meanWeightWrong(health: HealthRecord, limits: OpeLimits): Trouble | null {
  const off = Math.abs(health.meanWeight - 1);
  const errors = limits.meanWeightErrors * health.meanWeightStandardError;
  if (!(off > limits.meanWeightTolerance) || !(off > errors)) return null;
  const found = `${shortNumber(health.meanWeight)} (standard error ${shortNumber(health.meanWeightStandardError)})`;
  return {
    code: 'mean_weight_wrong',
    reason:
      `the mean weight must be near 1, it is ${found}: off by more than ${percent(limits.meanWeightTolerance)} ` +
      `and more than ${limits.meanWeightErrors} standard errors`,
    needed: 'propensities and evaluation probabilities of the same actions on the same rows',
  };
}

function oneUnitDominates(health: HealthRecord, limits: OpeLimits): Trouble | null {
  if (!(health.maxWeightShare > limits.maxUnitShare)) return null;
  const share = percent(health.maxWeightShare);
  return {
    code: 'one_unit_dominates',
    reason: `one unit holds ${share} of the weight (limit ${percent(limits.maxUnitShare)})`,
    needed: 'a log that explores more, or an evaluated policy closer to it',
  };
}

function tooFewUnits(health: HealthRecord, limits: OpeLimits): Trouble | null {
  const size = health.effectiveSampleSize;
  if (size >= limits.minEffectiveSampleSize) return null;
  const times = Math.ceil(limits.minEffectiveSampleSize / Math.max(size, 1));
  return {
    code: 'effective_sample_too_small',
    reason: `the effective sample is ${shortNumber(size)} units (at least ${limits.minEffectiveSampleSize})`,
    needed: `about ${times} times this log, or a log that explores more`,
  };
}
