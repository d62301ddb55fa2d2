import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Logger } from '../service/ports/logger.ts';
import { DAMAGED_FOLDER, type DamageReports } from './damage.ts';
import { JournalFolder } from './folder.ts';
import { LEASE_MS, hasLiveOwner } from './owner.ts';

const ADOPTED_FOLDER = 'adopted';
/** Prefix of a folder that does not have its owner yet. */
export const UNFINISHED = '.new-';

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
    if (!entry.isDirectory() || path === own || entry.name === DAMAGED_FOLDER || !isAbandoned(path, now))
      continue;
    try {
      for (const moved of moveInto(own, path)) adopted.push(...recovered(moved, reports, logger));
    } catch (error) {
      // One folder that cannot be read must not keep this process from writing its own.
      logger.error({ error, folder: path }, 'journal: the folder of an ended process could not be adopted');
    }
  }
  return adopted;
}

function recovered(path: string, reports: DamageReports, logger: Logger): JournalFolder[] {
  const folder = JournalFolder.recover(path, reports);
  if (folder === null) {
    rmSync(path, { recursive: true, force: true });
    return [];
  }
  logger.info({ folder: path, records: folder.pendingRecords }, 'journal: adopted from an ended process');
  return [folder];
}

function isAbandoned(path: string, now: number): boolean {
  try {
    // A folder that another process is just making has no owner in it yet.
    if (basename(path).startsWith(UNFINISHED) && now - statSync(path).mtimeMs < LEASE_MS) return false;
    return !hasLiveOwner(path, now);
  } catch {
    return false; // it moved while we looked: another process has it
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
