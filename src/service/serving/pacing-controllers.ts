import type { Assignment } from '../../core/experiment/experiment.ts';
import { createPacing, type Pacing } from '../../core/pacing/pi-controller.ts';
import type { ServedSurface } from './served-surface.ts';

/** Ended experiments leave their controllers behind; beyond this many all start anew, which costs a few decisions. */
const MAX_CONTROLLERS = 20_000;

/**
 * One PI controller per surface and variant, so that one variant's allocations never slow the other. It goes on when the
 * variant gets more of the traffic: its target is a share of its own decisions. Replicas do not exchange
 * state: each holds its own share to the target, and the shares of replicas average to it.
 */
export class PacingControllers {
  readonly #byScope = new Map<string, { readonly spec: string; readonly pacing: Pacing }>();

  /** null where the surface declares no pacing. A changed declaration starts a new controller. */
  of(served: ServedSurface, assignment: Assignment | null): Pacing | null {
    const spec = served.surface.pacing;
    if (spec === null) return null;
    const scope = scopeOf(served, assignment);
    const key = JSON.stringify(spec);
    const known = this.#byScope.get(scope);
    if (known !== undefined && known.spec === key) return known.pacing;
    const pacing = createPacing(spec);
    if (this.#byScope.size >= MAX_CONTROLLERS) this.#byScope.clear();
    this.#byScope.set(scope, { spec: key, pacing });
    return pacing;
  }
}

/** Tenant, surface, experiment, variant. */
function scopeOf(served: ServedSurface, assignment: Assignment | null): string {
  const variant = assignment === null ? '' : `${assignment.experiment}\n${assignment.variant}`;
  return `${served.tenant}\n${served.surface.name}\n${variant}`;
}
