import { constraintVerdict } from '../../src/core/constraint/verdict.ts';
import { responseBounds, shareOfActions, type EvidenceInput } from '../../src/core/ope/gate-evidence.ts';
import type { ConstraintSpec, Surface } from '../../src/core/surface/surface.ts';

/** Both bounds of what a constraint is on, beside its threshold. The gate decides; this is for reading. */
export interface ConstraintEvidence {
  readonly name: string;
  /** A response, or `share-of-actions`. */
  readonly on: string;
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
export function constraintEvidence(surface: Surface, evidence: EvidenceInput): ConstraintEvidence[] {
  return surface.constraints.map((constraint) => {
    const { name, direction, threshold } = constraint;
    const on = constraint.on === 'share-of-actions' ? constraint.on : constraint.on.response;
    const head = { name, on, direction, threshold, isExact: constraint.on === 'share-of-actions' };
    const bounds = boundsOf(surface, evidence, constraint);
    if (typeof bounds === 'string') return { ...head, bounds: null, state: 'undecided', reason: bounds };
    return { ...head, bounds, state: constraintVerdict(constraint, bounds), reason: null };
  });
}

function boundsOf(
  surface: Surface,
  evidence: EvidenceInput,
  { on, threshold }: ConstraintSpec,
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
  const bounds = responseBounds(evidence, response);
  return 'unknown' in bounds ? bounds.unknown : { lower: bounds.lower, upper: bounds.upper };
}
