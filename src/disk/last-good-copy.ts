import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../core/error-code.ts';
import { AllotError } from '../core/errors.ts';
import type { ControlState, LastGoodCopy } from '../service/ports/control.ts';
import { syncFolder } from './sync-folder.ts';

/** Copies that are older, or were not finished, have a longer name. */
export const LAST_GOOD_FILE = 'last-good-control.bin';

/**
 * One file that is replaced by rename, so a reader finds the old copy or the new one and never a mixture:
 *
 *     SHA-256 of the rest (32 bytes) · u32le length of the index · index (UTF-8 JSON) · artifacts, one after the other
 *
 * The index is `{ state, artifacts: [{ hash, length }] }`. The copy before last stays as `….previous`: a damaged
 * copy is refused and the previous one is read.
 */
export function createLastGoodCopy(directory: string): LastGoodCopy {
  const file = join(directory, LAST_GOOD_FILE);
  const previous = `${file}.previous`;
  let lastSave: Promise<void> = Promise.resolve();

  const write = async (bytes: Uint8Array): Promise<void> => {
    await mkdir(directory, { recursive: true });
    const aside = `${file}.${randomBytes(6).toString('hex')}`;
    try {
      const handle = await open(aside, 'wx', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(file, previous).catch(ignoreMissing);
      await rename(aside, file);
      syncFolder(directory);
    } finally {
      await rm(aside, { force: true });
    }
  };

  return {
    save(state, artifacts) {
      const bytes = encode(state, artifacts);
      lastSave = lastSave.catch(() => undefined).then(() => write(bytes));
      return lastSave;
    },
    async load() {
      const newest = await readCopy(file);
      if (newest !== null && newest !== 'damaged') return newest;
      const older = await readCopy(previous);
      if (older !== null && older !== 'damaged') return older;
      if (newest === null && older === null) return null;
      throw new AllotError('internal', `the last good copy ${file} is damaged`);
    },
  };
}

const filesIn = (directory: string): readonly [string, string] => {
  const file = join(directory, 'last-good-control.bin');
  return [file, `${file}.previous`];
};

/** Path of a copy that was saved in this directory, damaged or not; null where there is none. */
export const lastGoodCopyIn = (directory: string): string | null =>
  filesIn(directory).find((file) => existsSync(file)) ?? null;

type Copy = { readonly state: ControlState; readonly artifacts: ReadonlyMap<string, Uint8Array> };

function encode(state: ControlState, artifacts: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries = [...artifacts];
  const index = Buffer.from(
    JSON.stringify({ state, artifacts: entries.map(([hash, bytes]) => ({ hash, length: bytes.length })) }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(index.length);
  const rest = Buffer.concat([length, index, ...entries.map(([, bytes]) => bytes)]);
  return Buffer.concat([createHash('sha256').update(rest).digest(), rest]);
}

async function readCopy(path: string): Promise<Copy | 'damaged' | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return ignoreMissing(error);
  }
  const rest = bytes.subarray(32);
  if (rest.length < 4 || !createHash('sha256').update(rest).digest().equals(bytes.subarray(0, 32)))
    return 'damaged';
  const end = 4 + rest.readUInt32LE(0);
  const index = JSON.parse(rest.toString('utf8', 4, end)) as {
    state: ControlState;
    artifacts: { hash: string; length: number }[];
  };
  const artifacts = new Map<string, Uint8Array>();
  let position = end;
  for (const { hash, length } of index.artifacts) {
    artifacts.set(hash, new Uint8Array(rest.subarray(position, position + length)));
    position += length;
  }
  return { state: index.state, artifacts };
}

function ignoreMissing(error: unknown): null {
  if (!hasCode(error, 'ENOENT')) throw error;
  return null;
}
