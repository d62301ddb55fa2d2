import { assign } from '../../core/experiment/assign.ts';
import type { Assignment } from '../../core/experiment/experiment.ts';
import type { Fallback } from '../../core/feedback/events.ts';
import type { LoadedPolicy, ServedSurface } from './served-surface.ts';

export interface ChosenPolicy {
  readonly assignment: Assignment | null;
  /** null: the safe action. */
  readonly loaded: LoadedPolicy | null;
  readonly fallback: Fallback | null;
}

const killed: ChosenPolicy = { assignment: null, loaded: null, fallback: 'killed' };
export const unlogged: ChosenPolicy = { assignment: null, loaded: null, fallback: 'unlogged' };

/** Kill switch → assigned version → champion → last good champion → safe action; the answer names the step taken. */
export function choosePolicy(served: ServedSurface, assignmentKey: Uint8Array, unitId: string): ChosenPolicy {
  if (served.isKilled) return killed;
  const assignment =
    served.experiments.length === 0 ? null : assign(assignmentKey, served.experiments, unitId);
  if (assignment !== null) {
    const loaded = served.policies.get(assignment.policyVersion);
    if (loaded !== undefined) return { assignment, loaded, fallback: null };
  }
  const { champion, lastGoodChampion } = served;
  if (champion !== null) {
    const fallback = served.isFromDisk ? 'last-good-champion' : assignment === null ? null : 'champion';
    return { assignment, loaded: champion, fallback };
  }
  if (lastGoodChampion !== null)
    return { assignment, loaded: lastGoodChampion, fallback: 'last-good-champion' };
  return { assignment, loaded: null, fallback: 'safe-action' };
}
