import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StudyTable } from '../study-table.ts';

/** A file of `../shared/data` beside the repository (or beside its build); null where there is none. */
export function sharedData(file: string): string | null {
  for (const up of ['../../../../shared/data/', '../../../../../shared/data/']) {
    const path = fileURLToPath(new URL(`${up}${file}`, import.meta.url));
    if (existsSync(path)) return path;
  }
  return null;
}

/** What a proof on public data prints where the data is not there: nothing is claimed, and it says so. */
export const skipped = (title: string, file: string): StudyTable => ({
  title: `${title}: SKIPPED`,
  notes: [
    `SKIPPED: the public data set ../shared/data/${file} is not beside the repository. Nothing was checked.`,
  ],
  header: ['what', 'result'],
  rows: [['this proof', 'not run']],
  claims: [],
});
