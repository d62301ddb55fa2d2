import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AllotError } from '../src/core/errors.ts';
import { isRefusal, type Estimate } from '../src/core/ope/report.ts';
import { decodeArtifact } from '../src/core/policy/codec.ts';
import type { ForecastStore } from '../src/service/ports/runs.ts';
import type { Actor, PolicyStore } from '../src/service/ports/stores.ts';
import { loadDataset } from './dataset/load.ts';
import { manifestFile } from './dataset/manifest.ts';
import { evaluatePolicy, type VersionedPolicy } from './evaluation/evaluate-policy.ts';
import type { EvaluationResult } from './evaluation/evaluation-result.ts';
import { parseConfig } from './learning/config.ts';
import { namedSnapshot } from './named-snapshot.ts';
import { createSnapshot, type SnapshotStores } from './snapshot.ts';

/** Config of an evaluation run; also what the flags of `allot evaluate` become. */
export const evaluationConfig = z.strictObject({
  /** A version (`live-feed@7`) or an alias of the surface. */
  policyVersion: z.string().min(1),
  /** Version or alias to compare with; left out: the alias `champion` where there is one. null: the logging policy. */
  champion: z.string().min(1).nullable().optional(),
  /** `named-snapshot.ts` says which; left out: everything until now is frozen first. */
  snapshot: z.string().min(1).optional(),
  /** Only rows that these versions or aliases served. */
  behaviorVersions: z.array(z.string().min(1)).min(1).optional(),
  resamples: z.int().min(100).max(1_000_000).default(1_000),
  seed: z.int().min(0).default(0),
  clip: z.number().positive().nullable().default(null),
  /** How many candidates this slice of the log has judged, this one included: α is divided by it. */
  candidatesOnSlice: z.int().min(1).default(1),
});
export type EvaluationConfig = z.input<typeof evaluationConfig>;

export interface EvaluationStores extends SnapshotStores {
  readonly policies: PolicyStore;
  readonly forecasts: ForecastStore;
}

export interface EvaluationJob {
  readonly surface: string;
  readonly config: unknown;
  readonly stores: EvaluationStores;
  readonly actor: Actor;
  /** Decisions before this time are judged, ms. */
  readonly until: number;
  /** Where a snapshot goes that has to be made first. */
  readonly snapshotDirectory: string;
  /** A queued run may name snapshots in this folder only; null: a person asks, by the rights of their account. */
  readonly snapshotsWithin: string | null;
}

/** Evaluates a registered version and stores what it promises, to be compared with what an experiment measures. */
export async function evaluateVersion(
  job: EvaluationJob,
): Promise<EvaluationResult & { readonly snapshot: string }> {
  const config = parseConfig(evaluationConfig, job.config);
  const aliases = await job.stores.policies.aliases(job.actor.tenant, job.surface);
  const named = (name: string): string => aliases[name] ?? name;
  const champion = config.champion === undefined ? (aliases.champion ?? null) : config.champion;
  const snapshot = await snapshotOf(job, config.snapshot);
  const candidateVersion = named(config.policyVersion);
  const opponent = champion === null || named(champion) === candidateVersion ? null : named(champion);
  const result = evaluatePolicy({
    dataset: await loadDataset(snapshot),
    candidate: await fetchPolicy(job, candidateVersion),
    champion: opponent === null ? null : await fetchPolicy(job, opponent),
    behaviorVersions: config.behaviorVersions?.map(named) ?? null,
    resamples: config.resamples,
    seed: config.seed,
    clip: config.clip,
    candidatesOnSlice: config.candidatesOnSlice,
  });
  await saveForecasts(result, job);
  return { ...result, snapshot };
}

async function snapshotOf(job: EvaluationJob, named: string | undefined): Promise<string> {
  if (named === undefined) return await freeze(job);
  const { surface, actor, snapshotsWithin } = job;
  return await namedSnapshot(named, { tenant: actor.tenant, surface }, snapshotsWithin);
}

async function freeze(job: EvaluationJob): Promise<string> {
  const { surface, actor, until, snapshotDirectory: directory } = job;
  // A retried job finds what its first attempt finished: the manifest is written last.
  if (!existsSync(manifestFile(directory))) {
    await createSnapshot(job.stores, { tenant: actor.tenant, surface, until, directory });
  }
  return directory;
}

async function fetchPolicy(job: EvaluationJob, version: string): Promise<VersionedPolicy> {
  const { policies } = job.stores;
  const bytes = await policies.artifact(job.actor.tenant, version);
  if (bytes === undefined) {
    const isKnown = (await policies.find(job.actor.tenant, version)) !== undefined;
    throw new AllotError(
      'policy_unknown',
      isKnown
        ? `${version} has no artifact: it only names rows of an imported log and cannot be valued`
        : `${version} is neither a version nor an alias of ${job.surface}`,
    );
  }
  return {
    version,
    hash: createHash('sha256').update(bytes).digest('hex'),
    artifact: decodeArtifact(bytes),
  };
}

/** One forecast per response: the difference to the champion by the gate's own estimator. */
async function saveForecasts(result: EvaluationResult, { stores, actor }: EvaluationJob): Promise<void> {
  // Per decision in each policy's own states: what an experiment measures.
  for (const { response, perDecision: offline } of result.sessions?.responses ?? []) {
    const { policyVersion } = result;
    const forecast = { policyVersion, response, estimand: 'per-decision', offline, online: null } as const;
    await stores.forecasts.save(result.surface, forecast, actor);
  }
  if (result.sessions !== null) return;
  const surface = await stores.surfaces.find(actor.tenant, result.surface);
  const estimates = (result.differences?.estimates ?? []).filter(
    (e): e is Estimate => !isRefusal(e) && e.estimator === surface?.gate.estimator,
  );
  for (const { response, estimand, value, intervals } of estimates) {
    const [interval] = intervals;
    if (interval === undefined) continue;
    const offline = { value, lower: interval.lower, upper: interval.upper };
    const forecast = { policyVersion: result.policyVersion, response, estimand, offline, online: null };
    await stores.forecasts.save(result.surface, forecast, actor);
  }
}

export const snapshotsFolder = (dataDir: string): string => join(dataDir, 'snapshots');
