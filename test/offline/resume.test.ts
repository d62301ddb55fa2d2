import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { algorithmNames, createAlgorithm } from '../../offline/learning/algorithms/create-algorithm.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import type { CheckpointOptions } from '../../offline/learning/run/checkpoint-folder.ts';
import { trainPolicy, type TrainedPolicy } from '../../offline/train.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-resume-'));
const snapshot = join(folder, 'snapshot');
let dataset: Dataset;

beforeAll(async () => {
  await writeSnapshot({
    reader: readerOf(makeRecords({ units: 150, perUnit: 6, seed: 1 })),
    tenant: 'default',
    surface: { ...worldSurface, horizon: 'session' },
    from: 0,
    until: worldEnd,
    directory: snapshot,
  });
  dataset = await loadDataset(snapshot);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = { batchSize: 16, network: { hidden: [8], groupBlock: 4 } };

/** What the algorithm knows of the sizes that make a training short. */
function shortConfig(algorithm: string, steps: number): Record<string, unknown> {
  const short = {
    ...small,
    steps,
    warmUpSteps: 2,
    stageOneSteps: steps,
    supervisedSteps: steps,
    studentSteps: steps,
  };
  const known = createAlgorithm(algorithm, {}).config;
  return Object.fromEntries(Object.entries(short).filter(([name]) => name in known));
}

const train = (
  algorithm: string,
  config: Record<string, unknown>,
  checkpoints?: CheckpointOptions,
  change: Partial<Parameters<typeof trainPolicy>[0]> = {},
): Promise<TrainedPolicy> =>
  trainPolicy({
    ...{ dataset, surface: dataset.manifest.surface, algorithm, config, seed: 1, runId: null },
    ...(checkpoints === undefined ? {} : { checkpoints }),
    ...change,
  });

/** Trains and is interrupted at the given report of its progress. */
async function interrupted(
  algorithm: string,
  config: Record<string, unknown>,
  directory: string,
  report: number,
) {
  let seen = 0;
  const progress = (): void => {
    if (++seen === report) throw new Error('interrupted');
  };
  await expect(train(algorithm, config, { directory, every: 5 }, { progress })).rejects.toThrow(
    'interrupted',
  );
}

describe.each([...algorithmNames])('%s', { timeout: 120_000 }, (algorithm) => {
  it('gives the same bytes and curves when it was interrupted in any phase and went on', async () => {
    const config = shortConfig(algorithm, 12);
    let reports = 0;
    const whole = await train(algorithm, config, undefined, { progress: () => void reports++ });
    for (const report of new Set([1, Math.ceil((reports + 1) / 2), reports])) {
      const directory = join(folder, `${algorithm}-${report}`);
      await interrupted(algorithm, config, directory, report);
      const resumed = await train(algorithm, config, { directory, every: 5, mode: 'resume' });
      expect(resumed.hash).toBe(whole.hash);
      expect(resumed.curve).toEqual(whole.curve);
      expect(resumed.metrics).toEqual(whole.metrics);
    }
  });
});

describe('a training whose process was killed', { timeout: 180_000 }, () => {
  /** SIGKILL at the n-th line of its progress, or a moment after it; resolves when the process is gone. */
  function killAt(line: number, delayMs: number, argv: readonly string[]): Promise<string> {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('./resume-child.ts', import.meta.url)), ...argv],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.split('\n').length > line) setTimeout(() => child.kill('SIGKILL'), delayMs);
    });
    return new Promise((resolve) => child.on('close', () => resolve(output)));
  }

  it.each(['crr', 'tscac'])('goes on from its checkpoints to the same bytes: %s', async (algorithm) => {
    const config = {
      ...small,
      steps: 90,
      warmUpSteps: 10,
      ...(algorithm === 'tscac' ? { stageOneSteps: 30 } : {}),
    };
    const directory = join(folder, `killed-${algorithm}`);
    const argv = [snapshot, directory, algorithm, JSON.stringify(config)];
    const whole = await train(algorithm, config);
    for (const [line, delayMs] of [
      [1, 0],
      [algorithm === 'tscac' ? 6 : 3, 5],
    ]) {
      const output = await killAt(line, delayMs, argv);
      expect(output).not.toContain('finished');
      let first: number | undefined;
      const resumed = await train(
        algorithm,
        config,
        { directory, every: 7, mode: 'resume' },
        { progress: ({ step }) => (first ??= step) },
      );
      expect(first).toBeGreaterThan(0);
      expect(resumed.hash).toBe(whole.hash);
      expect(resumed.curve).toEqual(whole.curve);
    }
  });
});

describe('a checkpoint', { timeout: 60_000 }, () => {
  const config = shortConfig('crr', 40);
  const directory = join(folder, 'checkpoint');
  const files = (): string[] => readdirSync(directory).filter((name) => name.endsWith('.checkpoint'));

  it.each([
    ['torn', (file: string) => truncateSync(file, 700)],
    ['empty', (file: string) => writeFileSync(file, '')],
    [
      'changed in a bit',
      (file: string) => {
        const bytes = readFileSync(file);
        bytes[bytes.length - 9] ^= 4;
        writeFileSync(file, bytes);
      },
    ],
  ])('that is %s gives way to the one before it, with a warning', async (_what, damage) => {
    const whole = await train('crr', config);
    await interrupted('crr', config, directory, 2);
    expect(files()).toHaveLength(2);
    damage(join(directory, files()[1]));
    const warnings: string[] = [];
    const warn = (message: string): void => void warnings.push(message);
    const resumed = await train('crr', config, { directory, mode: 'resume', warn });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/cannot be used .* the checkpoint before it is taken/);
    expect(resumed.hash).toBe(whole.hash);
  });

  it('of another training is refused with what differs', async () => {
    await interrupted('crr', config, directory, 2);
    const resume = { directory, mode: 'resume' } as const;
    const refused = (change: object, other: Record<string, unknown> = config, algorithm = 'crr') =>
      expect(train(algorithm, other, resume, change)).rejects;
    await refused({ seed: 2 }).toThrow(/seed was 1, not 2/);
    await refused({}, { ...config, beta: 0.6 }).toThrow(/config\.beta was 0\.5, not 0\.6/);
    await refused({ codeVersion: '9' }).toThrow(/codeVersion was "unknown", not "9"/);
    await refused({}, shortConfig('bc', 60), 'bc').toThrow(/algorithm was "crr", not "bc"/);
    const other = { ...dataset, decisionIds: dataset.decisionIds.map((id) => `${id}'`) };
    await refused({ dataset: other }).toThrow(/rowsHash/);
    // One backend per process: the tests after this one go on with theirs.
    const { name } = await chooseBackend();
    const another = name === 'cpu' ? 'wasm' : 'cpu';
    await refused({}, { ...config, backend: another }).toMatchObject({ code: 'config_invalid' });
    await chooseBackend(name);
  });

  it('whose training.json is damaged is refused and kept: what it holds is not thrown away by a resume', async () => {
    await interrupted('crr', config, directory, 2);
    truncateSync(join(directory, 'training.json'), 20);
    await expect(train('crr', config, { directory, mode: 'resume' })).rejects.toThrow(
      /training\.json: cannot be read .* remove the folder to begin anew/,
    );
    expect(files()).toHaveLength(2);
  });

  it('of another version begins anew, with a warning, where nobody can be asked', async () => {
    await interrupted('crr', config, directory, 2);
    const warnings: string[] = [];
    const again = await train(
      'crr',
      config,
      { directory, mode: 'resume-own', warn: (message) => warnings.push(message) },
      { codeVersion: '9' },
    );
    expect(warnings[0]).toMatch(/begins anew/);
    const fresh = await train('crr', config, undefined, { codeVersion: '9' });
    expect(again.hash).toBe(fresh.hash);
  });

  it('that is not asked for is not written, and one that is not to be continued is forgotten', async () => {
    await interrupted('crr', config, directory, 2);
    const steps: number[] = [];
    await train('crr', config, { directory, every: 10_000 }, { progress: ({ step }) => steps.push(step) });
    expect(steps[0]).toBe(20);
    expect(files()).toHaveLength(1);
    const nowhere = join(folder, 'nowhere');
    await train('crr', config);
    expect(existsSync(nowhere)).toBe(false);
  });
});
