import { join } from 'node:path';
import { z } from 'zod';
import { AllotError } from '../src/core/errors.ts';
import type { DecisionReader, SurfaceStore } from '../src/service/ports/stores.ts';
import type { RunStore } from '../src/service/ports/runs.ts';
import { writeSnapshot } from './dataset/snapshot.ts';
import type { SnapshotManifest } from './dataset/manifest.ts';
import { parseConfig } from './learning/config.ts';

export interface SnapshotStores {
  readonly surfaces: SurfaceStore;
  readonly decisions: DecisionReader;
}

/** The range of a snapshot in a run's config; times are ms since the epoch. */
export interface SnapshotRange {
  readonly from?: number;
  readonly until: number;
  readonly asOf?: number;
  readonly behaviorVersions?: readonly string[];
}

/** The same in the config of a run. */
export const snapshotRange = {
  from: z.number().optional(),
  until: z.number().optional(),
  asOf: z.number().optional(),
  behaviorVersions: z.array(z.string().min(1)).min(1).optional(),
};

/** Freezes the log of a declared surface into `directory`. */
export async function createSnapshot(
  stores: SnapshotStores,
  request: SnapshotRange & {
    readonly tenant: string;
    readonly surface: string;
    readonly directory: string;
    readonly progress?: (decisions: number) => void;
  },
): Promise<SnapshotManifest> {
  const { tenant, directory, until, progress } = request;
  const surface = await stores.surfaces.find(tenant, request.surface);
  if (surface === undefined)
    throw new AllotError('surface_unknown', `there is no surface ${JSON.stringify(request.surface)}`);
  return await writeSnapshot({
    reader: stores.decisions,
    tenant,
    surface,
    from: request.from ?? 0,
    until,
    directory,
    ...(request.asOf === undefined ? {} : { asOf: request.asOf }),
    ...(request.behaviorVersions === undefined ? {} : { behaviorVersions: request.behaviorVersions }),
    ...(progress === undefined ? {} : { progress }),
  });
}

/**
 * Job mode: run config `{ "until"?, "from"?, "asOf"?, "behaviorVersions"? }`, times in ms (`until` is the run's creation by
 * default, `asOf` the later of the two); the result holds the directory and the manifest's figures. State changes of the run
 * belong to the caller (the worker).
 */
export async function runSnapshot(job: {
  readonly stores: SnapshotStores & { readonly runs: RunStore };
  readonly tenant: string;
  readonly runId: string;
  readonly snapshotsDirectory: string;
}): Promise<Record<string, unknown>> {
  const run = await job.stores.runs.find(job.tenant, job.runId);
  if (run === undefined) throw new AllotError('run_unknown', `there is no run ${job.runId}`);
  const config = parseConfig(z.strictObject(snapshotRange), run.config) as Partial<SnapshotRange>;
  const directory = join(job.snapshotsDirectory, job.runId);
  const until = config.until ?? run.createdAt;
  const manifest = await createSnapshot(job.stores, {
    ...config,
    until,
    asOf: config.asOf ?? Math.max(until, run.createdAt),
    tenant: job.tenant,
    surface: run.surface,
    directory,
  });
  return { directory, ...summary(manifest) };
}

/** What a run's result and `allot snapshot --json` say of a snapshot. */
export function summary(manifest: SnapshotManifest): Record<string, unknown> {
  const { rows, units, sessions, timeRange, behaviorVersions, logHealth, contentHash } = manifest;
  return { rows, units, sessions, timeRange, behaviorVersions, logHealth, contentHash };
}
