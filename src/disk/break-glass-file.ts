import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../core/error-code.ts';
import type { BreakGlass } from '../service/ports/break-glass.ts';

export const BREAK_GLASS_FILE = 'break-glass';

/**
 * A file `break-glass` in the data directory, one surface a line (`live-feed`, or `tenant/live-feed`; `#` begins a comment).
 * The surfaces are killed while the file names them; no file, no effect.
 */
export function createBreakGlassFile(directory: string): BreakGlass {
  const file = join(directory, BREAK_GLASS_FILE);
  return {
    killed() {
      try {
        const lines = readFileSync(file, 'utf8').split('\n');
        return [
          ...new Set(lines.map((line) => line.replace(/#.*/, '').trim()).filter((name) => name !== '')),
        ].sort();
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return [];
        throw error;
      }
    },
  };
}
