import { z } from 'zod';
import type { EvaluationResult } from './evaluation/evaluation-result.ts';
import { AllotError } from '../src/core/errors.ts';
import type { GateVerdict } from '../src/core/ope/gate-verdict.ts';
import type { RunStore, RunSummary } from '../src/service/ports/runs.ts';
import type { Actor, PolicyStore, PolicyVersion } from '../src/service/ports/stores.ts';
import type { ArtifactTrust } from '../src/service/registry/artifact-signatures.ts';
import { everyRun } from '../src/service/registry/every-run.ts';
import { mustBeTrusted } from '../src/service/registry/policies.ts';
import { nameSchema } from '../src/service/schemas/common.ts';
import { CHAMPION } from '../src/service/serving/served-surface.ts';

/** Config of a promotion run. */
export const promotionConfig = z.strictObject({
  policyVersion: z.string().min(1),
  /** The alias to move; `challenger` is what an experiment then compares with `champion`. */
  alias: nameSchema.default('challenger'),
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
  /** What gets worse without a margin or constraint: the verdict does not know it. */
  readonly unguarded: readonly string[];
  readonly evaluationRun: string;
  readonly artifactHash: string;
  readonly snapshotHash: string;
  readonly isPromoted: boolean;
  readonly isOverride: boolean;
}

/**
 * Asks the gate: moves the alias when the evaluation's verdict is `promote`, else only tells why not. The verdict
 * counts for the artifact that was judged and for no other, and to replace the champion it must be against the champion of now:
 * `state_conflict` otherwise. What deciders would not load is promoted by nobody, gate or not: `artifact_invalid`.
 *
 * @param trust left out: artifacts need no signature
 */
export async function promotePolicy(
  request: PromotionRequest,
  stores: { readonly runs: RunStore; readonly policies: PolicyStore },
  actor: Actor,
  trust?: ArtifactTrust,
): Promise<PromotionResult> {
  const policy = await mustFind(request, stores.policies, actor.tenant);
  const deciding = await decidingGate(request, stores.runs, actor.tenant);
  const { runId, gate, unguarded } = deciding;
  if (policy.artifactHash !== gate.artifactHash) {
    throw new AllotError(
      'state_conflict',
      `evaluation ${runId} judged another artifact than that of ${policy.version}`,
    );
  }
  if (gate.verdict === 'promote' && request.override === undefined)
    await refuseOutdated(deciding, request, stores.policies, actor.tenant);
  const isOverride = gate.verdict !== 'promote' && request.override !== undefined;
  const isPromoted = gate.verdict === 'promote' || isOverride;
  if (isPromoted) {
    await mustBeTrusted(stores.policies, actor.tenant, policy, trust);
    const reason = request.override?.reason ?? `gate: promote, evaluation ${runId}`;
    await stores.policies.setAlias(request.surface, request.alias, policy.version, { ...actor, reason });
  }
  const { policyVersion, alias } = request;
  const { verdict, reasons, artifactHash, snapshotHash } = gate;
  const evaluationRun = runId;
  return {
    policyVersion,
    alias,
    verdict,
    reasons,
    unguarded,
    evaluationRun,
    artifactHash,
    snapshotHash,
    isPromoted,
    isOverride,
  };
}

async function mustFind(
  { surface, policyVersion }: PromotionRequest,
  policies: PolicyStore,
  tenant: string,
): Promise<PolicyVersion> {
  const policy = await policies.find(tenant, policyVersion);
  if (policy?.surface === surface) return policy;
  throw new AllotError('policy_unknown', `${policyVersion} is not registered on ${surface}`);
}

interface DecidingGate {
  readonly runId: string;
  readonly gate: GateVerdict;
  readonly against: string | null;
  readonly unguarded: readonly string[];
}

/** A champion is replaced by who was found no worse than it, not than an earlier one. */
async function refuseOutdated(
  { runId, against }: DecidingGate,
  { surface, policyVersion, alias }: PromotionRequest,
  policies: PolicyStore,
  tenant: string,
): Promise<void> {
  const { [CHAMPION]: champion } = await policies.aliases(tenant, surface);
  if (alias !== CHAMPION || champion === undefined || [policyVersion, against].includes(champion)) return;
  throw new AllotError(
    'state_conflict',
    `evaluation ${runId} judged ${policyVersion} against ${against ?? 'nobody'}, not against the champion ${champion}: evaluate again`,
  );
}

async function decidingGate(
  request: PromotionRequest,
  runs: RunStore,
  tenant: string,
): Promise<DecidingGate> {
  const newest = await newestEvaluation(request, runs, tenant);
  if (newest === undefined) {
    throw new AllotError(
      'run_unknown',
      `${request.policyVersion} has no finished evaluation${request.evaluationRun === undefined ? '' : ` ${request.evaluationRun}`}: run "allot evaluate" first`,
    );
  }
  const { gate, differences, unguarded } = newest.result as unknown as Pick<
    EvaluationResult,
    'gate' | 'differences'
  > &
    Partial<Pick<EvaluationResult, 'unguarded'>>;
  // Evaluations of earlier versions do not say it.
  return { runId: newest.id, gate, against: differences?.against ?? null, unguarded: unguarded ?? [] };
}

async function newestEvaluation(
  { surface, policyVersion, evaluationRun }: PromotionRequest,
  runs: RunStore,
  tenant: string,
): Promise<RunSummary | undefined> {
  for await (const run of everyRun(runs, tenant, { kinds: ['evaluation'], surfaces: [surface] })) {
    const isOf = run.state === 'succeeded' && run.result?.['policyVersion'] === policyVersion;
    if (isOf && (evaluationRun === undefined || run.id === evaluationRun)) return run;
  }
  return undefined;
}
