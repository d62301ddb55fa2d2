import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EstimateAnswer, OpeResult } from '../../offline/ope/ope-result.ts';
import { estimatorIds, intervalMethods } from '../../offline/ope/question.ts';
import { isRefusal } from '../../src/core/ope/report.ts';
import { allot, allotHere, resultOf, root } from './ope-command-runner.ts';

const fixtures = join(root, 'test/fixtures');
const small = join(fixtures, 'ope/small.csv');
const steps = join(fixtures, 'ope-sequential/small.csv');
const base = ['--action', 'action', '--reward', 'reward', '--propensity', 'propensity'];
const log = [
  small,
  ...base,
  '--unit',
  'user',
  '--evaluation-distribution',
  'pi_',
  '--reward-model',
  'reward=q_',
];
const loose = ['--min-effective-sample', '2', '--max-unit-share', '0.9', '--mean-weight-tolerance', '1'];
const sessions = [
  ...[steps, ...base, '--unit', 'user', '--evaluation-distribution', 'pi_'],
  ...['--session', 'session', '--step', 'step', '--state', 'state', '--action-value', 'q_'],
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-growth-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(...args: string[]): Promise<OpeResult> {
  const answer = await allotHere(...args, ...loose, '--json');
  expect(answer.err).toBe('');
  return resultOf(answer);
}

const answered = ({ estimates }: Pick<OpeResult, 'estimates'>): EstimateAnswer[] =>
  estimates.flatMap((e) => {
    if (isRefusal(e)) throw new Error(`${e.estimator}: ${e.refusal.reason}`);
    return [e];
  });

/** Everything that stood in the old answer stands in the new one, with the same numbers; warnings may be more. */
function expectGrown(old: unknown, now: unknown, path: string): void {
  if (typeof old === 'number') {
    expect(Math.abs(Number(now) - old), path).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(old)));
  } else if (path.endsWith('.warnings')) {
    const codes = (list: unknown) => (list as { code: string }[]).map(({ code }) => code);
    expect(codes(now), path).toEqual(expect.arrayContaining(codes(old)));
  } else if (Array.isArray(old)) {
    expect(now, path).toHaveLength(old.length);
    old.forEach((value, i) => expectGrown(value, (now as unknown[])[i], `${path}[${i}]`));
  } else if (typeof old === 'object' && old !== null) {
    for (const [key, value] of Object.entries(old)) {
      expectGrown(value, (now as Record<string, unknown>)[key], `${path}.${key}`);
    }
  } else {
    expect(now, path).toBe(old);
  }
}

describe('the JSON of allot ope as it was printed before it grew', () => {
  const first = (name: string): unknown =>
    JSON.parse(readFileSync(join(fixtures, `ope-command/${name}.json`), 'utf8'));

  it('stays, number by number, for an answer of two rewards with a clip and changed limits', async () => {
    const answer = await allotHere(
      ...[small, ...base, '--reward', 'cost', '--unit', 'user', '--evaluation-distribution', 'pi_'],
      ...['--reward-model', 'reward=q_', '--min-effective-sample', '5', '--max-unit-share', '0.5'],
      ...['--mean-weight-tolerance', '1', '--clip', '1.3', '--json'],
    );
    expect(answer).toMatchObject({ code: 0, err: '' });
    expectGrown(first('answer'), JSON.parse(answer.out), '$');
  });

  it('stays for a refusal', async () => {
    const args = [small, ...base, '--unit', 'user', '--evaluation-probability', 'pi_0', '--json'];
    const answer = await allotHere(...args);
    expect(answer).toMatchObject({ code: 3, err: '' });
    expectGrown(first('refusal'), JSON.parse(answer.out), '$');
  });
});

describe('estimators', () => {
  it('are answered or refused with a reason, every one of the issue, and keep their estimand', async () => {
    const result = await ask(...sessions, '--max-unsupported', '1', '--estimators', estimatorIds.join());
    expect(result.estimates.map(({ estimator }) => estimator)).toEqual(estimatorIds);
    for (const e of result.estimates) {
      if (isRefusal(e)) {
        expect(e.refusal.reason.length * e.refusal.needed.length).toBeGreaterThan(0);
        expect(['dm', 'dr', 'sndr', 'switch-dr', 'dros', 'sg-dr', 'mrdr']).toContain(e.estimator);
      } else {
        const isOfDecisions = ['ips', 'snips', 'sg-ips', 'ncis-step'].includes(e.estimator);
        expect(e.estimand).toBe(isOfDecisions ? 'per-decision' : 'per-session');
      }
    }
    expect(result.log).toMatchObject({ sessions: 16, longestSession: 4, units: 8 });
    expect(result.stepHealth?.rounds).toBe(result.log.rounds);
  });

  it('of different estimands are never compared', async () => {
    const { estimates } = await ask(
      ...sessions,
      '--estimators',
      'ips,snips,tis,pdis,fqe,ncis-step',
      '--min-events',
      '0',
    );
    const decisions = ['ips', 'snips', 'ncis-step'];
    for (const e of estimates) {
      if (isRefusal(e)) continue;
      for (const { code, reason } of e.warnings) {
        if (code !== 'estimators_disagree') continue;
        const [a, b] = reason.split(' is in ')[0].split(' − ');
        expect(decisions.includes(a)).toBe(decisions.includes(b));
      }
    }
  });

  it('have the values that another program worked out for small sessions, with each kind of clip', async () => {
    const known = JSON.parse(readFileSync(join(fixtures, 'ope-sequential/small.json'), 'utf8')) as Record<
      'values' | 'twoSided' | 'factors',
      Record<string, number>
    >;
    const variants = { values: [], twoSided: ['--two-sided-clip'], factors: ['--clip-factors'] } as const;
    for (const [variant, flags] of Object.entries(variants)) {
      const values = known[variant as keyof typeof variants];
      const args = ['--discount', '0.9', '--clip', '1.5', '--max-unsupported', '1', ...flags];
      const result = await ask(...sessions, ...args, '--estimators', Object.keys(values).join());
      for (const { estimator, value } of answered(result)) {
        expect(value, `${variant} ${estimator}`).toBeCloseTo(values[estimator], 9);
      }
      expect(result.settings).toMatchObject({ discount: 0.9, clip: 1.5 });
    }
  });

  it('echo the settings that they used, given or chosen', async () => {
    const result = await ask(
      ...log,
      ...['--estimators', 'ips,switch-dr,dros,sg-ips', '--clip', '1.2', '--switch-threshold', '1.1'],
      ...['--dros-lambda', 'auto', '--sg-lambda', '0.5', '--tuning', 'mse-proxy'],
    );
    const [ips, switchDr, dros, sgIps] = answered(result);
    expect(ips).toMatchObject({ clip: 1.2, hyperParameters: { clip: 1.2 } });
    expect(switchDr.hyperParameters).toEqual({ switchThreshold: 1.1 });
    expect(dros.hyperParameters).toMatchObject({ tuning: 'auto-mse-proxy' });
    expect(dros.warnings.map(({ code }) => code)).toContain('tuned_on_other_units');
    expect(sgIps.hyperParameters).toEqual({ subGaussianLambda: 0.5 });
    expect(result.settings).toMatchObject({ clip: 1.2, drosLambda: 'auto', tuning: 'mse-proxy' });
  });
});

describe('intervals', () => {
  it('come in the order asked, those that may not be given with a reason', async () => {
    const result = await ask(...log, '--estimators', 'ips,snips', '--intervals', intervalMethods.join());
    for (const e of answered(result)) {
      const given = e.intervals.map(({ method }) => method);
      const refused = (e.intervalRefusals ?? []).map(({ method }) => method);
      expect([...given, ...refused].sort()).toEqual([...intervalMethods].sort());
      expect(given).toEqual(intervalMethods.filter((method) => given.includes(method)));
      expect(refused).toEqual(
        expect.arrayContaining(['hoeffding', 'hcope', 'cressie-read', 'clopper-pearson']),
      );
    }
    const [ips] = answered(result);
    expect(ips.intervalRefusals?.find(({ method }) => method === 'hcope')?.refusal).toMatchObject({
      code: 'support_unknown',
      needed: '--reward-range min,max',
    });
  });

  it('that hold at any sample size need the known range, and a bound of the weights where they use one', async () => {
    const methods = ['hoeffding', 'empirical-bernstein', 'hcope'];
    const args = [...log, '--estimators', 'ips', '--intervals', methods.join(), '--reward-range', '0,1'];
    const [open] = answered(await ask(...args));
    expect(open.intervals.map(({ method }) => method)).toEqual(['hcope']);
    const [bounded] = answered(await ask(...args, '--max-weight', '4'));
    expect(bounded.intervals.map(({ method }) => method)).toEqual(methods);
    for (const { lower, upper } of bounded.intervals) {
      expect(lower).toBeGreaterThanOrEqual(0);
      expect(upper).toBeLessThanOrEqual(1);
      expect(bounded.value).toBeGreaterThanOrEqual(lower);
      expect(bounded.value).toBeLessThanOrEqual(upper);
    }
    const [wrong] = answered(await ask(...args, '--max-weight', '1.01'));
    expect(wrong.intervals).toEqual([]);
    expect(wrong.intervalRefusals?.map(({ refusal }) => refusal.code)).toContain('support_violated');
  });

  it('of a binary response without weights are exact', async () => {
    const file = join(folder, 'own.csv');
    const rows = Array.from({ length: 400 }, (_, i) => `${i % 2},${Number(i % 5 === 0)},0.5`);
    writeFileSync(file, ['a,r,p', ...rows].join('\n'));
    const result = await ask(
      ...[file, '--action', 'a', '--reward', 'r', '--propensity', 'p', '--evaluation-probability', 'p'],
      ...['--estimators', 'ips', '--intervals', 'clopper-pearson'],
    );
    // Clopper–Pearson of 80 of 400 at 95 %, from binomial sums of another program.
    const [{ lower, upper }] = answered(result)[0].intervals;
    expect(lower).toBeCloseTo(0.1618952004, 9);
    expect(upper).toBeCloseTo(0.2426100497, 9);
  });

  it('of a session’s return need the most steps that a session can have', async () => {
    const args = [...sessions, '--estimators', 'tis,pdis', '--intervals', 'hcope', '--reward-range', '-5,5'];
    const [tis, pdis] = answered(await ask(...args, '--max-steps', '4'));
    expect(tis.intervals).toHaveLength(1);
    expect(pdis.intervalRefusals?.[0].refusal.code).toBe('not_for_estimator');
    const [unknown] = answered(await ask(...args));
    expect(unknown.intervalRefusals?.[0].refusal.code).toBe('support_unknown');
  });
});

describe('comparisons and parts', () => {
  it('pair with the log’s own policy, and with another one on the same resamples', async () => {
    const behavior = await ask(...log, '--estimators', 'ips,snips,dr', '--paired-with', 'behavior');
    expect(behavior.differences?.against).toBe('behavior');
    const own = behavior.behavior?.[0].value ?? NaN;
    behavior.differences?.estimates.forEach((difference, i) => {
      if (isRefusal(difference)) throw new Error(difference.refusal.reason);
      expect(difference.value).toBeCloseTo(answered(behavior)[i].value - own, 12);
    });
    const same = await ask(
      ...log,
      '--paired-with',
      'pi_',
      '--intervals',
      'bootstrap-bca,student-t,delta-normal',
    );
    for (const difference of answered({ estimates: same.differences?.estimates ?? [] })) {
      expect([difference.value, difference.standardError]).toEqual([0, 0]);
    }
  });

  it('pair sessions too, and refuse to lend the values of one policy to another', async () => {
    const ids = ['--estimators', 'pdis,wdr,fqe'];
    const behavior = await ask(...sessions, ...ids, '--paired-with', 'behavior');
    expect(answered({ estimates: behavior.differences?.estimates ?? [] })).toHaveLength(3);
    const other = await ask(...sessions, ...ids, '--paired-with', 'pi_');
    const [pdis, wdr, fqe] = other.differences?.estimates ?? [];
    for (const e of [pdis, wdr]) expect(isRefusal(e) ? NaN : e.value).toBeCloseTo(0, 12);
    expect(isRefusal(fqe) && fqe.refusal.code).toBe('action_values_missing');
  });

  it('value by group and by segment: shares of the rows add up, a group has an effective sample of its own', async () => {
    const result = await ask(...log, '--estimators', 'ips', '--group', 'cost', '--segment', 'action');
    const groups = result.groups ?? [];
    expect(new Set(groups.map(({ grouping, kind }) => `${kind} ${grouping}`))).toEqual(
      new Set(['group cost', 'segment action']),
    );
    const rounds = groups.filter(({ kind }) => kind === 'segment').map((group) => group.log.rounds);
    expect(rounds.reduce((a, b) => a + b, 0)).toBe(24);
    const [overall] = answered(result);
    const parts = groups
      .filter(({ kind }) => kind === 'group')
      .reduce((sum, g) => sum + (answered(g)[0].value * g.log.rounds) / 24, 0);
    expect(parts).toBeCloseTo(overall.value, 12);
    for (const { health } of groups) expect(health.effectiveSampleSize).toBeLessThanOrEqual(12);
  });

  it('value sessions by the group of their first step', async () => {
    const result = await ask(...sessions, '--estimators', 'pdis,ips', '--group', 'user');
    const groups = result.groups ?? [];
    expect(groups.reduce((sum, { log: counts }) => sum + (counts.sessions ?? 0), 0)).toBe(16);
    expect(groups[0].estimates.map(({ estimator }) => estimator)).toEqual(['ips', 'pdis']);
  });

  it('describe the response’s distribution under the policy', async () => {
    const args = ['--estimators', 'snips', '--quantile', '0.5', '--cvar', '1', '--cdf', '1e9'];
    const result = await ask(...log, ...args);
    const [cdf, median, mean] = result.distribution?.[0].statistics ?? [];
    expect(cdf.value).toBe(1);
    expect(median.value).toBeGreaterThan(0);
    expect(mean.value).toBeCloseTo(answered(result)[0].value, 12);
  });

  it('test the estimators on the log’s own shape, and plan more exploration', async () => {
    const result = await ask(
      ...[...log, '--estimators', 'ips,snips', '--resamples', '50', '--self-test', '4'],
      ...['--behavior-distribution', 'pi_', '--plan', 'width=0.01,floors=0.1:0.5'],
    );
    expect(result.selfTest?.[0]).toMatchObject({ response: 'reward' });
    expect(result.plan?.[0]).toMatchObject({ response: 'reward' });
  });
});

describe('input', () => {
  it('of every format gives the same answer', async () => {
    const [header, ...lines] = readFileSync(small, 'utf8').trimEnd().split('\n');
    const names = header.split(',');
    const rows = lines.map((line) =>
      Object.fromEntries(line.split(',').map((cell, i) => [names[i], i === 0 ? cell : Number(cell)])),
    );
    const jsonl = rows.map((row) => JSON.stringify(row)).join('\n');
    const parquet = join(folder, 'log.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`copy (select * from read_csv('${small}')) to '${parquet}' (format parquet)`);
    connection.closeSync();
    instance.closeSync();
    const files = {
      'log.csv.gz': gzipSync(readFileSync(small)),
      'log.jsonl': jsonl,
      'log.jsonl.gz': gzipSync(jsonl),
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const [, ...columns] = log;
    const expected = await ask(small, ...columns);
    for (const name of [...Object.keys(files), 'log.parquet']) {
      const found = await ask(join(folder, name), ...columns);
      expect(found.estimates, name).toEqual(expected.estimates);
      expect(found.source.sha256).not.toBe(expected.source.sha256);
    }
  });

  it.each([
    ['an unknown estimator', ['--estimators', 'ips,best'], '"best" is no estimator; there are ips'],
    ['an unknown interval', ['--intervals', 'exact'], '"exact" is no interval'],
    [
      'sessions without their columns',
      ['--estimators', 'pdis'],
      'name their columns by --session and --step',
    ],
    ['sessions without steps', ['--session', 'user'], '--session needs --step'],
    ['values of states without sessions', ['--action-value', 'q_'], '--action-value: is of sessions'],
    ['pooling without versions', ['--pooling', 'balanced'], 'by --behavior-version'],
    ['a range that is none', ['--reward-range', '1,0'], 'min < max'],
    ['the range of another reward', ['--reward-range', 'cost=0,1'], 'cost is none of the rewards reward'],
    ['a λ that is no share', ['--sg-lambda', '2'], 'from 0 to 1'],
    ['an artifact for a file', ['--policy', 'x'], 'needs a snapshot folder'],
    ['a plan without a width', ['--plan', 'floors=0.1'], 'above 0'],
  ])('ends with 2 for %s', async (_, flags, message) => {
    const answer = await allotHere(...log, ...flags);
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(answer.err).toContain(message);
  });

  it('ends with 2 for a file without the columns that it needs', async () => {
    const answer = await allotHere(small, '--reward', 'reward', '--propensity', 'propensity');
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(answer.err).toContain('a file needs --action <column>');
  });

  it('ends with 2 for a session with a gap in its steps, naming file and line', async () => {
    const file = join(folder, 'gap.csv');
    const lines = readFileSync(steps, 'utf8').trimEnd().split('\n');
    const third = lines.find((line) => line.split(',')[1] === '3') ?? '';
    const second = `${third.split(',')[0]},2,`;
    writeFileSync(file, lines.filter((line) => !line.startsWith(second)).join('\n'));
    const [, ...columns] = sessions;
    const answer = await allotHere(file, ...columns);
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(answer.err).toMatch(/gap\.csv, line \d+: the step after \d must be \d/);
  });
});

describe('the command in a process of its own', () => {
  it('values sessions, prints estimands beside estimates, and nothing on standard error', async () => {
    const { code, out, err } = await allot(
      ...sessions,
      ...loose,
      '--estimators',
      'ips,pdis,fqe',
      '--group',
      'user',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/8 units, 16 sessions of at most 4 steps/);
    expect(out).toMatch(/reward\s+pdis\s+per-session/);
    expect(out).toMatch(/health of sessions/);
    expect(out).toMatch(/user = u1/);
  });

  it('writes a page that needs no network, with the answer and what it rests on', async () => {
    const page = join(folder, 'report.html');
    const answer = await allotHere(
      ...log,
      ...loose,
      '--html',
      page,
      '--paired-with',
      'behavior',
      '--group',
      'cost',
    );
    expect(answer.code).toBe(0);
    expect(answer.out).toContain(`report: ${page}`);
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('pi_0 … pi_2');
    expect(text).toContain(resultOf(await allotHere(...log, ...loose, '--json')).source.sha256);
    expect(text).toContain('<svg');
    expect(text).not.toMatch(/(src|href)="(?!#|data:)/);
  });

  it('teaches by examples, every option under its purpose', () => {
    const args = ['--import', 'tsx', 'src/cli/main.ts', 'ope', '--help'];
    const help = execFileSync(process.execPath, args, { cwd: root }).toString();
    for (const title of [
      'The log:',
      'The policy:',
      'Estimators:',
      'Intervals:',
      'Sessions:',
      'When to distrust:',
    ]) {
      expect(help).toContain(title);
    }
    for (const id of estimatorIds) expect(help).toContain(id);
    expect(help.match(/^ {2}allot ope /gm)?.length).toBeGreaterThanOrEqual(6);
  });
});
