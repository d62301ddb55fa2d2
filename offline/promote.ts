import { z } from 'zod';
import { AllotError } from '../src/core/errors.ts';
import type { GateVerdict } from '../src/core/ope/gate-verdict.ts';
import type { RunStore } from '../src/service/ports/runs.ts';
import type { Actor, PolicyStore } from '../src/service/ports/stores.ts';

/** Config of a promotion run. */
export const promotionConfig = z.strictObject({
  policyVersion: z.string().min(1),
  /** The alias to move; `challenger` is what an experiment then compares with `champion`. */
  alias: z.string().min(1).default('challenger'),
  /** Which evaluation decides; the newest one of the version by default. */
  evaluationRun: z.string().min(1).optional(),
  /** Promotes against the gate; audited with its reason. */
  override: z.strictObject({ reason: z.string().min(1) }).optional(),
});

export type PromotionRequest = { readonly surface: string } & z.output<typeof promotionConfig>;

export interface PromotionResult {
  readonly policyVersion: string;
  readonly alias: string;
  readonly verdict: GateVerdict['verdict'];
  readonly reasons: readonly string[];
  readonly evaluationRun: string;
  readonly artifactHash: string;
  readonly snapshotHash: string;
  readonly isPromoted: boolean;
  readonly isOverride: boolean;
}

/**
 * Asks the gate: moves the alias when the evaluation's verdict is `promote`, else only tells why not. The verdict
 * counts for the artifact that was judged and for no other.
 */
export async function promotePolicy(
  request: PromotionRequest,
  stores: { readonly runs: RunStore; readonly policies: PolicyStore },
  actor: Actor,
): Promise<PromotionResult> {
  const policy = await stores.policies.find(actor.tenant, request.policyVersion);
  if (policy === undefined || policy.surface !== request.surface) {
    throw new AllotError(
      'policy_unknown',
      `${request.policyVersion} is not registered on ${request.surface}`,
    );
  }
  const { runId, gate } = await decidingGate(request, stores.runs, actor.tenant);
  if (policy.artifactHash !== gate.artifactHash) {
    throw new AllotError(
      'state_conflict',
      `evaluation ${runId} judged another artifact than that of ${policy.version}`,
    );
  }
  const isOverride = gate.verdict !== 'promote' && request.override !== undefined;
  const isPromoted = gate.verdict === 'promote' || isOverride;
  if (isPromoted) {
    const reason = request.override?.reason ?? `gate: promote, evaluation ${runId}`;
    await stores.policies.setAlias(request.surface, request.alias, policy.version, { ...actor, reason });
  }
  return {
    policyVersion: policy.version,
    alias: request.alias,
    verdict: gate.verdict,
    reasons: gate.reasons,
    evaluationRun: runId,
    artifactHash: gate.artifactHash,
    snapshotHash: gate.snapshotHash,
    isPromoted,
    isOverride,
  };
}

async function decidingGate(
  request: PromotionRequest,
  runs: RunStore,
  tenant: string,
): Promise<{ readonly runId: string; readonly gate: GateVerdict }> {
  const candidates = (await runs.list(tenant, { kind: 'evaluation', surface: request.surface })).filter(
    (run) =>
      run.state === 'succeeded' &&
      run.result?.policyVersion === request.policyVersion &&
      (request.evaluationRun === undefined || run.id === request.evaluationRun),
  );
  const newest = candidates.sort((a, b) => b.createdAt - a.createdAt)[0];
  if (newest === undefined) {
    throw new AllotError(
      'run_unknown',
      `${request.policyVersion} has no finished evaluation${request.evaluationRun === undefined ? '' : ` ${request.evaluationRun}`}: run "allot evaluate" first`,
    );
  }
  return { runId: newest.id, gate: newest.result?.gate as GateVerdict };
}
