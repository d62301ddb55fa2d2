import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { AllotError } from '../../core/errors.ts';
import type { StudyFlags } from './subject.ts';

/** What `--world` calls the world of the study itself. */
export const DEFAULT_WORLD = 'default';

/** Reads a world as JSON; what is in it is checked by the study (`config_invalid`). null: the study's own. */
export async function readWorld(file: string): Promise<StudyFlags['world']> {
  if (file === DEFAULT_WORLD) return null;
  try {
    return { name: basename(file, '.json'), raw: JSON.parse(await readFile(file, 'utf8')) as unknown };
  } catch (cause) {
    throw new AllotError('config_invalid', `--world ${file}: cannot be read as JSON`, { cause });
  }
}
