import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedFolder } from '../support/shared.ts';
import { allot, allotHere, root, type Answer } from './ope-command-runner.ts';

const fixture = join(root, 'test/fixtures/ope/small.csv');
const expected = JSON.parse(readFileSync(join(root, 'test/fixtures/ope/small.json'), 'utf8')) as Record<
  string,
  { readonly value: number; readonly standardError: number }
>;
const obd = sharedFolder('data/obd');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-ope-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Json {
  readonly log: Readonly<Record<string, number>>;
  readonly health: Readonly<Record<string, number | null>>;
  readonly estimates: readonly {
    readonly response: string;
    readonly estimator: string;
    readonly estimand: string;
    readonly value?: number;
    readonly standardError?: number;
    readonly warnings?: readonly { readonly code: string; readonly reason: string }[];
    readonly intervals?: readonly Readonly<Record<string, number | string>>[];
    readonly refusal?: { readonly code: string; readonly reason: string; readonly needed: string };
  }[];
  readonly settings: { readonly changedLimits: Readonly<Record<string, number>> };
}
const json = ({ out }: Answer): Json => JSON.parse(out) as Json;

const base = ['--action', 'action', '--reward', 'reward', '--propensity', 'propensity', '--unit', 'user'];
const loose = ['--min-effective-sample', '5', '--max-unit-share', '0.5', '--mean-weight-tolerance', '1'];
const distribution = ['--evaluation-distribution', 'pi_', '--reward-model', 'q_'];

function write(name: string, map: (lines: string[]) => string[]): string {
  const file = join(folder, name);
  const lines = readFileSync(fixture, 'utf8').trimEnd().split('\n');
  writeFileSync(file, `${map(lines).join('\n')}\n`);
  return file;
}

const withCell = (line: number, column: number, value: string) => (lines: string[]) =>
  lines.map((text, i) => {
    if (i !== line - 1) return text;
    const cells = text.split(',');
    cells[column] = value;
    return cells.join(',');
  });

describe('allot ope', () => {
  it('prints one JSON object and the values that another program worked out for the small log', async () => {
    const answer = await allot(fixture, ...base, ...distribution, ...loose, '--json');
    expect(answer).toMatchObject({ code: 0, err: '' });
    const { log, health, estimates, settings } = json(answer);
    expect(log).toEqual({ rounds: 24, units: 12 });
    for (const name of ['effectiveSampleSize', 'meanWeight', 'maxWeight', 'maxWeightShare'] as const) {
      expect(health[name]).toBeCloseTo(expected[name].value, 12);
    }
    expect(health.unsupportedFraction).toBe(0);
    expect(estimates.map(({ estimator }) => estimator)).toEqual(['ips', 'snips', 'dm', 'dr']);
    for (const estimate of estimates) {
      expect(estimate.response).toBe('reward');
      expect(estimate.estimand).toBe('per-decision');
      expect(estimate.value).toBeCloseTo(expected[estimate.estimator].value, 12);
      expect(estimate.standardError).toBeCloseTo(expected[estimate.estimator].standardError, 12);
      expect(estimate.intervals?.map(({ method }) => method)).toEqual([
        'bootstrap-percentile',
        'delta-normal',
      ]);
      // A number that rests on changed limits says so itself.
      expect(estimate.warnings?.map(({ code }) => code)).toContain('limits_changed');
    }
    expect(settings.changedLimits).toEqual({
      minEffectiveSampleSize: 5,
      maxUnitShare: 0.5,
      meanWeightTolerance: 1,
    });
  });

  it('gives the same interval for the same seed and another for another', async () => {
    const run = (seed: string) =>
      allotHere(fixture, ...base, ...distribution, ...loose, '--json', '--seed', seed);
    const [a, b, c] = [await run('7'), await run('7'), await run('8')];
    expect(a.out).toBe(b.out);
    expect(json(a).estimates[0].intervals?.[0]).not.toEqual(json(c).estimates[0].intervals?.[0]);
  });

  it('prints a table for a person: health, intervals, warnings with their reasons', async () => {
    const { code, out } = await allotHere(fixture, ...base, ...distribution, ...loose, '--clip', '1.2');
    expect(code).toBe(0);
    expect(out).toMatch(/24 rounds, 12 units/);
    expect(out).toMatch(/effective sample size \(units\)\s+\d/);
    expect(out).toMatch(/reward\s+ips \(clip 1.2\)\s+0\.\d+\s+0\.\d+\s+\[/);
    expect(out).toMatch(/clipped_target: weights of [\d.]+ % of the rows are clipped at 1.2/);
    expect(out).toMatch(/limits\s+changed by flags: .*minEffectiveSampleSize = 5/);
  });

  it('refuses an unusable log with exit code 3: a JSON object without any value', async () => {
    const answer = await allot(fixture, ...base, ...distribution, '--json');
    expect(answer.code).toBe(3);
    const { estimates } = json(answer);
    expect(estimates.map(({ refusal }) => refusal?.code)).toEqual(
      Array.from({ length: 4 }, () => 'effective_sample_too_small'),
    );
    expect(answer.out).not.toContain('"value"');
    const human = await allot(fixture, ...base, ...distribution);
    expect(human.code).toBe(3);
    expect(human.out).toContain('refused: this log does not support an answer');
  });

  it.each([
    ['0', 'it is 0'],
    ['1.5', 'it is 1.5'],
    ['NaN', 'missing or not a number'],
    ['', 'missing or not a number'],
  ])('refuses a propensity of "%s" with file, line and rule', async (cell, shown) => {
    const file = write('propensity.csv', withCell(9, 3, cell));
    const answer = await allotHere(file, ...base, ...distribution, ...loose, '--json');
    expect(answer.code).toBe(3);
    const { refusal } = json(answer).estimates[0];
    expect(refusal?.code).toBe('propensity_invalid');
    expect(refusal?.reason).toContain(`${file}, line 9: the propensity must be > 0 and ≤ 1`);
    expect(refusal?.reason).toContain(shown);
    expect(json(answer).health.effectiveSampleSize).toBeNull();
  });

  it.each([
    ['a ragged row', (l: string[]) => l.map((t, i) => (i === 4 ? `${t},9` : t)), 'line 5: row: has'],
    ['text for a reward', withCell(6, 2, 'yes!'), 'line 6: reward: must be a number (found: "yes!")'],
    ['text for a propensity', withCell(6, 3, 'p'), 'line 6: propensity: must be a number (found: "p")'],
    ['an unknown action', withCell(6, 1, '7'), 'line 6: action: must be an action index'],
  ])('ends with 2 and one message on standard error for %s', async (_, map, message) => {
    const answer = await allotHere(write('bad.csv', map), ...base, ...distribution, '--json');
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(answer.err).toContain(`bad.csv, ${message}`);
  });

  it.each([
    ['an unknown column', ['--evaluation-probability', 'nope'], 'nope: the file has no such column'],
    ['no evaluated policy', [], 'exactly one of --evaluation-probability and --evaluation-distribution'],
    ['a clip of 0', [...distribution, '--clip', '0'], 'a number above 0'],
    ['a level of 1', [...distribution, '--level', '1'], 'between 0 and 1'],
    ['no resamples', [...distribution, '--resamples', '0'], 'at least 1'],
  ])('ends with 2 for %s', async (_, flags, message) => {
    const answer = await allotHere(fixture, ...base, ...flags);
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(answer.err).toContain(message);
  });

  it('values two rewards at once, each with its own model', async () => {
    const answer = await allotHere(
      fixture,
      ...[...base, '--reward', 'cost', ...loose, '--evaluation-distribution', 'pi_'],
      ...['--reward-model', 'reward=q_', '--reward-model', 'cost=q_', '--json'],
    );
    expect(json(answer).estimates.map((e) => `${e.response}/${e.estimator}`)).toEqual(
      ['reward', 'cost'].flatMap((r) => ['ips', 'snips', 'dm', 'dr'].map((e) => `${r}/${e}`)),
    );
    const unclear = await allotHere(fixture, ...base, '--reward', 'cost', ...distribution);
    expect(unclear.code).toBe(2);
    expect(unclear.err).toContain('with several rewards write <reward>=<prefix>');
  });
});

describe.skipIf(obd === null)(
  'Open Bandit men, uniform policy from the bts log (needs ../shared/data/obd)',
  () => {
    it('has the published IPS and SNIPS to 1e-5, and is weak: mean weight .943, effective sample 656', async () => {
      const rows = gunzipSync(readFileSync(join(obd ?? '', 'bts/men/men.csv.gz')))
        .toString()
        .trimEnd()
        .split('\n');
      const file = join(folder, 'bts.csv');
      writeFileSync(file, rows.map((row, i) => `${row},${i === 0 ? 'uniform' : 1 / 34}`).join('\n'));
      const answer = await allotHere(
        file,
        ...['--action', 'item_id', '--reward', 'click', '--propensity', 'propensity_score'],
        ...['--evaluation-probability', 'uniform', '--resamples', '2000', '--json'],
      );
      expect(answer).toMatchObject({ code: 0, err: '' });
      const { health, estimates } = json(answer);
      expect(Math.abs((health.meanWeight ?? 0) - 0.943)).toBeLessThan(5e-4);
      expect(Math.abs((health.meanWeightStandardError ?? 0) - 0.036)).toBeLessThan(5e-4);
      expect(Math.round(health.effectiveSampleSize ?? 0)).toBe(656);
      expect(Math.round(health.maxWeight ?? 0)).toBe(178);
      expect(Math.abs((health.meanInversePropensity ?? 0) - 32.07)).toBeLessThan(5e-3);
      expect(health.meanSupportedActions).toBe(34);
      const [ips, snips] = estimates;
      expect(Math.abs((ips.value ?? 0) - 0.00301)).toBeLessThan(1e-5);
      expect(Math.abs((snips.value ?? 0) - 0.00319)).toBeLessThan(1e-5);
      const interval = ips.intervals?.[0];
      expect(Math.abs(Number(interval?.lower) - 0.0016)).toBeLessThan(2e-4);
      expect(Math.abs(Number(interval?.upper) - 0.0046)).toBeLessThan(2e-4);
      for (const { warnings } of estimates) {
        const codes = warnings?.map(({ code }) => code);
        expect(codes).toContain('mean_weight_off');
        expect(codes).toContain('low_effective_sample_size');
      }
    });
  },
);
