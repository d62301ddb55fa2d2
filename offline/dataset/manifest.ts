import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AllotError } from '../../src/core/errors.ts';
import type { Surface } from '../../src/core/surface/surface.ts';

/** What a snapshot is: the surface as declared, what was kept, what was left out and why, and the hashes. */
export interface SnapshotManifest {
  readonly format: 'allot-snapshot';
  readonly formatVersion: 1;
  readonly tenant: string;
  readonly surface: Surface;
  /** Decisions with decidedAt in [from, until), judged as of `asOf`; milliseconds since the epoch. */
  readonly from: number;
  readonly until: number;
  readonly asOf: number;
  readonly rows: number;
  readonly units: number;
  readonly sessions: number;
  /** Of the kept rows; null when there are none. */
  readonly timeRange: { readonly first: number; readonly last: number } | null;
  /** Behaviour policy versions, sorted, with the rows each one decided. */
  readonly behaviorVersions: readonly { readonly version: string; readonly rows: number }[];
  readonly logHealth: LogHealth;
  readonly parts: readonly SnapshotPart[];
  /** SHA-256 over the surface and the logical rows: the same inputs give the same hash. */
  readonly contentHash: string;
  /** SHA-256 over this manifest without this field. */
  readonly manifestHash: string;
}

export interface SnapshotPart {
  readonly file: string;
  readonly rows: number;
  readonly sha256: string;
}

/** Counts of what the join met, and three checks of the propensities. */
export interface LogHealth {
  readonly decisions: number;
  readonly undelivered: number;
  readonly immature: number;
  /** Kept, with the completeness claim missing: their default outcomes may not be trusted. */
  readonly incomplete: number;
  /** Events after their response's window: counted, never used. */
  readonly lateEvents: number;
  /** The same decision id read twice; delivered answers to a request of which several were delivered (left out). */
  readonly duplicates: number;
  readonly twins: number;
  /** Decisions of another schema version, of versions not asked for, or with an action that is not declared. */
  readonly foreign: number;
  readonly forced: number;
  /** Kept rows whose probabilities do not sum to 1 within 1e-9 or disagree with the propensity. */
  readonly brokenProbabilities: number;
  /** Kept rows of a log that does not tell the whole distribution. */
  readonly undisclosedProbabilities: number;
  /** Mean 1/p of unforced rows, to be compared with the mean number of actions that had p > 0. */
  readonly meanInversePropensity: number | null;
  readonly meanSupportedActions: number | null;
  /** Seconds from decision to the interaction's arrival, over kept rows: how late rewards come. */
  readonly rewardDelaySeconds: { readonly median: number; readonly p95: number; readonly max: number } | null;
}

export const manifestFile = (directory: string): string => join(directory, 'manifest.json');

/** JSON with keys in code-unit order, so that equal values give equal bytes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`;
}

export function sealManifest(manifest: Omit<SnapshotManifest, 'manifestHash'>): SnapshotManifest {
  const manifestHash = createHash('sha256').update(canonicalJson(manifest)).digest('hex');
  return { ...manifest, manifestHash };
}

/** Reads and verifies the manifest; `snapshot_invalid` when it is missing, foreign or was edited. */
export async function readManifest(directory: string): Promise<SnapshotManifest> {
  const file = manifestFile(directory);
  let manifest: SnapshotManifest;
  try {
    manifest = JSON.parse(await readFile(file, 'utf8')) as SnapshotManifest;
  } catch (cause) {
    if (!existsSync(directory))
      throw new AllotError('snapshot_invalid', `there is no folder ${directory}`, { cause });
    throw new AllotError('snapshot_invalid', `${file} cannot be read as a snapshot manifest`, { cause });
  }
  if (manifest.format !== 'allot-snapshot' || manifest.formatVersion !== 1)
    throw new AllotError('snapshot_invalid', `${file} is not a manifest of format allot-snapshot 1`);
  const { manifestHash, ...rest } = manifest;
  if (sealManifest(rest).manifestHash !== manifestHash)
    throw new AllotError('snapshot_invalid', `${file} was changed after it was written`);
  return manifest;
}
