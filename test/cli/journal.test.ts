import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drain, ids, open, recordsOf, segmentName } from '../journal/folder.ts';
import { runCommand } from './support/in-process.ts';

const NAME = `dead-${segmentName(1)}.damaged`;
let directory: string;
let ends: readonly number[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'allot-cli-journal-'));
  vi.stubEnv('ALLOT_JOURNAL_DIR', directory);
  mkdirSync(join(directory, 'damaged'));
  const records = recordsOf(5);
  records.bytes[records.ends[1] + 40] ^= 0x10;
  writeFileSync(join(directory, 'damaged', NAME), records.bytes);
  ({ ends } = records);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const json = (text: string): unknown => JSON.parse(text);

describe('allot journal', () => {
  it('lists, shows, recovers and purges what was set aside', async () => {
    const listed = await runCommand('journal', 'list', '--json');
    expect(json(listed.stdout)).toMatchObject([
      {
        name: NAME,
        records: 4,
        lost: [{ from: ends[1], to: ends[2], reason: 'bytes', missing: { first: 3, last: 3 } }],
      },
    ]);
    expect((await runCommand('journal', 'list')).stdout).toContain(
      `bytes ${ends[1]}–${ends[2]} (no whole record, records 3–3)`,
    );
    expect((await runCommand('journal', 'show', NAME)).stdout.split('\n').slice(0, -1)).toHaveLength(4);
    expect(json((await runCommand('journal', 'show', NAME, '--json')).stdout)).toMatchObject([
      { sequence: 1, record: expect.stringContaining('decision-0') as string },
      { sequence: 2 },
      { sequence: 4 },
      { sequence: 5 },
    ]);
    const recovered = await runCommand('journal', 'recover', NAME);
    expect(recovered).toMatchObject({ code: 0, stdout: '' });
    expect(recovered.stderr).toContain('4 records handed back');
    expect(recovered.stderr).toContain('records 3–3');
    expect(await drain(await open(directory))).toEqual(ids(0, 5).filter((_, n) => n !== 2));
    const purged = await runCommand('journal', 'purge', '--all', '--json');
    expect(json(purged.stdout)).toEqual({ purged: 1 });
    expect(readdirSync(join(directory, 'damaged'))).toEqual([]);
    expect(await runCommand('journal', 'list')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'Nothing was set aside.\n',
    });
  });

  it.each([
    ['recover'],
    ['purge'],
    ['recover', NAME, '--all'],
    ['purge', 'nobody'],
    ['show', 'nobody'],
    ['show'],
  ])('refuses what breaks a rule with code 2, and removes nothing: %j %j %j', async (...words) => {
    const { code } = await runCommand('journal', ...words.filter((word) => word !== undefined));
    expect(code).toBe(2);
    expect(readdirSync(join(directory, 'damaged'))).toEqual([NAME]);
    expect(readdirSync(directory)).toEqual(['damaged']);
  });
});
