import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DamageReports } from './damage.ts';
import { JournalFolder } from './folder.ts';
import { UNFINISHED, writeOwner } from './owner.ts';
import { syncFolder } from './sync-folder.ts';
import { SegmentWriter, type WriterOptions } from './writer.ts';

/** The folder that a process writes in. */
export interface Own {
  readonly folder: JournalFolder;
  readonly writer: SegmentWriter;
  readonly token: string;
}

/**
 * The folder appears under its name only with its owner in it, so nobody takes it for a dead one; and that name is on
 * the disk before anything is accepted into it.
 */
export function openOwnFolder(
  directory: string,
  reports: DamageReports,
  { maxBytes, ...options }: WriterOptions & { readonly maxBytes: number },
): Own {
  const token = randomBytes(8).toString('hex');
  const path = join(directory, `${Date.now().toString(36)}-${String(process.pid)}-${token}`);
  const hidden = join(directory, `${UNFINISHED}${token}`);
  try {
    mkdirSync(hidden);
    writeOwner(hidden, token);
    renameSync(hidden, path);
    syncFolder(directory);
    const folder = JournalFolder.create(path, reports);
    // Only whole segments are given back, so a small journal needs small ones.
    const segmentBytes = Math.min(options.segmentBytes, Math.max(4_096, Math.floor(maxBytes / 4)));
    return { folder, token, writer: new SegmentWriter(folder, { ...options, segmentBytes }) };
  } catch (error) {
    // On a full disk this is tried again and again.
    for (const made of [hidden, path]) rmSync(made, { recursive: true, force: true });
    throw error;
  }
}

/** Makes the folder, with those above it, so that no power cut takes it away again. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = resolve(path); ; made = dirname(made)) {
    syncFolder(dirname(made));
    if (made === resolve(first)) return;
  }
}
