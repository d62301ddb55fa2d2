import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AllotError } from '../../core/errors.ts';
import { isAlive } from './process-state.ts';

const PATIENCE_MS = 90_000;

/**
 * Runs `work` while this process alone holds `path`. The file appears with its owner's pid inside (link of a finished
 * file, so nobody reads an empty one); a lock whose owner is dead is broken.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await take(path, signal);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

let counter = 0;

async function take(path: string, signal?: AbortSignal): Promise<void> {
  const mine = `${path}.${process.pid}.${++counter}`;
  writeFileSync(mine, String(process.pid), { mode: 0o600 });
  try {
    for (let waited = 0; !tryLink(mine, path); waited += 100) {
      breakIfStale(path, `${mine}.stale`);
      if (waited >= PATIENCE_MS) {
        throw new AllotError(
          'store_unavailable',
          `another process has held ${path} for ${PATIENCE_MS / 1000} s`,
        );
      }
      await sleep(100, undefined, signal === undefined ? {} : { signal });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

function tryLink(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function breakIfStale(path: string, aside: string): void {
  const owner = ownerOf(path);
  if (owner === null || isAlive(owner)) return;
  try {
    renameSync(path, aside);
  } catch {
    return; // someone else broke it first
  }
  // Between the look and the rename a new owner may have come: then his lock is put back.
  if (ownerOf(aside) !== owner) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function ownerOf(path: string): number | null {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
