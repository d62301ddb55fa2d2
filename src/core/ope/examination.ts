import { assertShapes, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';
import { calibrationWarnings } from './calibration.ts';
import { duplicateWarnings } from './duplicates.ts';
import { measureHealth, unknownHealth } from './health.ts';
import { defaultLimits, type OpeLimits } from './limits.ts';
import type { HealthRecord, Warning } from './report.ts';
import type { Locate, Trouble } from './trouble.ts';
import { brokenLog, unusableWeights } from './unusable.ts';
import { supportWarnings, weightWarnings } from './weak.ts';
import { versionWarnings } from './version-health.ts';
import { importanceWeights } from './weights.ts';

export interface ExaminationOptions {
  /** c > 0: weights above it count as c. `auto`: chosen per response and estimator. */
  readonly clip?: number | 'auto';
  readonly limits?: Partial<OpeLimits>;
  /** Names a row in reasons; `row 17` (from 0) unless told. */
  readonly locate?: Locate;
}

/** What can be said about a log and a policy before any value is computed. */
export interface Examination {
  readonly limits: OpeLimits;
  /** Set when no estimate may be given. */
  readonly unusable: Trouble | null;
  readonly health: HealthRecord;
  /** w of every row, before any clip; empty when the log is unusable. */
  readonly weights: Float64Array;
  readonly weightWarnings: readonly Warning[];
  /** About support and copied rows: they go to every estimator. */
  readonly supportWarnings: readonly Warning[];
}

/** @param known the weights of the rows, where they were computed already */
export function examine(
  log: BanditLog,
  policy: EvaluationPolicy,
  options: ExaminationOptions,
  known?: Float64Array,
): Examination {
  assertShapes(log, policy);
  const limits = { ...defaultLimits, ...options.limits };
  const broken = brokenLog(log, policy, limits, options.locate ?? ((row) => `row ${row}`));
  if (broken !== null) return refused(limits, broken, unknownHealth(log));
  const weights = known ?? importanceWeights(log, policy);
  const health = measureHealth(log, policy, weights, options.clip);
  const unusable = unusableWeights(log, policy, health.record, limits);
  // The sweep holds values; a refusal shows none.
  if (unusable !== null) return refused(limits, unusable, { ...health.record, clipSweep: [] });
  return {
    limits,
    unusable: null,
    health: health.record,
    weights,
    weightWarnings: [
      ...weightWarnings(policy, health, limits),
      ...calibrationWarnings(health.record.calibration ?? [], limits),
      ...versionWarnings(log, weights, limits),
    ],
    supportWarnings: [...supportWarnings(health, limits), ...duplicateWarnings(log, policy)],
  };
}

const refused = (limits: OpeLimits, unusable: Trouble, health: HealthRecord): Examination => ({
  limits,
  unusable,
  health,
  weights: new Float64Array(0),
  weightWarnings: [],
  supportWarnings: [],
});
