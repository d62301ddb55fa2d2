import type { Assignment, Experiment } from '../../core/experiment/experiment.ts';
import { createPacing } from '../../core/pacing/pi-controller.ts';
import type { ServedSurface } from './served-surface.ts';

type Pacing = ReturnType<typeof createPacing>;

const BUCKET_COUNT = 10_000;

/** Ended experiments leave their controllers behind; beyond this many all start anew, which costs a few decisions. */
const MAX_CONTROLLERS = 20_000;

/**
 * One PI controller per surface and variant, so that one variant's allocations never slow the other. Replicas do not
 * exchange state: each holds its own share to the target, and the shares of replicas average to it.
 */
export class PacingControllers {
  readonly #byScope = new Map<string, { readonly spec: string; readonly pacing: Pacing }>();

  /** null where the surface declares no pacing. A changed declaration starts a new controller. */
  of(served: ServedSurface, assignment: Assignment | null): Pacing | null {
    const spec = served.surface.pacing;
    if (spec === null) return null;
    const scope = scopeOf(served, assignment);
    const share = trafficShareOf(served.experiments, assignment);
    const key = JSON.stringify([spec, share]);
    const known = this.#byScope.get(scope);
    if (known !== undefined && known.spec === key) return known.pacing;
    const pacing = createPacing(spec, share);
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

/** The share of the surface's units that the variant receives; 1 outside experiments. */
function trafficShareOf(experiments: readonly Experiment[], assignment: Assignment | null): number {
  if (assignment === null) return 1;
  const experiment = experiments.find(({ id }) => id === assignment.experiment);
  if (experiment === undefined) return 1;
  const buckets = experiment.blocks.reduce((sum, block) => sum + block.toBucket - block.fromBucket, 0);
  return Math.max(buckets / BUCKET_COUNT / experiment.variants.length, 1 / BUCKET_COUNT);
}
