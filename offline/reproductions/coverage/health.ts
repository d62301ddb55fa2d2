import { compensatedSum } from '../../../src/core/math/compensated-sum.ts';
import { standardError } from '../../../src/core/ope/delta-method.ts';
import { defaultLimits } from '../../../src/core/ope/limits.ts';
import type { UnitSample } from './unit-sample.ts';

/** Under this name the counts of a regime hold how many logs are unusable. */
export const UNUSABLE = 'unusable log';

/**
 * Whether `allot ope` would refuse the log for its weights: effective sample size, largest unit and mean weight against the usual limits.
 * What it says of a log's columns does not arise here.
 */
export function isUnusable({ weights, rows }: UnitSample): boolean {
  const total = compensatedSum(weights);
  const n = compensatedSum(rows);
  const mean = total / n;
  const squares = compensatedSum(weights.map((w) => w * w));
  const error = standardError(weights.map((w, k) => (w - mean * rows[k]) / n));
  const off = Math.abs(mean - 1);
  const { minEffectiveSampleSize, maxUnitShare, meanWeightTolerance, meanWeightErrors } = defaultLimits;
  return (
    (total * total) / squares < minEffectiveSampleSize ||
    weights.some((w) => w / total > maxUnitShare) ||
    (off > meanWeightTolerance && off > meanWeightErrors * error)
  );
}
