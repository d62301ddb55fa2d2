import { constraintVerdict } from '../../src/core/constraint/verdict.ts';
import {
  responseBounds,
  shareOfActions,
  type Bounds,
  type EvidenceInput,
} from '../../src/core/ope/gate-evidence.ts';
import type { GateInput } from '../../src/core/ope/gate.ts';
import type { Estimand } from '../../src/core/ope/report.ts';
import { rateBounds } from '../../src/core/ope/session-evidence.ts';
import type { ConstraintSpec, ResponseSpec, Surface } from '../../src/core/surface/surface.ts';

/** Both bounds of what a constraint is on, beside its threshold. The gate decides; this is for reading. */
export interface ConstraintEvidence {
  readonly name: string;
  /** A response, or `share-of-actions`. */
  readonly on: string;
  /** `per-session`: the ratio of two totals of a session, so a rate in the policy's own states. */
  readonly estimand: Estimand;
  readonly direction: ConstraintSpec['direction'];
  readonly threshold: number;
  /** Known without sampling error: lower = upper. */
  readonly isExact: boolean;
  /** null: unknown, with the reason. */
  readonly bounds: { readonly lower: number; readonly upper: number } | null;
  readonly state: 'satisfied' | 'violated' | 'undecided';
  readonly reason: string | null;
}

/** One per constraint of the surface, from the gate's own evidence (upper bounds of costs hold under a clip too). */
export function constraintEvidence(
  surface: Surface,
  evidence: EvidenceInput,
  sessions?: GateInput['sessions'],
): ConstraintEvidence[] {
  return surface.constraints.map((constraint) => {
    const { name, direction, threshold } = constraint;
    const on = constraint.on === 'share-of-actions' ? constraint.on : constraint.on.response;
    const isExact = constraint.on === 'share-of-actions';
    const estimand: Estimand = isExact || sessions === undefined ? 'per-decision' : 'per-session';
    const head = { name, on, estimand, direction, threshold, isExact };
    const bounds = boundsOf(surface, evidence, constraint, sessions);
    if (typeof bounds === 'string') return { ...head, bounds: null, state: 'undecided', reason: bounds };
    return { ...head, bounds, state: constraintVerdict(constraint, bounds), reason: null };
  });
}

function boundsOf(
  surface: Surface,
  evidence: EvidenceInput,
  { on, threshold }: ConstraintSpec,
  sessions: GateInput['sessions'],
): { lower: number; upper: number } | string {
  if (on === 'share-of-actions') {
    const nullAction = surface.nullAction === null ? null : surface.actions.indexOf(surface.nullAction);
    const share = shareOfActions(evidence.log, evidence.candidate, nullAction);
    if (share === null) return 'the candidate’s distribution is not known';
    // Pacing aims exactly at its target: the slack is rounding.
    const exact = Math.abs(share - threshold) <= 1e-9 ? threshold : share;
    return { lower: exact, upper: exact };
  }
  const response = surface.responses.find(({ name }) => name === on.response);
  if (response === undefined || !evidence.log.responses.has(on.response)) {
    return `the log has no response ${on.response}`;
  }
  const bounds = rateOf(evidence, response, sessions);
  return 'unknown' in bounds ? bounds.unknown : { lower: bounds.lower, upper: bounds.upper };
}

function rateOf(evidence: EvidenceInput, response: ResponseSpec, sessions: GateInput['sessions']): Bounds {
  if (sessions === undefined) return responseBounds(evidence, response);
  if ('needed' in sessions) return { unknown: sessions.reason };
  const { level, resamples, seed } = evidence.options;
  return rateBounds({ ...sessions, options: { level, resamples, seed } }, response);
}
