import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AllotError } from '../src/core/errors.ts';
import type { PolicyStore } from '../src/service/ports/stores.ts';
import type { RunRecord, RunStore } from '../src/service/ports/runs.ts';
import { loadDataset, type DatasetFilter } from './dataset/load.ts';
import { manifestFile } from './dataset/manifest.ts';
import { removeCheckpoints } from './learning/run/checkpoint-folder.ts';
import { TrainingDiverged } from './learning/run/divergence.ts';
import { trainingReport } from './reports/training-report.ts';
import { failureOfStopped } from './reports/training-outcome.ts';
import { ratesOf, viewOfTrained } from './reports/training-view.ts';
import { parseConfig } from './learning/config.ts';
import { namedSnapshot } from './named-snapshot.ts';
import { createSnapshot, snapshotRange, type SnapshotRange, type SnapshotStores } from './snapshot.ts';
import type { TrainingProgress } from './learning/run/learner.ts';
import { trainPolicy, type TrainedPolicy, type TrainRequest } from './learning/train-policy.ts';

export { trainPolicy, type TrainedPolicy, type TrainRequest } from './learning/train-policy.ts';

export interface TrainingStores extends SnapshotStores {
  readonly policies: PolicyStore;
  readonly runs: RunStore;
}

/** Config of a training run, as stored with it. */
const trainingRunConfig = z.strictObject({
  algorithm: z.string().min(1),
  seed: z.int().min(0).default(0),
  /** Of the algorithm; missing fields take their defaults. */
  config: z.record(z.string(), z.unknown()).default({}),
  /** `named-snapshot.ts` says which, or a range to freeze first (default: everything until the run was created). */
  snapshot: z.union([z.string().min(1), z.strictObject({ ...snapshotRange, until: z.number() })]).optional(),
  /** Which of the snapshot's rows to use. */
  filter: z
    .strictObject({
      from: z.number().optional(),
      until: z.number().optional(),
      policyVersions: z.array(z.string()).min(1).optional(),
      experiment: z.string().optional(),
      variants: z.array(z.string()).min(1).optional(),
    })
    .optional(),
});

export interface TrainingJob {
  readonly stores: TrainingStores;
  readonly tenant: string;
  readonly runId: string;
  readonly snapshotsDirectory: string;
  readonly codeVersion?: string;
  readonly progress?: (progress: TrainingProgress) => void;
  /** Where it keeps its place: a run that is tried again goes on there. Default: nowhere. */
  readonly checkpointsDirectory?: string;
  readonly warn?: (message: string) => void;
  readonly workers?: number;
}

/**
 * Job mode of training: reads the run's config, loads or creates its snapshot, trains, publishes the artifact and
 * returns the run's result. State changes of the run (start, finish) belong to the caller (the worker).
 */
export async function runTraining(job: TrainingJob): Promise<Record<string, unknown>> {
  const { stores, tenant, runId, checkpointsDirectory: directory } = job;
  const run = await stores.runs.find(tenant, runId);
  if (run === undefined) throw new AllotError('run_unknown', `there is no run ${runId}`);
  const surface = await stores.surfaces.find(tenant, run.surface);
  if (surface === undefined)
    throw new AllotError('surface_unknown', `there is no surface ${JSON.stringify(run.surface)}`);
  const config = parseConfig(trainingRunConfig, run.config);
  const snapshot = await snapshotOf(job, run, config.snapshot as string | SnapshotRange | undefined);
  const trained = await trainPolicy({
    ...optionalPartsOf(job),
    dataset: await loadDataset(snapshot, config.filter as DatasetFilter | undefined),
    surface,
    algorithm: config.algorithm,
    config: config.config,
    seed: config.seed,
    runId,
    createdAt: new Date(run.createdAt).toISOString(),
  });
  const policyVersion = await publishTrained(stores.policies, tenant, trained, `training run ${runId}`);
  if (directory !== undefined) removeCheckpoints(directory);
  const reportHtml = trainingReport(viewOfTrained(trained));
  return { policyVersion, snapshot, ...trainingResult(trained), reportHtml };
}

function optionalPartsOf(
  job: TrainingJob,
): Pick<TrainRequest, 'codeVersion' | 'progress' | 'workers' | 'checkpoints'> {
  const { codeVersion, progress, workers, checkpointsDirectory: directory, warn } = job;
  return {
    ...(codeVersion === undefined ? {} : { codeVersion }),
    ...(progress === undefined ? {} : { progress }),
    ...(workers === undefined ? {} : { workers }),
    ...(directory === undefined ? {} : { checkpoints: { directory, mode: 'resume-own', warn } }),
  };
}

/** How the run of a training that stopped itself ends; null for any other error. */
export function failureOf(
  error: unknown,
  run: Pick<RunRecord, 'id' | 'surface' | 'config'>,
): { readonly error: string; readonly reportHtml: string } | null {
  if (!(error instanceof TrainingDiverged)) return null;
  const { algorithm, seed, config } = parseConfig(trainingRunConfig, run.config);
  const asked = { surface: run.surface, algorithm, config, runId: run.id };
  return failureOfStopped({ seed, stopped: error.diagnosis, curve: error.curve }, asked);
}

/** Registers a trained policy; the same bytes give the same version again. */
export async function publishTrained(
  policies: PolicyStore,
  tenant: string,
  trained: TrainedPolicy,
  reason: string,
): Promise<string> {
  const { artifact, bytes, hash } = trained;
  const published = await policies.publish(
    { surface: artifact.header.surface, header: artifact.header, bytes, hash },
    { tenant, id: 'cli', reason },
  );
  return published.version;
}

/** What a run's result and `allot train --json` say of a training. */
export function trainingResult(trained: TrainedPolicy): Record<string, unknown> {
  const { header } = trained.artifact;
  return {
    algorithm: header.algorithm,
    artifactHash: trained.hash,
    snapshotHash: header.lineage.snapshotHash,
    seed: header.lineage.seed,
    backend: trained.backend,
    parity: trained.parity,
    codeVersion: header.lineage.codeVersion,
    config: header.lineage.config,
    behaviorVersions: trained.behaviorVersions,
    metrics: trained.metrics,
    rates: ratesOf(trained),
    validation: trained.finished.validation,
    curve: trained.curve,
  };
}

async function snapshotOf(
  { stores, tenant, snapshotsDirectory }: TrainingJob,
  { id, surface, createdAt }: RunRecord,
  asked: string | SnapshotRange = { until: createdAt },
): Promise<string> {
  if (typeof asked === 'string') return await namedSnapshot(asked, { tenant, surface }, snapshotsDirectory);
  const directory = join(snapshotsDirectory, id);
  // A retried job finds what its first attempt finished: the manifest is written last.
  if (existsSync(manifestFile(directory))) return directory;
  const asOf = asked.asOf ?? Math.max(asked.until, createdAt);
  await createSnapshot(stores, { ...asked, asOf, tenant, surface, directory });
  return directory;
}
