import { createHash } from 'node:crypto';
import { refuse } from '../src/core/check.ts';
import type { DecisionIds } from '../src/core/feedback/decision-id.ts';
import { encodeArtifact } from '../src/core/policy/codec.ts';
import type { PolicyArtifact } from '../src/core/policy/artifact.ts';
import { fixedPolicyArtifact } from '../src/core/policy/policy.ts';
import { checkSurface } from '../src/core/surface/check-surface.ts';
import type { Surface } from '../src/core/surface/surface.ts';
import type { PseudonymOf } from '../src/service/identity/pseudonyms.ts';
import type {
  Actor,
  EventStore,
  PolicyStore,
  PolicyVersion,
  SurfaceStore,
} from '../src/service/ports/stores.ts';
import { besideKnown, checkFirstRow, readMapped } from './import/mapped-log.ts';
import { readMapping } from './import/mapping.ts';
import {
  logFile,
  readOpenBandit,
  readPrior,
  scanCampaign,
  type OpenBanditPolicy,
} from './import/open-bandit-log.ts';
import { thompsonArtifact, thompsonPositionProbabilities } from './import/open-bandit-prior.ts';
import { openBanditSurface } from './import/open-bandit-surface.ts';
import { writeLog, type ImportCounts } from './import/write-log.ts';

export interface ImportTarget {
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly events: EventStore;
  readonly ids: DecisionIds;
  /** Default: units keep the ids of the log. */
  readonly pseudonymOf?: PseudonymOf | undefined;
  readonly actor: Actor;
  readonly progress?: (rows: number) => void;
}

export interface ImportResult extends ImportCounts {
  readonly surface: string;
  readonly policyVersion: string;
  readonly alias: string;
}

/** Draws behind the position probabilities of the Thompson sampler: standard error ≤ 0.0011 each. */
const PRIOR_DRAWS = 200_000;
const PRIOR_SEED = 20191124;

/**
 * Imports one policy's log of an Open Bandit campaign and registers that policy, so that it can be valued from
 * the other's log: `random` is uniform over the items, `bts` the Thompson sampler at its published prior.
 */
export async function importOpenBandit(
  source: { readonly folder: string; readonly campaign: string; readonly policy: OpenBanditPolicy },
  target: ImportTarget,
): Promise<ImportResult> {
  const file = logFile(source.folder, source.policy, source.campaign);
  const { itemCount, userValues } = await scanCampaign(source.folder, source.campaign);
  const surface = openBanditSurface(source.campaign, itemCount, userValues);
  await target.surfaces.declare(surface, target.actor);
  const artifact = await openBanditArtifact(source, surface);
  const published =
    artifact === null
      ? await target.policies.publishExternal(surface.name, source.policy, target.actor)
      : await publish(artifact, target);
  const rows = readOpenBandit(file, surface, { name: source.policy, version: published.version });
  return finish(rows, surface, published, source.policy, target);
}

async function openBanditArtifact(
  source: { readonly folder: string; readonly campaign: string; readonly policy: OpenBanditPolicy },
  surface: Surface,
): Promise<PolicyArtifact | null> {
  const items = surface.actions.length;
  if (source.policy === 'random')
    return fixedPolicyArtifact(surface, new Array<number>(items).fill(1 / items));
  const prior = await readPrior(source.folder, source.campaign);
  if (prior === null) return null;
  return thompsonArtifact(surface, thompsonPositionProbabilities(prior, PRIOR_DRAWS, PRIOR_SEED), {
    seed: PRIOR_SEED,
    draws: PRIOR_DRAWS,
    // A fixed date: the same prior gives the same bytes, hence the same version, on every import.
    createdAt: '2019-11-24T00:00:00.000Z',
  });
}

/** Imports any CSV, gzipped CSV, JSONL or Parquet log through a mapping file. */
export async function importMapped(
  source: { readonly file: string; readonly mappingFile: string },
  target: ImportTarget,
): Promise<ImportResult> {
  const mapping = await readMapping(source.mappingFile);
  await checkFirstRow(source.file, mapping);
  const surface = besideKnown(mapping, await target.surfaces.find(target.actor.tenant, mapping.surface));
  refuse('mapping_invalid', checkSurface(surface));
  await target.surfaces.declare(surface, target.actor);
  const published = await target.policies.publishExternal(surface.name, mapping.policyVersion, target.actor);
  const rows = readMapped(source.file, { ...mapping, policyVersion: published.version });
  return finish(rows, surface, published, mapping.policyVersion, target);
}

async function finish(
  rows: ReturnType<typeof readMapped>,
  surface: Surface,
  published: PolicyVersion,
  alias: string,
  target: ImportTarget,
): Promise<ImportResult> {
  await target.policies.setAlias(surface.name, alias, published.version, target.actor);
  const counts = await writeLog(rows, { ...target, surface, tenant: target.actor.tenant });
  return { ...counts, surface: surface.name, policyVersion: published.version, alias };
}

async function publish(artifact: PolicyArtifact, target: ImportTarget): Promise<PolicyVersion> {
  const bytes = encodeArtifact(artifact);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return target.policies.publish(
    { surface: artifact.header.surface, header: artifact.header, bytes, hash },
    target.actor,
  );
}
