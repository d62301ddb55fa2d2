import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUpJournal } from '../../../src/cli/backup/files.ts';
import type { AllotConfig } from '../../../src/config/config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-backup-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a backup of the journal', () => {
  it('holds the records of an ended process whose folder is adopted at any moment of it', async () => {
    const copies: boolean[] = [];
    for (let turns = 0; turns < 24; turns += 1) {
      const directory = join(folder, String(turns), 'journal');
      // Listed and copied first, so that the other is taken away while or after that.
      mkdirSync(join(directory, 'a-living'), { recursive: true });
      mkdirSync(join(directory, 'b-ended'));
      for (let n = 0; n < 5; n += 1) writeFileSync(join(directory, 'a-living', `${String(n)}.seg`), 'x');
      writeFileSync(join(directory, 'b-ended', '0.seg'), 'records');
      const to = join(folder, String(turns), 'backup');
      const copy = backUpJournal({ journal: { directory } } as AllotConfig, to);
      for (let n = 0; n < turns; n += 1) await turn();
      mkdirSync(join(directory, 'a-living', 'adopted'));
      renameSync(join(directory, 'b-ended'), join(directory, 'a-living', 'adopted', 'b-ended'));
      await copy;
      const places = [join('b-ended', '0.seg'), join('a-living', 'adopted', 'b-ended', '0.seg')];
      copies.push(
        places.some((place) => {
          const file = join(to, 'journal', place);
          return existsSync(file) && readFileSync(file, 'utf8') === 'records';
        }),
      );
    }
    expect(copies).not.toContain(false);
  });
});
