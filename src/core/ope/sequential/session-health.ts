import { compensatedSum } from '../../math/compensated-sum.ts';
import type { EvaluationPolicy } from '../bandit-log.ts';
import { influencesByUnit, standardError } from '../delta-method.ts';
import { ratio } from '../estimator.ts';
import { CLIP_SWEEP, effectiveSampleSize } from '../health.ts';
import type { OpeLimits } from '../limits.ts';
import type { HealthRecord } from '../report.ts';
import type { Trouble } from '../trouble.ts';
import { unusableWeights } from '../unusable.ts';
import { lastRow } from './session-sums.ts';
import { sumSessionsByUnit, type SequentialLog } from './sequential-log.ts';

/**
 * The health of a log's sessions: what `HealthRecord` says of weights, for the product w₀:T−1 of a whole session (summed
 * by unit). The sweep is per-decision importance sampling with the product held at each clip; support and propensities are
 * those of the rows.
 *
 * @param rows the record of the rows
 * @param clip of the clipped estimators, for the share of sessions above it
 */
export function sessionHealth(
  rows: HealthRecord,
  log: SequentialLog,
  logWeights: Float64Array,
  clip: number,
): HealthRecord {
  const weightOf = (j: number): number => Math.exp(logWeights[lastRow(log, j)]);
  const weights = sumSessionsByUnit(log, weightOf);
  const sessions = sumSessionsByUnit(log, () => 1);
  const total = compensatedSum(weights);
  const gradient = ratio.gradient([total, log.sessionCount]);
  let largest = 0;
  let clipped = 0;
  for (let j = 0; j < log.sessionCount; j++) {
    largest = Math.max(largest, weightOf(j));
    if (weightOf(j) > clip) clipped++;
  }
  return {
    ...rows,
    effectiveSampleSize: effectiveSampleSize(weights),
    meanWeight: total / log.sessionCount,
    meanWeightStandardError: standardError(influencesByUnit([weights, sessions], gradient)),
    maxWeight: largest,
    maxWeightShare: largestShare(weights),
    clippedFraction: clipped / log.sessionCount,
    clipSweep: clipSweep(log, logWeights),
  };
}

/** The same for weights that a clip changed: what is left of the effective sample after it. */
export function clippedHealth(
  record: HealthRecord,
  log: SequentialLog,
  clippedLog: Float64Array,
): HealthRecord {
  const weights = sumSessionsByUnit(log, (j) => Math.exp(clippedLog[lastRow(log, j)]));
  return {
    ...record,
    effectiveSampleSize: effectiveSampleSize(weights),
    maxWeightShare: largestShare(weights),
    maxWeight: Math.exp(clippedLog.reduce((largest, value) => Math.max(largest, value), -Infinity)),
    // A clip moves the mean weight on purpose: it says nothing about propensities any more.
    meanWeight: 1,
    meanWeightStandardError: 0,
  };
}

/** Why no estimator with weights of whole sessions may answer, or null. */
export function unusableSessions(
  log: SequentialLog,
  policy: EvaluationPolicy,
  record: HealthRecord,
  limits: OpeLimits,
): Trouble | null {
  if (!Number.isFinite(record.maxWeight)) {
    return {
      code: 'effective_sample_too_small',
      reason: 'weights of whole sessions: the largest one leaves the range of numbers',
      needed: 'shorter sessions, or estimators that do not multiply weights over a session',
    };
  }
  const trouble = unusableWeights(log, policy, record, limits);
  if (trouble === null) return null;
  return {
    code: trouble.code,
    reason: `weights of whole sessions: ${trouble.reason}`,
    needed: `${trouble.needed}; estimators that do not multiply weights over a session may still answer`,
  };
}

function largestShare(unitWeights: Float64Array): number {
  let largest = 0;
  for (const weight of unitWeights) largest = Math.max(largest, weight);
  const total = compensatedSum(unitWeights);
  return total === 0 ? NaN : largest / total;
}

/** Per-decision importance sampling at every clip of the product, one value per response. */
function clipSweep(log: SequentialLog, logWeights: Float64Array): HealthRecord['clipSweep'] {
  return CLIP_SWEEP.map((clip) => ({
    clip,
    values: [...log.responses.values()].map((responses) => {
      let sum = 0;
      for (let j = 0; j < log.sessionCount; j++) {
        let factor = 1;
        for (let i = log.starts[j]; i < log.starts[j + 1]; i++) {
          const weight = Math.min(Math.exp(logWeights[i]), clip ?? Infinity);
          if (weight !== 0) sum += factor * weight * responses[i];
          factor *= log.discount;
        }
      }
      return sum / log.sessionCount;
    }),
  }));
}
