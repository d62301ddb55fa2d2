import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { AllotError } from '../src/core/errors.ts';
import { readManifest } from './dataset/manifest.ts';

export interface SnapshotOwner {
  readonly tenant: string;
  readonly surface: string;
}

/**
 * The folder of the snapshot that somebody names, if it is of this tenant and surface.
 *
 * `within`: the snapshots folder, for whoever has a key and no account on this machine. Then `named` is the id of a run that
 * made a snapshot, or a path inside, links followed; anything else, and a snapshot of somebody else, is refused in the same
 * words, so that neither folders nor other tenants can be felt out. null: a person at the command line, who names any folder that
 * they may read.
 *
 * Refuses with `snapshot_invalid`.
 */
export async function namedSnapshot(
  named: string,
  { tenant, surface }: SnapshotOwner,
  within: string | null,
): Promise<string> {
  const directory = within === null ? named : await inside(within, named);
  const manifest = directory === null ? null : await readManifest(directory);
  if (directory !== null && manifest?.tenant === tenant && manifest.surface.name === surface)
    return directory;
  const where = within === null ? 'there' : 'in the snapshots folder';
  throw new AllotError(
    'snapshot_invalid',
    `snapshot: there is none of surface ${surface} of this tenant ${where} (sent: ${named})`,
  );
}

async function inside(folder: string, named: string): Promise<string | null> {
  try {
    const [root, directory] = [await realpath(folder), await realpath(resolve(folder, named))];
    return directory.startsWith(root + sep) ? directory : null;
  } catch {
    return null;
  }
}
