import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBanditLog, type BanditLogColumns } from '../../offline/tabular/bandit-log-file.ts';
import { readColumns } from '../../offline/tabular/read-columns.ts';
import { readRows } from '../../offline/tabular/read-rows.ts';
import { AllotError } from '../../src/core/errors.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-tabular-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const csv = 'user,reward,p,note\nu1,1,0.5,"a, b"\nu2,0,0.25,\nu1,2.5,1e-1,x\n';
const jsonl = [
  { user: 'u1', reward: 1, p: 0.5, note: 'a, b' },
  { user: 'u2', reward: 0, p: 0.25, note: null },
  { user: 'u1', reward: 2.5, p: 0.1, note: 'x' },
]
  .map((row) => JSON.stringify(row))
  .join('\n');

async function writeParquet(name: string, select: string): Promise<string> {
  const file = join(folder, name);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`copy (${select}) to '${file}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
  return file;
}

const parquet = () =>
  writeParquet(
    'log.parquet',
    `select * from (values ('u1', 1::bigint, 0.5::decimal(4,2), 'a, b'), ('u2', 0, 0.25, null)) t("user", reward, p, note)
     union all select 'u1', 3, 0.1, 'x'`,
  );

/** The refusal that reading throws. */
async function refusalOf(reading: Promise<unknown>): Promise<AllotError> {
  const error: unknown = await reading.then(
    () => new Error('it was read'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AllotError)) throw error;
  expect(error.code).toBe('log_unreadable');
  return error;
}

describe('columns', () => {
  const names = ['user', 'reward', 'p', 'note'];
  const numeric = ['reward', 'p'];

  it.each([
    ['a CSV', () => Promise.resolve(write('log.csv', csv))],
    [
      'a CSV with a byte order mark and CRLF',
      () => Promise.resolve(write('bom.csv', `\ufeff${csv.replaceAll('\n', '\r\n')}`)),
    ],
    ['a gzipped CSV', () => Promise.resolve(write('log.csv.gz', gzipSync(csv)))],
    ['JSON Lines', () => Promise.resolve(write('log.jsonl', jsonl))],
    ['gzipped JSON Lines', () => Promise.resolve(write('log.jsonl.gz', gzipSync(jsonl)))],
  ])('of %s are typed, in the order of the file', async (_, make) => {
    const table = await readColumns(await make(), names, { numeric });
    expect(table.rows).toBe(3);
    expect([...(table.numbers.get('reward') ?? [])]).toEqual([1, 0, 2.5]);
    expect([...(table.numbers.get('p') ?? [])]).toEqual([0.5, 0.25, 0.1]);
    expect(table.texts.get('user')).toEqual(['u1', 'u2', 'u1']);
    expect(table.texts.get('note')).toEqual(['a, b', null, 'x']);
  });

  it('of Parquet are typed, whatever the width of a number', async () => {
    const table = await readColumns(await parquet(), names, { numeric });
    expect([...(table.numbers.get('reward') ?? [])]).toEqual([1, 0, 3]);
    expect([...(table.numbers.get('p') ?? [])]).toEqual([0.5, 0.25, 0.1]);
    expect(table.texts.get('note')).toEqual(['a, b', null, 'x']);
    expect(table.locate(2)).toMatch(/log\.parquet, row 3$/);
  });

  it('of more rows than one block keep their values and lines', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `${i},${i / 2}`);
    const table = await readColumns(write('long.csv', `id,half\n${rows.join('\n')}\n`), ['half'], {
      numeric: ['half'],
    });
    expect(table.rows).toBe(5000);
    expect(table.numbers.get('half')?.[4999]).toBe(2499.5);
    expect(table.locate(4999)).toMatch(/line 5001$/);
  });

  it('count lines of a quoted cell that spans several', async () => {
    const file = write('quoted.csv', 'note,reward\n"one\ntwo\nthree",1\nx,oops\n');
    const error = await refusalOf(readColumns(file, ['reward'], { numeric: ['reward'] }));
    expect(error.message).toContain('quoted.csv, line 5: reward: must be a number (found: "oops")');
  });
});

describe('a file that cannot be read', () => {
  const reward = { numeric: ['reward'] };

  it('lacks a column: the message names it and those there are', async () => {
    const error = await refusalOf(readColumns(write('log.csv', csv), ['click'], reward));
    expect(error.message).toContain('click: the file has no such column; it has user, reward, p, note');
  });

  it('has a column twice', async () => {
    const error = await refusalOf(
      readColumns(write('twice.csv', 'reward,reward\n1,2\n'), ['reward'], reward),
    );
    expect(error.message).toContain('twice');
  });

  it.each([
    ['shorter', 'a,reward\n1,2\n3\n', 'line 3: row: has 1 cells where the header has 2'],
    ['longer', 'a,reward\n1,2\n\n3,4,5\n', 'line 4: row: has 3 cells where the header has 2'],
  ])('has a row that is %s than the header', async (_, content, expected) => {
    const error = await refusalOf(readColumns(write('ragged.csv', content), ['reward'], reward));
    expect(error.message).toContain(`ragged.csv, ${expected}`);
  });

  it.each(['', 'NaN', 'null', 'abc', '0x10', '1,5', 'Infinity', '1e999'])(
    'has "%s" where a number must be',
    async (cell) => {
      const error = await refusalOf(
        readColumns(write('cell.csv', `a,reward\n1,2\n1,"${cell}"\n`), ['reward'], reward),
      );
      expect(error.message).toContain('cell.csv, line 3: reward: must be a number');
    },
  );

  it('has an empty cell where a caller judges missing numbers itself: that one reads NaN', async () => {
    const table = await readColumns(write('nan.csv', 'p\n0.5\nNaN\n'), ['p'], {
      numeric: ['p'],
      allowMissing: ['p'],
    });
    expect([...(table.numbers.get('p') ?? [])]).toEqual([0.5, NaN]);
  });

  it.each([
    ['does not exist', () => join(folder, 'absent.csv'), 'cannot be read'],
    ['does not exist, as JSON Lines', () => join(folder, 'absent.jsonl'), 'cannot be read'],
    ['does not exist, as Parquet', () => join(folder, 'absent.parquet'), 'cannot be read'],
    ['is not gzip', () => write('bad.csv.gz', 'plain text'), 'cannot be read'],
    ['is cut off', () => write('cut.csv.gz', gzipSync(csv.repeat(50)).subarray(0, 60)), 'cannot be read'],
    ['is no Parquet', () => write('bad.parquet', 'plain text'), 'cannot be read'],
    ['is empty', () => write('empty.csv', ''), 'has no header row'],
    ['is empty, as JSON Lines', () => write('empty.jsonl', ''), 'has no rows'],
    ['has an open quote', () => write('quote.csv', 'reward\n"1\n'), 'cannot be read'],
    ['has another ending', () => write('log.xlsx', csv), 'must end in .csv'],
  ])('%s', async (_, make, expected) => {
    const error = await refusalOf(readColumns(make(), ['reward'], reward));
    expect(error.message).toContain(expected);
    expect(error.message).toContain(folder);
  });

  it('has a JSON line that is broken, or that lacks a key', async () => {
    const broken = await refusalOf(
      readColumns(write('b.jsonl', '{"reward":1}\n{oops\n'), ['reward'], reward),
    );
    expect(broken.message).toContain('b.jsonl, line 2: row: must be one JSON object');
    const lacking = await refusalOf(
      readColumns(write('l.jsonl', '{"reward":1}\n{"r":1}\n'), ['reward'], reward),
    );
    expect(lacking.message).toContain('l.jsonl, line 2: reward: the row has no such key');
  });

  it('has text in a Parquet number', async () => {
    const file = await writeParquet('text.parquet', `select 'x' as reward`);
    expect((await refusalOf(readColumns(file, ['reward'], reward))).message).toContain('row 1: reward');
  });
});

describe('rows', () => {
  it.each([
    ['CSV', () => Promise.resolve(write('log.csv', csv)), '1'],
    ['JSON Lines', () => Promise.resolve(write('log.jsonl', jsonl)), 1],
    ['Parquet', parquet, 1n],
  ])('of %s come as objects with their line', async (_, make, reward) => {
    const rows = [];
    for await (const row of readRows(await make())) rows.push(row);
    expect(rows).toHaveLength(3);
    expect(rows[0].values).toMatchObject({ user: 'u1', reward, note: 'a, b' });
  });
});

describe('a bandit log', () => {
  const columns: BanditLogColumns = {
    action: 'a',
    rewards: ['r'],
    propensity: 'p',
    evaluation: { kind: 'distribution', prefix: 'pi_' },
    rewardModels: new Map(),
  };
  const content = 'a,r,p,pi_0,pi_1,u\n0,1,0.5,0.3,0.7,x\n1,0,0.5,0.2,0.8,y\n1,1,0.5,0.6,0.4,x\n';

  it('has actions, a distribution and units numbered by first appearance', async () => {
    const { log, policy, hasUnits } = await readBanditLog(write('b.csv', content), { ...columns, unit: 'u' });
    expect(log).toMatchObject({ rounds: 3, unitCount: 2 });
    expect([...log.units]).toEqual([0, 1, 0]);
    expect([...log.actions]).toEqual([0, 1, 1]);
    expect(policy).toMatchObject({ kind: 'distribution', actionCount: 2 });
    expect([...policy.probabilities]).toEqual([0.3, 0.7, 0.2, 0.8, 0.6, 0.4]);
    expect(hasUnits).toBe(true);
  });

  it('takes every row as its unit when no row has one', async () => {
    const file = write('nounit.csv', content.replace(/,[xy]\n/g, ',\n'));
    const { log, hasUnits } = await readBanditLog(file, { ...columns, unit: 'u' });
    expect([log.unitCount, hasUnits]).toEqual([3, false]);
  });

  it('refuses a unit that is missing on some rows', async () => {
    const file = write('someunit.csv', content.replace(',y\n', ',\n'));
    const error = await refusalOf(readBanditLog(file, { ...columns, unit: 'u' }));
    expect(error.message).toContain('someunit.csv, line 3: u: must not be empty');
  });

  it.each(['2', '-1', '0.5'])(
    'refuses the action %s, which is no index of the distribution',
    async (action) => {
      const file = write('action.csv', content.replace('\n1,0', `\n${action},0`));
      const error = await refusalOf(readBanditLog(file, columns));
      expect(error.message).toContain('action.csv, line 3: a: must be an action index, an integer in 0 … 1');
    },
  );

  it('takes any label as an action when only the logged probability is given', async () => {
    const file = write('label.csv', 'a,r,p,e\nshow,1,0.5,0.3\nhide,0,0.5,0.3\nshow,0,0.5,0.3\n');
    const evaluation = { kind: 'probability', column: 'e' } as const;
    const { log, policy } = await readBanditLog(file, { ...columns, evaluation });
    expect([...log.actions]).toEqual([0, 1, 0]);
    expect(policy.kind).toBe('logged-action');
  });

  it('refuses a prefix without columns, and one with a gap', async () => {
    const none = await refusalOf(
      readBanditLog(write('b.csv', content), {
        ...columns,
        evaluation: { kind: 'distribution', prefix: 'q' },
      }),
    );
    expect(none.message).toContain('no columns q0, q1');
    const gap = await refusalOf(readBanditLog(write('gap.csv', content.replace('pi_1', 'pi_2')), columns));
    expect(gap.message).toContain('there is no pi_1');
  });

  it('refuses a reward model of another number of actions', async () => {
    const file = write('wide.csv', 'a,r,p,pi_0,pi_1,q0\n0,1,0.5,0.3,0.7,0.1\n');
    const error = await refusalOf(readBanditLog(file, { ...columns, rewardModels: new Map([['r', 'q']]) }));
    expect(error.message).toContain('the reward model has 1 actions, the evaluation distribution 2');
  });
});
