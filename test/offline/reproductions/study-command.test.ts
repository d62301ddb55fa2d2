import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isProven, toMarkdown, toText, type StudyTable } from '../../../offline/reproductions/study-table.ts';

const study = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'study', ...args]);

describe('allot study', () => {
  it('prints one JSON object with --json and its verdict', async () => {
    const { stdout } = await study('judging', 'obp-table', '--short', '--repetitions', '3', '--json');
    const answer = JSON.parse(stdout) as {
      results: { proof: string; isProven: boolean; tables: StudyTable[] }[];
    };
    expect(answer.results.map(({ proof }) => proof)).toEqual(['obp-table']);
    expect(answer.results[0].tables[0].rows.map(([name]) => name)).toEqual([
      'DM',
      'IPW',
      'SNIPW',
      'DR',
      'SNDR',
      'Switch-DR',
      'DRos',
    ]);
    expect(answer.results[0].isProven).toBe(true);
  }, 60_000);

  it('refuses a proof that does not exist, naming those that do', async () => {
    const failure = await study('judging', 'astrology').catch(
      (error: unknown) => error as { stderr: string },
    );
    expect(failure.stderr).toContain('obp-table');
  });
});

describe('a study table', () => {
  const table: StudyTable = {
    title: 'A title',
    notes: ['A note.'],
    header: ['name', 'value'],
    rows: [['one', '1.5']],
    claims: [{ claim: 'something', holds: false }],
  };

  it('says in text and in markdown that a claim does not hold', () => {
    expect(toText(table)).toContain('DOES NOT HOLD  something');
    expect(toMarkdown(table)).toContain('| one | 1.5 |');
    expect(toMarkdown(table)).toContain('**does not hold**: something');
  });

  it('tells what is not resolved from what does not hold: only the latter is a failure', () => {
    const open = { ...table, claims: [{ claim: 'something', holds: false, isOpen: true }] };
    expect(toText(open)).toContain('not resolved   something');
    expect(toMarkdown(open)).toContain('**not resolved**: something');
    expect(isProven([open])).toBe(true);
    expect(isProven([open, table])).toBe(false);
  });

  it('is proven only where every claim holds', () => {
    expect(isProven([table])).toBe(false);
    expect(isProven([{ ...table, claims: [{ claim: 'something', holds: true }] }])).toBe(true);
  });
});
