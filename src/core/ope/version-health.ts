import type { BanditLog } from './bandit-log.ts';
import { ratioError } from './health.ts';
import type { OpeLimits } from './limits.ts';
import type { Warning } from './report.ts';
import { shortNumber } from './trouble.ts';
import { sumByUnit } from './unit-sums.ts';

/**
 * The mean weight of every behavior version must be 1 by itself: with labels swapped between two versions, or propensities
 * taken from the wrong one, the errors can cancel in the whole log but not in its parts.
 */
export function versionWarnings(log: BanditLog, weights: Float64Array, limits: OpeLimits): Warning[] {
  const versions = log.behaviorVersions;
  if (versions === undefined) return [];
  return versions.names.flatMap((name, version) => {
    const isOf = (i: number): number => Number(versions.index[i] === version);
    const rows = sumByUnit(log.units, log.unitCount, isOf);
    const sums = sumByUnit(log.units, log.unitCount, (i) => (isOf(i) === 1 ? weights[i] : 0));
    const count = rows.reduce((a, b) => a + b, 0);
    if (count === 0) return [];
    const mean = sums.reduce((a, b) => a + b, 0) / count;
    const error = ratioError(sums, rows);
    const off = Math.abs(mean - 1);
    if (!(off > limits.meanWeightTolerance && off > limits.meanWeightErrors * error)) return [];
    const reason =
      `the rows of behavior version ${name} have a mean weight of ${shortNumber(mean)} (standard error ` +
      `${shortNumber(error)}), it should be 1: their propensities are not those of the policy that served them`;
    return [{ code: 'propensities_inconsistent', reason }];
  });
}
