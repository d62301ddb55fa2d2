import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodeOf, exitCodes } from '../../src/cli/exit-codes.ts';
import { createProgram } from '../../src/cli/program.ts';
import { AllotError } from '../../src/core/errors.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-looks-test-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = 0;
});

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  const text = `${lines.join('\n')}\n`;
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

/** Runs the command in this process and answers what it printed. */
async function run(command: string, ...args: string[]): Promise<string> {
  const write = process.stdout.write.bind(process.stdout);
  let printed = '';
  process.stdout.write = (text: string | Uint8Array): boolean => {
    printed += String(text);
    return true;
  };
  try {
    const program = await createProgram([command]);
    await program.parseAsync([command, ...args], { from: 'user' });
  } finally {
    process.stdout.write = write;
  }
  return printed;
}

async function refusalOf(command: string, ...args: string[]): Promise<AllotError> {
  try {
    await run(command, ...args);
  } catch (error) {
    if (error instanceof AllotError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

const columns = [
  ...['--experiment', 'e', '--variant', 'v', '--metric', 'm', '--time', 't'],
  ...['--control-n', 'nc', '--control-mean', 'mc', '--control-variance', 'vc'],
  ...['--treatment-n', 'nt', '--treatment-mean', 'mt', '--treatment-variance', 'vt'],
];
const header = 'vt,mt,nt,vc,mc,nc,t,m,v,e';
/** A cumulative look of a pair whose arms differ by `effect`. */
const row = (name: string, day: number, effect: number, variance = '4'): string =>
  `${variance},${10 + effect},${1000 * day},${variance},10,${1000 * day},${day},watch,1,${name}`;
const days = [3, 1, 4, 2, 5];

interface Pair {
  readonly experiment: string | null;
  readonly looks: number;
  readonly firstDecisiveTime: number | string | null;
  readonly state: string;
  readonly effect: { readonly value: number; readonly lower: number; readonly upper: number } | null;
  readonly reason: string | null;
  readonly warnings: readonly string[];
}
const pairs = async (...args: string[]): Promise<Record<string, Pair>> => {
  const { pairs } = JSON.parse(await run('looks', ...args, '--json')) as { pairs: Pair[] };
  return Object.fromEntries(pairs.map((pair) => [pair.experiment ?? 'all', pair]));
};

describe('allot looks', () => {
  const lines = [
    header,
    ...days.flatMap((d) => [
      row('up', d, 0.5),
      row('down', d, -0.5),
      row('none', d, 0),
      row('lost', d, 1, ''),
    ]),
    row('once', 7, 1),
  ];

  it('judges pairs of a gzipped file, rows in any order', async () => {
    const found = await pairs(file('looks.csv.gz', lines), ...columns);
    expect(Object.values(found).map(({ state }) => state)).toEqual([
      'pass',
      'fail',
      'inconclusive',
      'no data',
      'pass',
    ]);
    expect(found.up).toMatchObject({ looks: 5, firstDecisiveTime: 1 });
    expect(found.up.effect!.lower).toBeGreaterThan(0);
    expect(found.none).toMatchObject({ firstDecisiveTime: null, effect: { value: 0 } });
    expect(found.lost.reason).toContain('variance');
    expect(found.lost.effect).toBeNull();
    expect(found.once.looks).toBe(1);
  });

  it('takes a margin, absolute or relative, and the direction that is better', async () => {
    const path = file('margin.csv', lines);
    const state = async (...flags: string[]) => {
      const { up, down, none } = await pairs(path, ...columns, ...flags);
      return [up.state, down.state, none.state];
    };
    expect(await state('--guardrail', '0.3')).toEqual(['pass', 'fail', 'pass']);
    expect(await state('--guardrail', '3%')).toEqual(['pass', 'fail', 'pass']);
    expect(await state('--direction', 'down')).toEqual(['fail', 'pass', 'inconclusive']);
    expect(await state('--method', 'msprt')).toEqual(['pass', 'fail', 'inconclusive']);
    expect(await state('--method', 'fixed')).toEqual(['pass', 'fail', 'inconclusive']);
  });

  it('fills the variance of a 0/1 metric that is named, and of no other', async () => {
    const rates = file('rates.csv', ['nc,mc,nt,mt', '20000,0.1,20000,0.12']);
    const flags = [
      '--control-n',
      'nc',
      '--control-mean',
      'mc',
      '--treatment-n',
      'nt',
      '--treatment-mean',
      'mt',
    ];
    expect((await pairs(rates, ...flags)).all.state).toBe('no data');
    const filled = (await pairs(rates, ...flags, '--binary')).all;
    expect(filled.state).toBe('pass');
    expect(filled.warnings[0]).toContain('m(1 − m)');
  });

  it('flags equal times and counts that fall, and reads dates', async () => {
    const odd = file('odd.csv', [
      header,
      ...[row('a', 1, 0), row('a', 1, 0), row('a', 2, 0).replaceAll('2000', '900')],
    ]);
    expect((await pairs(odd, ...columns)).a.warnings).toHaveLength(2);
    const dated = file(
      'dated.csv',
      [header, row('a', 1, 1), row('a', 2, 1)].map((l) => l.replace(/,([12]),watch/, ',2026-01-0$1,watch')),
    );
    expect((await pairs(dated, ...columns)).a.firstDecisiveTime).toBe('2026-01-01T00:00:00.000Z');
  });

  it('prints a table with the states, and the verdict at each look on demand', async () => {
    const path = file('table.csv', lines);
    const text = await run('looks', path, ...columns);
    expect(text).toContain('5 pairs by confidence-sequence: 2 pass, 1 fail, 1 inconclusive, 1 no data');
    const every = await run('looks', path, ...columns, '--every-look');
    expect(every.split('\n').filter((line) => line.startsWith('up'))).toHaveLength(5);
    await run('looks', path, ...columns, '--fail-on', 'fail');
    expect(process.exitCode).toBe(exitCodes.failure);
  });

  it('refuses what it cannot read with the columns that there are', async () => {
    const path = file('refused.csv', lines);
    const unknown = await refusalOf('looks', path, ...columns, '--metric', 'nope');
    expect(unknown.message).toContain('nope');
    expect(unknown.message).toContain('vt, mt, nt');
    expect(exitCodeOf(unknown)).toBe(exitCodes.badInput);
    expect((await refusalOf('looks', path)).message).toContain('--control-n');
    const noTime = columns.filter((_, i) => i !== 6 && i !== 7);
    expect((await refusalOf('looks', path, ...noTime)).message).toContain('--time');
    const negative = file('negative.csv', [header, row('a', 1, 0).replace('1000', '-1')]);
    expect((await refusalOf('looks', negative, ...columns)).message).toContain('line 2');
  });
});

describe('allot srm', () => {
  interface Answer {
    readonly groups: readonly {
      readonly group: string | null;
      readonly verdict: string;
      readonly pValue: number | null;
      readonly firstAlarm: number | null;
      readonly test: string;
    }[];
    readonly periods?: readonly {
      readonly period: string;
      readonly mismatches: number;
      readonly groups: number;
    }[];
  }
  const asked = async (...args: string[]): Promise<Answer> =>
    JSON.parse(await run('srm', ...args, '--json')) as Answer;
  const flags = ['--group', 'g', '--variant', 'v', '--count', 'n'];
  const split = file.bind(null);

  it('checks each group, and sums up by period', async () => {
    const path = split('split.csv', [
      ...['g,v,n,week', 'good,a,5010,1', 'bad,b,4700,2', 'good,b,4990,1', 'bad,a,5300,2', 'empty,a,0,2'],
      ...['empty,b,0,2', 'alone,a,9,2'],
    ]);
    const { groups, periods } = await asked(path, ...flags, '--period', 'week');
    expect(groups.map(({ group, verdict }) => `${group} ${verdict}`)).toEqual([
      'good ok',
      'bad mismatch',
      'empty no data',
      'alone no data',
    ]);
    expect(groups[1].pValue).toBeLessThan(1e-8);
    expect(groups[2].pValue).toBeNull();
    expect(periods!.map(({ mismatches, groups }) => [mismatches, groups])).toEqual([
      [0, 1],
      [1, 3],
    ]);
    expect(await run('srm', path, ...flags)).toContain('1 of 2 groups mismatch');
  });

  it('checks over time, with expected shares that change, new units or totals so far', async () => {
    const rows = (isCumulative: boolean): string[] => {
      const totals = [0, 0];
      return Array.from({ length: 14 }, (_, k) => k + 1).flatMap((day) => {
        const shares = day <= 3 ? [0.9, 0.1] : [0.5, 0.5];
        // From day 5 on a fifth of the second variant is lost.
        const counts = [shares[0] * 2000, shares[1] * 2000 * (day >= 5 ? 0.8 : 1)];
        counts.forEach((count, i) => (totals[i] += count));
        return counts.map((count, i) => `${'ab'[i]},${day},${isCumulative ? totals[i] : count},${shares[i]}`);
      });
    };
    const time = ['--variant', 'v', '--count', 'n', '--time', 'day', '--expected', 'share'];
    for (const isCumulative of [false, true]) {
      const path = split(`time-${isCumulative}.csv`, ['v,day,n,share', ...rows(isCumulative)]);
      const { groups } = await asked(path, ...time, ...(isCumulative ? ['--cumulative'] : []));
      expect(groups[0]).toMatchObject({ group: null, verdict: 'mismatch', test: 'sequential-multinomial' });
      expect(groups[0].firstAlarm).toBeGreaterThanOrEqual(5);
    }
  });

  it('refuses columns that are not there, counts that are none, and ends with 1 where it was asked to', async () => {
    const path = split('srm-refused.csv', ['g,v,n', 'x,a,9000', 'x,b,1000']);
    expect((await refusalOf('srm', path, '--variant', 'w', '--count', 'n')).message).toContain('g, v, n');
    expect((await refusalOf('srm', path, '--variant', 'v')).message).toContain('--count');
    const broken = split('srm-broken.csv', ['g,v,n', 'x,a,1.5', 'x,b,1']);
    expect((await refusalOf('srm', broken, ...flags)).message).toContain('line 2');
    await run('srm', path, ...flags, '--fail-on', 'mismatch');
    expect(process.exitCode).toBe(exitCodes.failure);
  });
});
