import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { evaluateLog, refuseAll, type OpeOptions } from './evaluate-log.ts';
import { unknownHealth } from './health.ts';
import { checkOptions, chosenIds } from './ope-options.ts';
import { evaluateByPrecision } from './pooled-precision.ts';
import type { OpeReport } from './report.ts';
import type { Locate, Trouble } from './trouble.ts';

export type Pooling = 'naive' | 'balanced' | 'precision-weighted';

/**
 * Values a policy from a log that several behavior versions served.
 *
 * `naive`: every row with the propensity of the version that served it. Unbiased; a version far from π adds variance.
 *
 * `balanced`: every row with the mixture propensity p̄(a∣x) = Σⱼ (nⱼ/n) pⱼ(a∣x), as if one policy had drawn a version and then
 * an action. Unbiased when versions were assigned regardless of x, and never worse than `naive` in variance of the
 * weights: a row is heavy only if no version would have served it. Needs every version's probability on every row.
 *
 * `precision-weighted`: Σⱼ αⱼ V̂ⱼ, an estimate of each version's rows by itself.
 *
 * Source: Agarwal, Basu, Schnabel and Joachims 2017 (KDD), eqs. 3, 5 and 7; Kallus, Saito and Uehara 2021 (ICML).
 */
export function evaluatePooled(
  log: BanditLog,
  policy: EvaluationPolicy,
  pooling: Pooling,
  options: OpeOptions,
): OpeReport {
  checkOptions(options);
  if (pooling === 'naive') return evaluateLog(log, policy, options);
  if (pooling === 'precision-weighted') return evaluateByPrecision(log, policy, options);
  const balanced = balancedLog(log, options.locate ?? ((row) => `row ${row}`));
  if ('rounds' in balanced) return evaluateLog(balanced, policy, options);
  return {
    log: { rounds: log.rounds, units: log.unitCount },
    health: unknownHealth(log),
    estimates: refuseAll(log, chosenIds(options), balanced),
  };
}

/** A probability of the registry may differ from the logged one by this share: rounding of the log. */
const TOLERANCE = 1e-3;

/**
 * The log with mixture propensities, or why there is none: a version's probability is missing on a row, or the replayed
 * probability of a row's own version is not the one that was logged (then labels are swapped, or a replay is wrong).
 */
export function balancedLog(log: BanditLog, locate: Locate): BanditLog | Trouble {
  const versions = log.behaviorVersions;
  if (versions?.probabilities === undefined) return probabilitiesNeeded;
  const { index, names, probabilities } = versions;
  const shares = sharesOf(index, names.length);
  const propensities = new Float64Array(log.rounds);
  for (let i = 0; i < log.rounds; i++) {
    for (let j = 0; j < names.length; j++) {
      const p = probabilities[i * names.length + j];
      if (!(p >= 0 && p <= 1)) return probabilityMissing(locate(i), names[j], p);
      propensities[i] += shares[j] * p;
    }
    const own = probabilities[i * names.length + index[i]];
    if (
      log.isForced?.[i] !== 1 &&
      !(Math.abs(own - log.propensities[i]) <= TOLERANCE * log.propensities[i])
    ) {
      return contradiction(locate(i), names[index[i]], own, log.propensities[i]);
    }
  }
  const { behaviorVersions: _versions, behaviorProbabilities: _behavior, ...rest } = log;
  return { ...rest, propensities };
}

function sharesOf(index: Int32Array, count: number): Float64Array {
  const shares = new Float64Array(count);
  for (const version of index) shares[version] += 1 / index.length;
  return shares;
}

const probabilitiesNeeded: Trouble = {
  code: 'behavior_versions_incomplete',
  reason:
    'balanced weights need the probability of the logged action under every behavior version, and there are none',
  needed: 'every version’s probability on every row, replayed from the registry with the logged adjustments',
};

const probabilityMissing = (row: string, version: string, p: number): Trouble => ({
  code: 'behavior_versions_incomplete',
  reason: `${row}: the probability of the logged action under version ${version} must be in [0, 1], it is ${p}`,
  needed: probabilitiesNeeded.needed,
});

const contradiction = (row: string, version: string, replayed: number, logged: number): Trouble => ({
  code: 'behavior_versions_contradict',
  reason:
    `${row}: served by version ${version} with propensity ${logged}, but that version gives the action ${replayed}: ` +
    'labels are swapped, or the replay is not what was served',
  needed: 'the version that served each row, and its probabilities with the logged adjustments',
});
