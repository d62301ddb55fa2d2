import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../core/error-code.ts';
import type { Logger } from '../service/ports/logger.ts';
import { DAMAGED_FOLDER, type DamageReports } from './damage.ts';
import { ADOPTED_FOLDER, JournalFolder } from './folder.ts';
import { LEASE_MS, TOUCH_MS, UNFINISHED, hasLiveOwner, wasWrittenElsewhere } from './owner.ts';
import { syncFolder } from './sync-folder.ts';

interface Adopted {
  readonly folder: JournalFolder;
  /** Until then its owner, thought dead, may still write into it. */
  readonly mayGrowUntil: number;
  /** Until then it is left alone: it could not be read. */
  restsUntil: number;
}

/**
 * The journals of ended processes that this one took over: each moves, by one atomic rename, into `<own>/adopted/`.
 * Of several processes that try, one succeeds; whose folder holds it owns it, so if this process dies in turn,
 * everything goes with its own folder to the next. What lies there is the truth; listed is what of it can be read,
 * and what cannot is tried again at every look.
 */
export class AdoptedFolders {
  readonly #directory: string;
  readonly #reports: DamageReports;
  readonly #logger: Logger;
  #listed: Adopted[] = [];
  #unreadable: string[] = [];
  /** Said once, not at every look. */
  readonly #said = new Set<string>();

  constructor(directory: string, reports: DamageReports, logger: Logger) {
    this.#directory = directory;
    this.#reports = reports;
    this.#logger = logger;
  }

  all(): readonly JournalFolder[] {
    return this.#listed.map(({ folder }) => folder);
  }

  /** Without those that could not be read a moment ago. */
  readable(): readonly JournalFolder[] {
    const now = performance.now();
    return this.#listed.filter(({ restsUntil }) => restsUntil <= now).map(({ folder }) => folder);
  }

  get storedBytes(): number {
    let bytes = 0;
    for (const { folder } of this.#listed) bytes += folder.storedBytes;
    return bytes;
  }

  /** Folders of which nobody knows yet how much they hold. */
  get unreadable(): number {
    return this.#unreadable.length;
  }

  /** Takes over what was abandoned meanwhile, into the folder `own`, and reads whatever lies there unread. */
  look(own: string): void {
    const target = join(own, ADOPTED_FOLDER);
    const now = Date.now();
    for (const { name } of readdirSync(this.#directory, { withFileTypes: true }).filter((e) =>
      e.isDirectory(),
    )) {
      const path = join(this.#directory, name);
      if (path === own || name === DAMAGED_FOLDER || !isAbandoned(path, now)) continue;
      this.#trying(path, () => move(path, target));
    }
    for (const name of namesIn(target))
      this.#trying(join(target, name), () => unnest(join(target, name), target));
    this.#unreadable = namesIn(target)
      .map((name) => join(target, name))
      .filter((path) => !this.#isListed(path) && !this.#trying(path, () => this.#recover(path)));
  }

  /** One folder that cannot be read must not keep this process from writing its own. */
  #trying(path: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!this.#said.has(path))
        this.#logger.error(
          { error, folder: path },
          'journal: the folder of an ended process could not be adopted, trying again',
        );
      this.#said.add(path);
      return false;
    }
  }

  #isListed(path: string): boolean {
    return this.#listed.some(({ folder }) => folder.path === path);
  }

  #recover(path: string): void {
    const folder = JournalFolder.recover(path, this.#reports);
    this.#logger.info(
      { folder: path, records: folder.pendingRecords },
      'journal: adopted from an ended process',
    );
    const mayGrowUntil = wasWrittenElsewhere(path) ? performance.now() + LEASE_MS : 0;
    this.#listed.push({ folder, mayGrowUntil, restsUntil: 0 });
    this.#said.delete(path);
  }

  /** It could not be read: the others go on without it, and it is tried again a little later. */
  failed(folder: JournalFolder, error: unknown): void {
    const entry = this.#listed.find((other) => other.folder === folder);
    if (entry === undefined) return;
    entry.restsUntil = performance.now() + TOUCH_MS;
    if (!existsSync(folder.path)) this.#drop(folder);
    if (!this.#said.has(folder.path))
      this.#logger.error(
        { error, folder: folder.path },
        'journal: an adopted folder cannot be read, or removed',
      );
    this.#said.add(folder.path);
  }

  /** Removes a folder that was delivered to its end; unless its owner was not dead and has written, or still may. */
  async finished(folder: JournalFolder): Promise<void> {
    const entry = this.#listed.find((other) => other.folder === folder);
    try {
      if (entry === undefined || folder.readOn() || performance.now() < entry.mayGrowUntil) return;
      await folder.remove();
      this.#drop(folder);
    } catch (error) {
      this.failed(folder, error);
    }
  }

  /** Another process has taken them, together with the folder they lie in. */
  clear(): void {
    this.#listed = [];
    this.#unreadable = [];
  }

  #drop(folder: JournalFolder): void {
    this.#listed = this.#listed.filter((other) => other.folder !== folder);
  }
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

/** Without effect when another process was faster. */
function move(path: string, target: string): void {
  if (!existsSync(target)) {
    mkdirSync(target);
    syncFolder(dirname(target));
  }
  try {
    renameSync(path, join(target, basename(path)));
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  // Before the old place forgets it for good.
  syncFolder(target);
}

/** What the folder had adopted itself comes to lie beside it. */
function unnest(path: string, target: string): void {
  const nested = join(path, ADOPTED_FOLDER);
  const names = namesIn(nested);
  for (const name of names) renameSync(join(nested, name), join(target, name));
  if (names.length > 0) syncFolder(target);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
