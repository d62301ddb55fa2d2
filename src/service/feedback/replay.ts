import { AllotError } from '../../core/errors.ts';
import type { DecisionEvent } from '../../core/feedback/events.ts';
import { decodeArtifact } from '../../core/policy/codec.ts';
import { drawUniform } from '../../core/policy/draw.ts';
import { compilePolicy } from '../../core/policy/policy.ts';
import { drawAction, serveProbabilities } from '../../core/policy/serve.ts';
import type { CapSpec, Surface } from '../../core/surface/surface.ts';
import type { PolicyStore, SurfaceStore } from '../ports/stores.ts';
import { mustFindSurface } from '../registry/surfaces.ts';
import { artifactHashOf } from '../serving/policy-loader.ts';

/** How far a recomputed probability may lie from the logged one: the forward pass runs in float32. */
export const REPLAY_TOLERANCE = 1e-6;

export interface Replay {
  readonly decisionId: string;
  /** Everything below agrees. */
  readonly match: boolean;
  readonly draw: { readonly logged: number | null; readonly recomputed: number; readonly match: boolean };
  readonly action: { readonly logged: string; readonly recomputed: string; readonly match: boolean };
  readonly probabilities: {
    readonly logged: readonly number[];
    readonly recomputed: readonly number[];
    readonly largestDifference: number;
    readonly tolerance: number;
    readonly match: boolean;
  };
  readonly policyVersion: string | null;
}

interface ReplayDependencies {
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly drawKey: Uint8Array;
}

/**
 * Recomputes a decision from its record: the draw from its key, the action from draw and logged probabilities, and
 * the probabilities from the policy's artifact with the logged pacing factor and caps. `state_conflict` when the
 * surface has moved on to another schema version.
 */
export async function replayDecision(decision: DecisionEvent, deps: ReplayDependencies): Promise<Replay> {
  const { tenant, unitId, requestId } = decision;
  const surface = await mustFindSurface(deps.surfaces, tenant, decision.surface);
  if (surface.schemaVersion !== decision.schemaVersion) {
    throw new AllotError(
      'state_conflict',
      `the decision is of schema version ${String(decision.schemaVersion)}, the surface is at ${String(surface.schemaVersion)}`,
    );
  }
  const drawn = drawUniform(deps.drawKey, { tenant, surface: surface.name, unitId, requestId, slot: 0 });
  const recomputed = await recompute(decision, surface, deps);
  const logged = decision.probabilities;
  const action = logged.length === 0 ? '' : surface.actions[drawAction(logged, decision.draw ?? drawn)];
  const largestDifference = recomputed.reduce(
    (largest, p, index) => Math.max(largest, Math.abs(p - (logged[index] ?? Infinity))),
    0,
  );
  const isDraw = decision.draw === drawn;
  const isAction = action === decision.action;
  const isProbability = largestDifference <= REPLAY_TOLERANCE;
  return {
    decisionId: decision.decisionId,
    match: isDraw && isAction && isProbability,
    draw: { logged: decision.draw, recomputed: drawn, match: isDraw },
    action: { logged: decision.action, recomputed: action, match: isAction },
    probabilities: {
      logged,
      recomputed,
      largestDifference,
      tolerance: REPLAY_TOLERANCE,
      match: isProbability,
    },
    policyVersion: decision.policyVersion,
  };
}

async function recompute(
  decision: DecisionEvent,
  surface: Surface,
  { policies }: ReplayDependencies,
): Promise<readonly number[]> {
  if (decision.policyVersion === null) {
    return surface.actions.map((action) => (action === surface.nullAction ? 1 : 0));
  }
  const bytes = await policies.artifact(decision.tenant, decision.policyVersion);
  if (bytes === undefined) {
    throw new AllotError('policy_unknown', `the artifact of ${decision.policyVersion} is not stored`);
  }
  const version = await policies.find(decision.tenant, decision.policyVersion);
  if (version?.artifactHash !== artifactHashOf(bytes)) {
    throw new AllotError('artifact_invalid', 'the stored artifact does not match its hash');
  }
  const policyProbabilities = new Float64Array(surface.actions.length);
  compilePolicy(decodeArtifact(bytes), surface).probabilities(
    decision.features,
    decision.defaultedFeatures,
    policyProbabilities,
  );
  const served = new Float64Array(surface.actions.length);
  const eligible = surface.actions.map((action) => decision.eligibleActions.includes(action));
  serveProbabilities(
    {
      surface: { ...surface, explorationFloor: loggedFloor(decision, surface) },
      policyProbabilities,
      eligible,
      values: decision.features,
      unitCounts: (cap) => loggedCount(decision, cap),
      pacingFactor: decision.adjustments.find(({ kind }) => kind === 'pacing')?.factor ?? 1,
    },
    served,
  );
  return Array.from(served);
}

/** The record names the caps that were reached; how far beyond the limit the counter stood does not matter. */
const loggedCount = (decision: DecisionEvent, cap: CapSpec): number =>
  decision.adjustments.some(({ kind, name }) => kind === 'cap' && name === cap.name) ? Infinity : 0;

/** The floor may have been declared anew since; where it moved nothing, today's moves nothing worth a difference. */
const loggedFloor = (decision: DecisionEvent, surface: Surface): number =>
  decision.adjustments.find(({ kind }) => kind === 'exploration-floor')?.factor ?? surface.explorationFloor;
