import { readFile } from 'node:fs/promises';
import { AllotError } from '../../core/errors.ts';
import { parseWorld } from '../../simulation/parse-world.ts';
import type { FeedWorldConfig } from '../../simulation/world.ts';

/** A world from a JSON file; without one, the default world. */
export async function readWorld(file: string | undefined): Promise<FeedWorldConfig> {
  if (file === undefined) return parseWorld({});
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AllotError('config_invalid', `--world: ${file} cannot be read`, { cause });
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AllotError('invalid_json', `--world: ${file} is not JSON: ${reason}`, { cause });
  }
  return parseWorld(raw);
}
