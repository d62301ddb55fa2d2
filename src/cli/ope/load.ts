import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { LoadedLog } from '../../../offline/ope/loaded-log.ts';
import type { VersionedPolicy } from '../../../offline/evaluation/evaluate-policy.ts';
import { isSequential, type OpeQuestion } from '../../../offline/ope/question.ts';
import { AllotError } from '../../core/errors.ts';
import { decodeArtifact } from '../../core/policy/codec.ts';
import type { OpeFlags } from './flags.ts';
import { badFlag, logColumns } from './log-columns.ts';

export const isSnapshotFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** The log with its policies, from a file or a snapshot folder. */
export async function load(path: string, flags: OpeFlags, question: OpeQuestion): Promise<LoadedLog> {
  if (isSnapshotFolder(path)) return loadFolder(path, flags, question);
  const { loadFile } = await import('../../../offline/ope/load-file.ts');
  return loadFile({
    file: path,
    columns: logColumns(flags),
    comparesWithBehavior: flags.pairedWith === 'behavior',
    groups: flags.group ?? [],
  });
}

async function loadFolder(directory: string, flags: OpeFlags, question: OpeQuestion): Promise<LoadedLog> {
  refuseColumns(flags);
  if (flags.policy === undefined) {
    throw badFlag('--policy', 'a snapshot needs --policy, an artifact file or a registered version');
  }
  const { loadSnapshot } = await import('../../../offline/ope/load-snapshot.ts');
  const { pairedWith, behaviorVersion, reward, group, segment, state, tenant } = flags;
  return loadSnapshot({
    directory,
    policy: await policyNamed(flags.policy, tenant),
    against:
      pairedWith === undefined || pairedWith === 'behavior'
        ? (pairedWith ?? null)
        : await policyNamed(pairedWith, tenant),
    behaviorVersions: behaviorVersion ?? [],
    rewards: reward ?? [],
    needsSessions: question.estimators?.some(isSequential) === true,
    discount: question.session.discount,
    ...(state === undefined ? {} : { state }),
    groups: group ?? [],
    segments: segment ?? [],
  });
}

/** The manifest names every column; a flag that names another one would be ignored, so it is refused. */
function refuseColumns(flags: OpeFlags): void {
  const names = [
    ...['action', 'propensity', 'unit', 'forced', 'session', 'step', 'terminal'],
    ...['evaluationProbability', 'evaluationDistribution', 'rewardModel', 'mrdrModel', 'actionValue'],
    ...['stateValue', 'marginalRatio', 'behaviorDistribution'],
  ] as (keyof OpeFlags)[];
  const stray = names.find((name) => flags[name] !== undefined);
  if (stray === undefined) return;
  const flag = `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw badFlag(flag, 'a snapshot knows its columns and fits its models');
}

/** An artifact file, or a version in the registry of the configured database. */
async function policyNamed(name: string, tenant: string): Promise<VersionedPolicy> {
  const bytes = existsSync(name) ? await readFile(name) : await registered(name, tenant);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { version: name, hash, artifact: decodeArtifact(bytes) };
}

async function registered(version: string, tenant: string): Promise<Uint8Array> {
  const { withStores } = await import('../local/with-stores.ts');
  const bytes = await withStores((stores) => stores.policies.artifact(tenant, version));
  if (bytes !== undefined) return bytes;
  throw new AllotError('policy_unknown', `${version} is neither a file nor a version with an artifact`);
}
