import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer as Estimate } from '../../offline/ope/ope-result.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { isRefusal } from '../../src/core/ope/report.ts';
import { isWeakness } from '../../src/core/ope/trouble.ts';
import { allot, allotHere, resultOf } from './ope-command-runner.ts';

/** Logs that look well and are not (issue "Judging", proof 6): each is refused or flagged for its own reason. */

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-traps-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Row = Record<string, number | string>;

interface World {
  readonly rows: number;
  /** With which probabilities actions are drawn. */
  readonly served?: readonly number[];
  /** With which probabilities the log says that they were drawn. */
  readonly logged?: readonly number[];
  readonly evaluated?: readonly number[];
  readonly rewardRate?: (action: number) => number;
}

const uniform = [0.25, 0.25, 0.25, 0.25];

/** A log of a few thousand decisions in a context of two numbers; a row per decision, one decision per user. */
function worldRows({
  rows,
  served = uniform,
  logged = served,
  evaluated = [0.1, 0.2, 0.3, 0.4],
  rewardRate,
}: World): Row[] {
  const random = createRandom(5);
  return Array.from({ length: rows }, (_, i) => {
    const draw = random.uniform();
    let [action, sum] = [0, served[0]];
    while (draw >= sum && action < served.length - 1) sum += served[++action];
    const tilt = 0.02 * (random.uniform() - 0.5);
    const reward = Number(random.uniform() < (rewardRate?.(action) ?? 0.2 + 0.1 * action));
    const [a, b, c, d] = evaluated;
    return {
      user: `u${i}`,
      action,
      reward,
      p: logged[action],
      ...{ pi_0: a + (b === 0 ? 0 : tilt), pi_1: b - (b === 0 ? 0 : tilt), pi_2: c, pi_3: d },
    };
  });
}

function write(name: string, rows: readonly Row[]): string {
  const file = join(folder, name);
  const header = Object.keys(rows[0]);
  writeFileSync(
    file,
    [header, ...rows.map((row) => header.map((key) => row[key]))].map((r) => r.join()).join('\n'),
  );
  return file;
}

const base = ['--action', 'action', '--reward', 'reward', '--propensity', 'p', '--unit', 'user'];
const flags = [...base, '--evaluation-distribution', 'pi_', '--resamples', '200', '--json'];

const codesOf = (estimate: Estimate): readonly string[] =>
  isRefusal(estimate) ? [`refused: ${estimate.refusal.code}`] : estimate.warnings.map(({ code }) => code);

async function codes(
  file: string,
  ...more: string[]
): Promise<{ code: number; all: readonly (readonly string[])[] }> {
  const answer = await allotHere(file, ...flags, ...more);
  expect(answer.err).toBe('');
  return { code: answer.code, all: resultOf(answer).estimates.map(codesOf) };
}

/** Every estimate is refused with this code, and the command says so with 3. */
async function expectRefused(file: string, code: string, ...more: string[]): Promise<void> {
  const found = await codes(file, ...more);
  expect(found.code).toBe(3);
  expect(found.all.length).toBeGreaterThan(0);
  for (const one of found.all) expect(one).toEqual([`refused: ${code}`]);
}

/** Every estimate that uses weights carries this warning, which the gate takes for a weakness. */
async function expectFlagged(file: string, code: string, ...more: string[]): Promise<void> {
  const found = await codes(file, ...more);
  expect(found.code).toBe(0);
  for (const one of found.all) expect(one).toContain(code);
  expect(isWeakness({ code, reason: '' })).toBe(true);
}

describe('a log that looks well', () => {
  it('is answered without a warning when nothing is wrong with it: the traps below are not false alarms', async () => {
    const { code, all } = await codes(write('good.csv', worldRows({ rows: 4000 })));
    expect(code).toBe(0);
    expect(all).toEqual([[], []]);
  });

  it('with one propensity of 1e-6 among uniform ones is refused: one unit holds the weight', async () => {
    const rows = worldRows({ rows: 4000 }).map((row, i) => (i === 1000 ? { ...row, p: 1e-6 } : row));
    const file = write('tiny.csv', rows);
    await expectRefused(file, 'one_unit_dominates');
    const { out, code } = await allot(file, ...flags.filter((flag) => flag !== '--json'));
    expect(code).toBe(3);
    expect(out).toMatch(/one_unit_dominates: one unit holds 9\d\.\d % of the weight/);
  });

  it('whose propensities do not match how often actions were served is refused where weights show it', async () => {
    const world = { rows: 4000, served: [0.7, 0.1, 0.1, 0.1], logged: uniform };
    await expectRefused(write('wrong.csv', worldRows(world)), 'mean_weight_wrong');
  });

  it('whose propensities are wrong in a way that the weights of this policy hide is flagged by calibration', async () => {
    const world = { rows: 4000, served: [0.7, 0.1, 0.1, 0.1], logged: uniform, evaluated: uniform };
    await expectFlagged(write('hidden.csv', worldRows(world)), 'propensities_inconsistent');
  });

  it('is refused for a policy on actions that it never shows', async () => {
    const world = { rows: 4000, served: [0.4, 0.3, 0.3, 0], evaluated: [0.2, 0.2, 0.2, 0.4] };
    await expectRefused(write('unseen.csv', worldRows(world)), 'no_support');
  });

  it('is flagged for a policy with a little of its mass there', async () => {
    const world = { rows: 4000, served: [0.4, 0.3, 0.3, 0], evaluated: [0.32, 0.32, 0.32, 0.04] };
    await expectFlagged(write('unseen-little.csv', worldRows(world)), 'unsupported_mass');
  });

  it('that was copied is flagged, also when the copies are other users', async () => {
    const rows = worldRows({ rows: 2500 });
    const copies = rows.map((row) => ({ ...row, user: `copy of ${row['user']}` }));
    await expectFlagged(write('copied.csv', [...rows, ...copies]), 'duplicate_rows');
    await expectFlagged(write('half.csv', [...rows, ...copies.slice(0, 1200)]), 'duplicate_rows');
  });

  it('with three events of a response is flagged', async () => {
    const rows = worldRows({ rows: 4000 }).map((row, i) => ({ ...row, reward: Number(i % 1500 === 7) }));
    await expectFlagged(write('rare.csv', rows), 'few_events');
  });

  it('of forced actions only is refused: it says nothing about other actions', async () => {
    const rows = worldRows({ rows: 4000 }).map((row) => ({ ...row, p: 1, forced: 1 }));
    const file = write('forced.csv', rows);
    await expectRefused(file, 'nothing_randomised', '--forced', 'forced');
    await expectRefused(file, 'nothing_randomised');
  });

  it('with some forced actions keeps them with weight 1, whatever their propensity', async () => {
    const rows = worldRows({ rows: 4000 }).map((row, i) => ({ ...row, forced: Number(i % 4 === 0) }));
    const blank = rows.map((row) => (row.forced === 1 ? { ...row, p: '' } : row));
    const [a, b] = [
      await allotHere(write('some.csv', rows), ...flags, '--forced', 'forced'),
      await allotHere(write('blank.csv', blank), ...flags, '--forced', 'forced'),
    ];
    expect(resultOf(a).estimates).toEqual(resultOf(b).estimates);
    await expectRefused(write('blank2.csv', blank), 'propensity_invalid');
  });
});

describe('NaN', () => {
  const broken = (column: string): string =>
    write(
      `nan-${column}.csv`,
      worldRows({ rows: 200 }).map((row, i) => ({
        ...row,
        q_0: 1,
        q_1: 1,
        q_2: 1,
        q_3: 1,
        ...(i === 30 ? { [column]: 'NaN' } : {}),
      })),
    );

  it.each([
    ['p', 'propensity_invalid'],
    ['pi_2', 'evaluation_probability_invalid'],
  ])('as a probability (%s) is refused with its line', async (column, code) => {
    const file = broken(column);
    await expectRefused(file, code);
    expect((await allotHere(file, ...flags)).out).toContain(`nan-${column}.csv, line 32`);
  });

  it.each(['reward', 'q_1'])(
    'as a number that is needed (%s) is unreadable, with its line',
    async (column) => {
      const answer = await allotHere(broken(column), ...flags, '--reward-model', 'q_');
      expect(answer).toMatchObject({ code: 2, out: '' });
      expect(answer.err).toContain(`nan-${column}.csv, line 32: ${column}: must be a number`);
    },
  );
});

describe('a log of two behavior policies', () => {
  const one = [0.7, 0.1, 0.1, 0.1];
  const two = [0.1, 0.1, 0.1, 0.7];
  /** Every row knows what either policy would have done; `isSwapped` exchanges the labels. */
  const pooled = (isSwapped: boolean, propensityOfLabel: boolean): Row[] => {
    const [a, b] = [worldRows({ rows: 3000, served: one }), worldRows({ rows: 3000, served: two })];
    const label = (isFirst: boolean): string => (isFirst !== isSwapped ? 'v1' : 'v2');
    const rows = [...a.map((row) => ({ row, isFirst: true })), ...b.map((row) => ({ row, isFirst: false }))];
    return rows.map(({ row, isFirst }, i) => ({
      ...row,
      user: `u${i}`,
      version: label(isFirst),
      // Whoever looks propensities up by label gets the other policy's.
      p: propensityOfLabel ? (label(isFirst) === 'v1' ? one : two)[Number(row['action'])] : row['p'],
      ...Object.fromEntries(one.map((p, k) => [`a_${k}`, p])),
      ...Object.fromEntries(two.map((p, k) => [`b_${k}`, p])),
    }));
  };
  const versions = ['--behavior-version', 'version'];
  const distributions = ['--behavior-distribution', 'v1=a_', '--behavior-distribution', 'v2=b_'];

  it('is answered by all three ways of pooling, each with its name', async () => {
    const file = write('pooled.csv', pooled(false, false));
    for (const pooling of ['naive', 'balanced', 'precision-weighted']) {
      const answer = await allotHere(file, ...flags, ...versions, ...distributions, '--pooling', pooling);
      expect(answer.code, pooling).toBe(0);
      const { settings, source, estimates } = resultOf(answer);
      expect(settings.pooling ?? 'naive').toBe(pooling);
      expect(source.behaviorVersions).toEqual(['v1', 'v2']);
      expect(
        estimates.flatMap(codesOf).filter((code) => isWeakness({ code, reason: '' })),
        pooling,
      ).toEqual([]);
    }
  });

  it('with swapped labels is refused by balanced pooling: the replayed probability is not the logged one', async () => {
    const file = write('swapped.csv', pooled(true, false));
    const more = [...versions, ...distributions, '--pooling', 'balanced'];
    await expectRefused(file, 'behavior_versions_contradict', ...more);
  });

  it('with propensities looked up by swapped labels is refused or flagged by every way of pooling', async () => {
    const file = write('looked-up.csv', pooled(true, true));
    const naive = await codes(file, ...versions);
    expect(naive.all.flat().some((c) => /propensities_inconsistent|mean_weight_wrong/.test(c))).toBe(true);
    for (const pooling of ['balanced', 'precision-weighted']) {
      const found = await codes(file, ...versions, ...distributions, '--pooling', pooling);
      for (const one of found.all)
        expect(one.join(), pooling).toMatch(/propensities_inconsistent|wrong|no_version_usable/);
    }
  });

  it('is refused by balanced pooling when a version’s probabilities are not all there', async () => {
    const file = write('half-known.csv', pooled(false, false));
    const more = [...versions, '--pooling', 'balanced'];
    await expectRefused(file, 'behavior_versions_incomplete', ...more);
    await expectRefused(file, 'behavior_versions_incomplete', ...more, '--behavior-distribution', 'v1=a_');
  });
});
