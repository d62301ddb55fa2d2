import type { EvaluationPolicy } from '../bandit-log.ts';
import { examine, type Examination } from '../examination.ts';
import type { OpeLimits } from '../limits.ts';
import type { HealthRecord, Warning } from '../report.ts';
import { percent, type Trouble } from '../trouble.ts';
import { modelWarning, weightWarnings } from '../weak.ts';
import type { WeightKind } from './sequential-estimator.ts';
import type { SequentialLog } from './sequential-log.ts';
import type { SequentialOptions } from './sequential-options.ts';
import { clippedHealth, sessionHealth, unusableSessions } from './session-health.ts';
import { clippedLogWeights, cumulativeLogWeights } from './session-weights.ts';
import type { SequentialSettings } from './session-view.ts';

/** What can be said about sessions and a policy before any value is computed. */
export interface SessionExamination {
  readonly limits: OpeLimits;
  /** Set when the rows themselves are unusable: nothing is answered. */
  readonly unusable: Trouble | null;
  /** Why estimators with these weights may not answer. */
  readonly refused: Readonly<Record<WeightKind, Trouble | null>>;
  readonly health: HealthRecord;
  readonly stepHealth: HealthRecord;
  /** log w₀:ₜ of every row; empty where the rows are unusable. */
  readonly logWeights: Float64Array;
  readonly warnings: Readonly<Record<WeightKind, readonly Warning[]>>;
}

export function examineSessions(
  log: SequentialLog,
  policy: EvaluationPolicy,
  settings: SequentialSettings,
  options: SequentialOptions,
): SessionExamination {
  const steps = examine(log, policy, {
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.locate === undefined ? {} : { locate: options.locate }),
    ...(Number.isFinite(settings.clip) ? { clip: settings.clip } : {}),
  });
  const { limits } = steps;
  if (steps.unusable !== null) return nothingUsable(limits, steps.unusable, steps.health);
  const logWeights = cumulativeLogWeights(log, policy);
  const health = sessionHealth(steps.health, log, logWeights, settings.clip);
  const clipped = clippedHealth(health, log, clippedLogWeights(log, policy, settings));
  const refused = {
    session: unusableSessions(log, policy, health, limits),
    'clipped-session': unusableSessions(log, policy, clipped, limits),
    step: null,
    none: null,
  };
  return {
    limits,
    unusable: null,
    refused,
    // The sweep holds values; a refusal shows none.
    health: refused.session === null ? health : { ...health, clipSweep: [] },
    stepHealth: steps.health,
    logWeights,
    warnings: warningsOf(log, policy, steps, health),
  };
}

function warningsOf(
  log: SequentialLog,
  policy: EvaluationPolicy,
  steps: Examination,
  health: HealthRecord,
): SessionExamination['warnings'] {
  const always = [...cutOffWarning(log), ...steps.supportWarnings];
  const session = [
    ...always,
    // The propensities are those of the rows: what is wrong with them is already among the rows' warnings.
    ...weightWarnings(policy, { record: health, inversePropensityError: Infinity }, steps.limits),
    ...steps.weightWarnings.filter(({ code }) => code === 'propensities_inconsistent'),
  ];
  return {
    session,
    'clipped-session': session,
    step: [...always, ...steps.weightWarnings.filter(({ code }) => code !== 'clipped_target')],
    none: [...always, modelWarning],
  };
}

const nothingUsable = (limits: OpeLimits, trouble: Trouble, health: HealthRecord): SessionExamination => ({
  limits,
  unusable: trouble,
  refused: { session: trouble, 'clipped-session': trouble, step: trouble, none: trouble },
  health,
  stepHealth: health,
  logWeights: new Float64Array(0),
  warnings: { session: [], 'clipped-session': [], step: [], none: [] },
});

/** A session that went on after its last row is valued as if it had ended there. */
function cutOffWarning({ isCutOff, sessionCount }: SequentialLog): Warning[] {
  let count = 0;
  isCutOff?.forEach((flag) => (count += flag));
  if (count === 0) return [];
  const reason = `${percent(count / sessionCount)} of the sessions are cut off: what came after their last row is not in the value`;
  return [{ code: 'sessions_cut_off', reason }];
}

/** Of the `ncis-…` estimators only. A clip moves the target; the interval covers the moved one. */
export function clipWarning(clip: number, fraction: number): Warning[] {
  if (!(fraction > 0)) return [];
  const reason =
    `weights of ${percent(fraction)} are clipped at ${clip} and normalised: biased towards the log, and the interval ` +
    'covers the clipped target; it screens, it does not decide';
  return [{ code: 'clipped_target', reason }];
}
