import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AllotError } from '../../src/core/errors.ts';
import { manifestFile, readManifest, type SnapshotManifest } from './manifest.ts';

/** Where the parts lie until they are whole. */
const UNFINISHED = '.unfinished';

const isPart = (name: string): boolean => /^part-\d+\.parquet$/.test(name);

export interface PlacedSnapshot {
  readonly manifest: SnapshotManifest;
  /** The folder held the very same rows before, and was left as it was. */
  readonly wasThere: boolean;
}

/**
 * Makes `directory` a snapshot without taking another one away: a folder that holds something is refused with
 * `invalid_request`, unless what it holds is this very snapshot (equal content hash), parts without a manifest (somebody was
 * killed here), or `isReplacing` is set. `write` fills an empty folder inside it, so that a snapshot is replaced only by a whole
 * one. Of what it holds only a snapshot's own files are ever removed.
 */
export async function placeSnapshot(
  { directory, isReplacing }: { readonly directory: string; readonly isReplacing: boolean },
  write: (folder: string) => Promise<SnapshotManifest>,
): Promise<PlacedSnapshot> {
  await mkdir(directory, { recursive: true });
  const held = (await readdir(directory)).filter((name) => name !== UNFINISHED);
  const before = isReplacing || held.every(isPart) ? null : await snapshotIn(directory);
  const unfinished = join(directory, UNFINISHED);
  await rm(unfinished, { recursive: true, force: true });
  try {
    const manifest = await write(unfinished);
    if (before?.contentHash === manifest.contentHash) return { manifest: before, wasThere: true };
    if (before !== null) throw taken(directory, `another snapshot (${before.contentHash.slice(0, 12)})`);
    await replace(directory, held.filter(isPart), manifest);
    return { manifest, wasThere: false };
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function snapshotIn(directory: string): Promise<SnapshotManifest> {
  return await readManifest(directory).catch(() => {
    throw taken(directory, 'something that is not a snapshot');
  });
}

const taken = (directory: string, what: string): AllotError =>
  new AllotError(
    'invalid_request',
    `--out: ${directory} holds ${what}: name a new folder, or say --replace to lose that one`,
  );

/** The old manifest goes first and the new one comes last: a folder without one is not a snapshot. */
async function replace(
  directory: string,
  old: readonly string[],
  { parts }: SnapshotManifest,
): Promise<void> {
  await rm(manifestFile(directory), { force: true });
  for (const name of old) await rm(join(directory, name), { force: true });
  for (const { file } of parts) await rename(join(directory, UNFINISHED, file), join(directory, file));
  await rename(manifestFile(join(directory, UNFINISHED)), manifestFile(directory));
}
