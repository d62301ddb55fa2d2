import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { MethodRun } from './run-method.ts';

interface Kept {
  readonly key: string;
  readonly run: MethodRun;
}

/** Runs of this process, whatever study asked for them. */
const finished = new Map<string, MethodRun>();

/** Finished runs by what they were made of; with a file, those of earlier processes too: one JSON object per line. */
export interface KeptRuns {
  get(key: string): MethodRun | undefined;
  add(key: string, run: MethodRun): void;
}

export function keptRuns(file: string | null): KeptRuns {
  if (file !== null && existsSync(file)) for (const { key, run } of linesOf(file)) finished.set(key, run);
  return {
    get: (key) => finished.get(key),
    add(key, run) {
      finished.set(key, run);
      if (file !== null) appendFileSync(file, `${JSON.stringify({ key, run } satisfies Kept)}\n`);
    },
  };
}

/** A process that was killed while writing leaves half a line: that run is made again. */
function linesOf(file: string): Kept[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Kept];
      } catch {
        return [];
      }
    });
}
