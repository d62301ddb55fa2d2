import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../core/error-code.ts';
import { DAMAGED_FOLDER } from './damage.ts';
import { ADOPTED_FOLDER } from './folder.ts';
import { listSegments } from './segment.ts';

/** Paths of the writers' folders under a journal directory, each followed by those that it adopted. */
export function foldersUnder(directory: string): string[] {
  return namesIn(directory)
    .filter((name) => name !== DAMAGED_FOLDER)
    .flatMap((name) => {
      const path = join(directory, name);
      const adopted = join(path, ADOPTED_FOLDER);
      return [path, ...namesIn(adopted).map((inner) => join(adopted, inner))];
    });
}

/** True when anything was ever accepted here that still lies here: handed on or not, whole or set aside as damaged. */
export function holdsRecords(directory: string): boolean {
  const isFilled = (folder: string): boolean =>
    (unlessGone(() => listSegments(folder)) ?? []).some(({ bytes }) => bytes > 0);
  return namesIn(join(directory, DAMAGED_FOLDER)).length > 0 || foldersUnder(directory).some(isFilled);
}

/** Bytes of the segments that lie here, handed on or not. */
export function bytesUnder(directory: string): number {
  const segments = foldersUnder(directory).flatMap((folder) => unlessGone(() => listSegments(folder)) ?? []);
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}

export const namesIn = (folder: string): string[] => unlessGone(() => readdirSync(folder)) ?? [];

/** null: handed on and removed meanwhile, or never there. What cannot be read for any other reason is not gone. */
export function unlessGone<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
