import { invariant } from '../check.ts';
import { gateEstimandOf, type Surface } from '../surface/surface.ts';
import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import type { Opponent } from './difference.ts';
import { decideByDecision, decideBySession, decideNothing, type Decider } from './gate-decider.ts';
import { shareOfActions, type EvidenceInput } from './gate-evidence.ts';
import { artifactLine, healthLine, studentLines, type StudentCheck } from './gate-health.ts';
import { constraintLine, marginLine, undecidedLine } from './gate-lines.ts';
import type { GateLine, GateVerdict } from './gate-verdict.ts';
import { examine, type Examination } from './examination.ts';
import type { OpeLimits } from './limits.ts';
import type { SessionEvidence } from './session-evidence.ts';
import { isWeakness, type Trouble } from './trouble.ts';

/** Everything the gate may look at. The log is the untouched slice: nothing of the candidate was fitted on it. */
export interface GateInput {
  /** Names the deciding estimator, the margins, the constraints and the responses with their ranges. */
  readonly surface: Pick<Surface, 'gate' | 'constraints' | 'responses' | 'actions' | 'nullAction'> &
    Partial<Pick<Surface, 'horizon'>>;
  readonly log: BanditLog;
  /** π^served of the student artifact, with eligibility, caps, the floor and its own pacing factor. */
  readonly candidate: EvaluationPolicy;
  /** `behavior` where the champion itself produced the log. */
  readonly champion: Opponent;
  /** The same rows as sessions, where the surface is judged per session; or why they cannot be valued. */
  readonly sessions?: Omit<SessionEvidence, 'options'> | Trouble;
  readonly resamples: number;
  readonly seed: number;
  readonly clip?: number;
  /** q̂ by response, rounds × K; needed where the deciding estimator is `dr`. */
  readonly rewardModels?: ReadonlyMap<string, Float64Array>;
  readonly limits?: Partial<OpeLimits>;
  /** Candidates judged on this slice, this one included; α is divided by it. 1 unless told. */
  readonly candidatesOnSlice?: number;
  /** Rules that the artifact breaks; any refuses it. */
  readonly artifactProblems?: readonly string[];
  /** Student against teacher, where the candidate was distilled. */
  readonly studentChecks?: readonly StudentCheck[];
  readonly artifactHash: string;
  readonly snapshotHash: string;
}

/**
 * Judges a candidate against the champion on one log.
 *
 * `promote`: every line holds. `refuse`: a bound proves a violation, or the artifact is invalid. `insufficient
 * evidence`: anything else, with what would be enough. Bounds are the ends of a two-sided interval at the gate's level,
 * so each is one-sided at α/2; all lines must hold, so lines are not corrected against each other. Weak health blocks
 * the proof in both directions: weighted lines then stay undecided. The estimand is declared or follows from the horizon
 * (`gateEstimandOf`): per session, main and auxiliaries are totals of a session and a limit on a response is on the ratio of two
 * totals. Source: `docs/ope.md`, "The gate".
 */
export function judgeCandidate(input: GateInput): GateVerdict {
  const tried = input.candidatesOnSlice ?? 1;
  invariant(Number.isInteger(tried) && tried >= 1, 'candidatesOnSlice is at least 1');
  const { gate } = input.surface;
  const options = {
    level: 1 - (1 - gate.level) / tried,
    resamples: input.resamples,
    seed: input.seed,
    limits: { ...input.limits, weakEffectiveSampleSize: gate.minEffectiveUnits },
    ...(input.clip === undefined ? {} : { clip: input.clip }),
    ...(input.rewardModels === undefined ? {} : { rewardModels: input.rewardModels }),
  };
  const evidence: EvidenceInput = {
    log: input.log,
    candidate: input.candidate,
    estimator: gate.estimator,
    options,
  };
  const examination = examine(input.log, input.candidate, options);
  const decider = deciderOf(input, evidence, examination);
  const lines = [
    ...artifactLine(input.artifactProblems ?? []),
    healthLine(examination, gate.minEffectiveUnits, input.log.unitCount),
    ...decider.health,
    ...differenceLines(input, decider),
    ...constraintLines(input, decider),
    ...studentLines(input.studentChecks ?? []),
  ];
  return {
    ...conclude(lines),
    lines,
    artifactHash: input.artifactHash,
    snapshotHash: input.snapshotHash,
  };
}

function deciderOf(
  { surface, champion, sessions }: GateInput,
  evidence: EvidenceInput,
  { unusable, weightWarnings, supportWarnings }: Examination,
): Decider {
  if (gateEstimandOf(surface) === 'per-decision') return decideByDecision(evidence, champion);
  invariant(sessions !== undefined, 'sessions, where the gate is declared to judge them');
  if ('needed' in sessions) return decideNothing(sessions);
  if (unusable !== null) return decideNothing(unusable);
  const { level, resamples, seed, limits } = evidence.options;
  const options = { level, resamples, seed, ...(limits === undefined ? {} : { limits }) };
  const weakRows = [...weightWarnings, ...supportWarnings].filter(isWeakness);
  return decideBySession({ ...sessions, options }, surface.gate.minEffectiveUnits, weakRows);
}

function differenceLines({ surface, log }: GateInput, decider: Decider): GateLine[] {
  const { gate, responses } = surface;
  const guarded = responses.flatMap((response) => {
    const margin = response.role === 'main' ? gate.mainMargin : gate.auxiliaryMargins[response.name];
    const isGuarded = response.role !== 'cost' && margin !== undefined;
    return isGuarded ? [{ response, margin }] : [];
  });
  const lines = guarded.map(({ response, margin }) => {
    const name = `${response.role}: ${response.name}`;
    const { estimand } = decider;
    if (!log.responses.has(response.name)) {
      return { ...undecidedLine(name, 'the log has no such response', -margin), estimand };
    }
    const found = decider.difference(response, margin);
    const line = marginLine(name, found.bounds, found.margin, log.unitCount);
    return { ...line, estimand, reason: line.reason + found.note };
  });
  const hasMain = guarded.some(({ response }) => response.role === 'main');
  return hasMain ? lines : [undecidedLine('main', 'the surface declares no main response', null), ...lines];
}

function constraintLines({ surface, log, candidate }: GateInput, decider: Decider): GateLine[] {
  return surface.constraints.map((constraint) => {
    const name = `constraint: ${constraint.name}`;
    if (constraint.on === 'share-of-actions') {
      const nullAction = surface.nullAction === null ? null : surface.actions.indexOf(surface.nullAction);
      const share = shareOfActions(log, candidate, nullAction);
      if (share === null) {
        return undecidedLine(name, 'the candidate’s distribution is not known', constraint.threshold);
      }
      // Known without sampling error; the slack is rounding (pacing aims exactly at its target).
      const isOnThreshold = Math.abs(share - constraint.threshold) <= 1e-9;
      const exact = isOnThreshold ? constraint.threshold : share;
      const bounds = { lower: exact, upper: exact, weaknesses: [] };
      // In the states of the log, whatever the estimand: pacing keeps the share online.
      return {
        ...constraintLine(name, constraint, bounds, share, log.unitCount),
        estimand: 'per-decision',
      };
    }
    const on = constraint.on.response;
    const response = surface.responses.find((r) => r.name === on);
    if (response === undefined || !log.responses.has(on)) {
      return undecidedLine(name, `the log has no response ${on}`, constraint.threshold);
    }
    const line = constraintLine(name, constraint, decider.rate(response), null, log.unitCount);
    return { ...line, estimand: decider.estimand };
  });
}

function conclude(lines: readonly GateLine[]): Pick<GateVerdict, 'verdict' | 'reasons'> {
  const reasonsOf = (state: GateLine['state']) =>
    lines
      .filter((line) => line.state === state)
      .map(({ name, estimand, reason }) =>
        estimand === undefined ? `${name}: ${reason}` : `${name} (${estimand}): ${reason}`,
      );
  const violated = reasonsOf('violated');
  if (violated.length > 0) return { verdict: 'refuse', reasons: violated };
  const undecided = reasonsOf('undecided');
  if (undecided.length > 0) return { verdict: 'insufficient evidence', reasons: undecided };
  return { verdict: 'promote', reasons: reasonsOf('holds') };
}
