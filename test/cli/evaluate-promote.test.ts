import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/math/random.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-by-hand-'));
let database: TestDatabase;

function allot(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: new URL('../../', import.meta.url),
    env: { ...process.env, DATABASE_URL: database.url, ALLOT_DATA_DIR: join(folder, 'data') },
    encoding: 'utf8',
  });
}

/** A campaign of two items in the layout of the Open Bandit data set. */
function writeCampaign(policy: 'random' | 'bts', propensities: readonly [number, number]): void {
  const random = createRandom(policy === 'random' ? 1 : 2);
  const rows = Array.from({ length: 400 }, (_, i) => {
    const item = random.uniform() < propensities[0] ? 0 : 1;
    const click = random.uniform() < 0.3 + 0.2 * item ? 1 : 0;
    return `${i},2019-11-24 00:00:0${i % 10}+00:00,${item},1,${click},${propensities[item]},a,b,c,d,0,0`;
  });
  const header =
    ',timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,user_feature_2,user_feature_3,user-item_affinity_0,user-item_affinity_1';
  mkdirSync(join(folder, policy, 'toy'), { recursive: true });
  writeFileSync(join(folder, policy, 'toy', 'toy.csv'), [header, ...rows].join('\n'));
}

beforeAll(async () => {
  database = await createTestDatabase();
  writeCampaign('random', [0.5, 0.5]);
  writeCampaign('bts', [0.3, 0.7]);
});

afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('an evaluation by hand', () => {
  it('is what a promotion by hand goes by', { timeout: 120_000 }, () => {
    for (const policy of ['random', 'bts']) {
      expect(allot('import', 'open-bandit', folder, '--campaign', 'toy', '--policy', policy).status).toBe(0);
    }
    const promote = ['promote', '--surface', 'open-bandit-toy', '--policy', 'open-bandit-toy@1'];
    const tooEarly = allot(...promote);
    expect(tooEarly.stderr).toMatch(/no finished evaluation: run "allot evaluate" first/);
    expect(tooEarly.status).toBe(2);

    const evaluate = [
      'evaluate',
      '--surface',
      'open-bandit-toy',
      '--policy',
      'random',
      '--behavior-version',
      'bts',
    ];
    const evaluated = allot(...evaluate, '--json');
    expect(evaluated.status).toBe(0);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({
      policyVersion: 'open-bandit-toy@1',
      truth: [{ response: 'click', rows: 400 }],
      gate: { verdict: 'insufficient evidence' },
    });
    const asked = allot(...promote);
    expect(asked.stdout).toMatch(/^insufficient evidence: open-bandit-toy@1 was not promoted/);
    expect(asked.status).toBe(3);
  });
});
