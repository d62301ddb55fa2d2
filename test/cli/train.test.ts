import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from '../offline/learning-world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from './support/in-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-train-'));
const snapshot = join(folder, 'snapshot');
const dataDir = join(folder, 'data');
let database: TestDatabase;

const json = async <T>(...args: readonly string[]): Promise<T> => {
  const { stdout, stderr, code } = await runCommand(...args, '--json');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
};

function configFile(name: string, config: object): string {
  const file = join(folder, name);
  const small = {
    batchSize: 32,
    network: { hidden: [8], groupBlock: 0 },
    split: { train: 0.6, validation: 0.3 },
  };
  writeFileSync(file, JSON.stringify({ ...small, ...config }));
  return file;
}

beforeAll(async () => {
  database = await createTestDatabase();
  Object.assign(process.env, { DATABASE_URL: database.url, ALLOT_DATA_DIR: dataDir });
  const stores = createPostgresStores(database.pool);
  await stores.surfaces.declare(worldSurface, { tenant: 'default', id: 'test' });
  await writeSnapshot({
    reader: readerOf(makeRecords({ units: 300, perUnit: 4, seed: 1 })),
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    directory: snapshot,
  });
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly seed: number;
  readonly policyVersion: string | null;
  readonly artifactHash: string;
  readonly hasReport: boolean;
}

describe('a training by hand', { timeout: 180_000 }, () => {
  const crr = ['train', '--algorithm', 'crr', '--snapshot', snapshot];

  it('is a run with lineage, curves and a report; two of them can be compared', async () => {
    const html = join(folder, 'training.html');
    const short = configFile('short.json', { steps: 24, warmUpSteps: 2 });
    const other = configFile('other.json', { steps: 24, warmUpSteps: 2, beta: 0.7 });
    const first = await json<Record<string, string>>(
      ...crr,
      '--seed',
      '1',
      '--config',
      short,
      '--html',
      html,
    );
    const second = await json<Record<string, string>>(...crr, '--seed', '2', '--config', other);
    expect(first['policyVersion']).toBe('world@1');
    expect(readFileSync(html, 'utf8')).toMatch(/<strong>trained\.<\/strong>/);

    const { runs } = await json<{ runs: Listed[] }>('runs', '--surface', 'world');
    expect(runs.map(({ id, seed, state, hasReport }) => ({ id, seed, state, hasReport }))).toEqual([
      { id: second['runId'], seed: 2, state: 'succeeded', hasReport: true },
      { id: first['runId'], seed: 1, state: 'succeeded', hasReport: true },
    ]);
    const { stdout: shown } = await runCommand('runs', first['runId']);
    expect(shown).toContain(
      `← run ${first['runId']} ← snapshot ${first['snapshotHash'].slice(0, 12)} ← world@1`,
    );

    const compared = await json<Record<string, unknown>>('compare', first['runId'], second['runId']);
    expect(compared).toMatchObject({
      isSameSnapshot: true,
      config: [{ name: 'beta', first: 0.5, second: 0.7 }],
      rates: expect.arrayContaining([
        { name: 'all', first: expect.any(Number) as number, second: expect.any(Number) as number },
      ]) as unknown,
    });
    const names = (compared['lineage'] as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(['artifact', 'policyVersion', 'seed']);
    expect((await runCommand('compare', first['runId'], 'nobody')).code).toBe(2);
  });

  it('killed on the way goes on with --resume, as the same run, and registers one policy', async () => {
    const long = configFile('long.json', { steps: 300, warmUpSteps: 2 });
    const flags = [...crr, '--seed', '7', '--config', long, '--checkpoint-every', '10'];
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...flags], {
      cwd: new URL('../../', import.meta.url),
      stdio: 'ignore',
    });
    const checkpoints = join(dataDir, 'checkpoints');
    const hasBegun = (): boolean =>
      existsSync(checkpoints) &&
      readdirSync(checkpoints, { recursive: true }).some((name) => String(name).endsWith('.checkpoint'));
    while (!hasBegun()) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('close', resolve));
    const find = async () => {
      const { runs } = await json<{ runs: Listed[] }>('runs');
      return runs.filter(({ seed }) => seed === 7);
    };
    const killed = await find();
    expect(killed.map(({ state }) => state)).toEqual(['running']);

    const refused = await runCommand(
      ...crr,
      '--seed',
      '7',
      '--config',
      configFile('short.json', { steps: 24 }),
      '--resume',
    );
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/config\.steps was 300, not 24/);

    const resumed = await json<Record<string, string>>(...flags, '--resume');
    expect(resumed['runId']).toBe(killed[0].id);
    expect(await find()).toMatchObject([{ state: 'succeeded', policyVersion: resumed['policyVersion'] }]);
    expect(readdirSync(checkpoints)).toEqual([]);
    const again = await json<Record<string, string>>(...flags, '--no-publish');
    expect(again['curve']).toEqual(resumed['curve']);
  });

  it('with several seeds shows their spread and registers the best of them', async () => {
    const short = configFile('short.json', { steps: 24, warmUpSteps: 2 });
    const trained = await json<{
      chosen: number;
      seeds: Listed[];
      spread: Record<string, number>;
      policyVersion: string;
    }>(...[...crr, '--seed', '20', '--seeds', '2', '--workers', '2', '--config', short]);
    expect(trained.seeds.map(({ seed }) => seed)).toEqual([20, 21]);
    expect(trained.spread['validationValue']).toBeGreaterThan(0);
    const { runs } = await json<{ runs: Listed[] }>('runs');
    const registered = runs.filter(({ seed, policyVersion }) => seed >= 20 && policyVersion !== null);
    expect(registered.map(({ seed, policyVersion }) => [seed, policyVersion])).toEqual([
      [trained.chosen, trained.policyVersion],
    ]);
  });

  it('that stops itself fails with what to try, and its run keeps the report that shows why', async () => {
    const strict = configFile('strict.json', { steps: 24, warmUpSteps: 2, divergence: { maxQRatio: 1e-9 } });
    const { code, stderr } = await runCommand(...crr, '--seed', '30', '--config', strict);
    expect(code).toBe(1);
    expect(stderr).toMatch(/mean \|Q\| .* left its bound .* Try: lower criticLearningRate/);
    const { runs } = await json<{ runs: Listed[] }>('runs');
    const run = runs.find(({ seed }) => seed === 30);
    const stored = await createPostgresStores(database.pool).runs.find('default', run?.id ?? '');
    expect(stored).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/left its bound/) as string,
    });
    expect(stored?.reportHtml).toMatch(/<strong>stopped\.<\/strong>/);
  });
});
