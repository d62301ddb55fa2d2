import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Logger } from '../service/ports/logger.ts';
import { DAMAGED_FOLDER, type DamageReports } from './damage.ts';
import { JournalFolder } from './folder.ts';
import { hasLiveOwner } from './owner.ts';

const ADOPTED_FOLDER = 'adopted';

/**
 * Takes over the journals of ended processes under `directory`: each folder moves, by one atomic rename, into
 * `<own>/adopted/`. Of several processes that try, one succeeds; whose folder holds it owns it, so if this process
 * dies in turn, everything goes with its own folder to the next.
 */
export function adoptDeadFolders(
  directory: string,
  own: string,
  reports: DamageReports,
  logger: Logger,
): JournalFolder[] {
  const now = Date.now();
  const adopted: JournalFolder[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory() || path === own || entry.name === DAMAGED_FOLDER || isStillOwned(path, now))
      continue;
    for (const moved of moveInto(own, path)) {
      const folder = JournalFolder.recover(moved, reports);
      logger.info(
        { folder: moved, records: folder?.pendingRecords ?? 0 },
        'journal: adopted from an ended process',
      );
      adopted.push(...(folder === null ? [] : [folder]));
    }
  }
  return adopted;
}

function isStillOwned(path: string, now: number): boolean {
  try {
    return hasLiveOwner(path, now);
  } catch {
    return true; // it moved while we looked: another process has it
  }
}

/** Moves the folder, and what it had adopted itself, to `<own>/adopted/`; empty when another process was faster. */
function moveInto(own: string, path: string): string[] {
  const target = join(own, ADOPTED_FOLDER);
  mkdirSync(target, { recursive: true });
  const moved = join(target, basename(path));
  try {
    renameSync(path, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const nested = join(moved, ADOPTED_FOLDER);
  const inherited = existsSync(nested) ? readdirSync(nested) : [];
  for (const name of inherited) renameSync(join(nested, name), join(target, name));
  return [...inherited.map((name) => join(target, name)), moved];
}
