import { normalQuantile } from '../math/normal.ts';
import { isForcedRow, type BanditLog } from './bandit-log.ts';
import type { OpeLimits } from './limits.ts';
import type { ActionCalibration, Warning } from './report.ts';
import { percent, shortNumber } from './trouble.ts';

/**
 * Do actions appear as often as their propensities say? By action a, over rows that no rule forced:
 *
 *   with μ(·∣x) logged   Σ 1[aᵢ = a] / Σ μ(a∣xᵢ),   se = √(Σ μ (1 − μ)) / Σ μ
 *   else                 (1/n) Σ 1[aᵢ = a]/pᵢ,      se = s/√n
 *
 * Both should be 1; the second is the share of rows where a had a chance, so only a value above 1 proves anything.
 */
export function actionCalibration(log: BanditLog): ActionCalibration[] {
  return log.behaviorProbabilities === undefined
    ? fromPropensities(log)
    : fromDistribution(log, log.behaviorProbabilities);
}

function fromDistribution(log: BanditLog, behavior: Float64Array): ActionCalibration[] {
  const width = behavior.length / log.rounds;
  const served = new Float64Array(width);
  const expected = new Float64Array(width);
  const variance = new Float64Array(width);
  for (let i = 0; i < log.rounds; i++) {
    if (isForcedRow(log, i)) continue;
    served[log.actions[i]]++;
    for (let a = 0; a < width; a++) {
      const p = behavior[i * width + a];
      expected[a] += p;
      variance[a] += p * (1 - p);
    }
  }
  return Array.from(served, (rows, action) => ({
    action,
    ratio: expected[action] === 0 ? NaN : rows / expected[action],
    standardError: expected[action] === 0 ? NaN : Math.sqrt(Math.max(0, variance[action])) / expected[action],
    isExact: true,
  })).filter(({ ratio }) => !Number.isNaN(ratio));
}

function fromPropensities(log: BanditLog): ActionCalibration[] {
  const sums = new Map<number, { first: number; second: number }>();
  let rows = 0;
  for (let i = 0; i < log.rounds; i++) {
    if (isForcedRow(log, i)) continue;
    rows++;
    const inverse = 1 / log.propensities[i];
    const sum = sums.get(log.actions[i]) ?? { first: 0, second: 0 };
    sum.first += inverse;
    sum.second += inverse * inverse;
    sums.set(log.actions[i], sum);
  }
  return [...sums]
    .sort(([a], [b]) => a - b)
    .map(([action, { first, second }]) => {
      const ratio = first / rows;
      const standardError = Math.sqrt(Math.max(0, second / rows - ratio * ratio) / rows);
      return { action, ratio, standardError, isExact: false };
    });
}

/** Three standard errors for one action, and the same error for all of them together (Bonferroni). */
export function calibrationWarnings(calibration: readonly ActionCalibration[], limits: OpeLimits): Warning[] {
  const z = normalQuantile(1 - 0.00135 / Math.max(1, calibration.length));
  const wrong = calibration.filter(({ ratio, standardError, isExact }) => {
    const off = isExact ? Math.abs(ratio - 1) : ratio - 1;
    return off > limits.meanWeightTolerance && off > z * standardError;
  });
  if (wrong.length === 0) return [];
  const worst = wrong.reduce((a, b) => (Math.abs(b.ratio - 1) > Math.abs(a.ratio - 1) ? b : a));
  const reason =
    `action ${worst.action} was served ${percent(worst.ratio)} as often as its propensities say (standard error ` +
    `${shortNumber(worst.standardError)}; ${wrong.length} of ${calibration.length} actions are off): the propensities are ` +
    'not those with which actions were served';
  return [{ code: 'propensities_inconsistent', reason }];
}
