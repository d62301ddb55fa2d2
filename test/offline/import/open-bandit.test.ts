import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readOpenBandit, readPrior, scanCampaign } from '../../../offline/import/open-bandit-log.ts';
import {
  thompsonArtifact,
  thompsonPositionProbabilities,
} from '../../../offline/import/open-bandit-prior.ts';
import { openBanditSurface } from '../../../offline/import/open-bandit-surface.ts';
import { compilePolicy } from '../../../src/core/policy/policy.ts';
import { checkSurface } from '../../../src/core/surface/check-surface.ts';

const header =
  ',timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,user_feature_2,user_feature_3,user-item_affinity_0,user-item_affinity_1';
const rows = [
  '0,2019-11-24 00:01:03.979311+00:00,1,2,1,0.25,a,b,c,d,0.0,2.0',
  '1,2019-11-24 00:02:00.000000+00:00,0,3,0,0.75,e,b,c,d,1.0,0.0',
];
const folder = mkdtempSync(join(tmpdir(), 'allot-obd-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(lines: readonly string[]): string {
  mkdirSync(join(folder, 'random', 'men'), { recursive: true });
  const file = join(folder, 'random', 'men', 'men.csv');
  writeFileSync(file, `${[header, ...lines].join('\n')}\n`);
  return file;
}

async function read(file: string) {
  const { itemCount, userValues } = await scanCampaign(folder, 'men');
  const surface = openBanditSurface('men', itemCount, userValues);
  const decisions = [];
  for await (const row of readOpenBandit(file, surface, { name: 'random', version: 'v@1' }))
    decisions.push(row);
  return { surface, decisions };
}

describe('the Open Bandit importer', () => {
  it('declares a surface that passes the check and reads every row as a delivered decision', async () => {
    const { surface, decisions } = await read(write(rows));
    expect(checkSurface(surface)).toEqual([]);
    expect(decisions[0]).toMatchObject({
      requestId: 'random-0',
      action: 'item-1',
      propensity: 0.25,
      decidedAt: Date.UTC(2019, 10, 24, 0, 1, 3, 979),
      features: { position: '2', user_feature_0: 'a', affinity: [0, 2] },
      responses: { click: 1 },
    });
    expect(decisions).toHaveLength(2);
  });

  it.each(['0', '1.5', 'NaN', '-0.1'])('refuses the propensity %s with file, line and rule', async (bad) => {
    const file = write([rows[0], rows[1].replace('0.75', bad)]);
    await expect(read(file)).rejects.toThrow(/men\.csv, line 3: column "propensity_score" must be/);
  });

  it('refuses a ragged row with its line', async () => {
    const file = write([rows[0], `${rows[1]},1`]);
    await expect(read(file)).rejects.toThrow(/men\.csv, line 3: row: has 13 cells/);
  });

  it('says which file it looked for', async () => {
    await expect(scanCampaign(join(folder, 'nowhere'), 'men')).rejects.toThrow(/no log of campaign "men"/);
    expect(await readPrior(folder, 'men')).toBeNull();
  });
});

describe('the Thompson sampler at its prior', () => {
  const prior = [
    { alpha: 8, beta: 2 },
    { alpha: 2, beta: 8 },
    { alpha: 5, beta: 5 },
    { alpha: 1, beta: 9 },
  ];
  const probabilities = thompsonPositionProbabilities(prior, 20_000, 1);

  it('fills three places with three different items: no item is expected more than once', () => {
    for (const row of probabilities) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    prior.forEach((_, item) => {
      expect(probabilities.reduce((sum, row) => sum + row[item], 0)).toBeLessThanOrEqual(1);
    });
  });

  it('prefers the item with the higher mean at the first place', () => {
    const [first] = probabilities;
    expect(first[0]).toBeGreaterThan(first[2]);
    expect(first[2]).toBeGreaterThan(first[1]);
  });

  it('matches P(X > Y) of two Beta variables where it is known: Beta(2,1) beats Beta(1,1) with 2/3', () => {
    const two = thompsonPositionProbabilities(
      [
        { alpha: 2, beta: 1 },
        { alpha: 1, beta: 1 },
      ],
      40_000,
      7,
    );
    expect(Math.abs(two[0][0] - 2 / 3)).toBeLessThan(0.01);
  });

  it('becomes an artifact that serves these probabilities by position', () => {
    const surface = openBanditSurface('men', 4, [['a'], ['b'], ['c'], ['d']]);
    const artifact = thompsonArtifact(surface, probabilities, {
      seed: 1,
      draws: 20_000,
      createdAt: '2019-11-24T00:00:00.000Z',
    });
    const out = new Float64Array(4);
    compilePolicy(artifact, surface).probabilities({ position: '2' }, [], out);
    out.forEach((p, item) => expect(p).toBeCloseTo(probabilities[1][item], 6));
  });
});
