import { prepareForTensorFlow } from '../../config/env.ts';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import type { TrainedPolicy } from '../../../offline/train.ts';
import { AllotError } from '../../core/errors.ts';
import { note, print, printJson } from '../output.ts';
import { createProgress } from '../progress.ts';
import { allotVersion } from '../version.ts';

export function register(program: Command): void {
  program
    .command('train')
    .description('train a candidate policy on a snapshot, check its parity and register it')
    .option('--surface <name>', 'refuse a snapshot of another surface')
    .option('--algorithm <name>', 'bc, crr or tscac', 'tscac')
    .option('--snapshot <dir>', 'folder written by `allot snapshot`')
    .option('--seed <n>', 'same seed, data and backend: same weights', wholeNumber, 0)
    .option('--config <file>', 'JSON with the algorithm’s settings')
    .option('--out <file>', 'write the artifact to this file')
    .option('--no-publish', 'do not register the policy: no database is needed')
    .option('--run <id>', 'job mode: everything else comes from the stored run')
    .option('--tenant <name>', 'whose surface', 'default')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      '\nExample:\n  allot train --algorithm tscac --snapshot data/january --seed 1 --config tscac.json',
    )
    .action(train);
}

interface TrainOptions {
  readonly surface?: string;
  readonly algorithm: string;
  readonly snapshot?: string;
  readonly seed: number;
  readonly config?: string;
  readonly out?: string;
  readonly publish: boolean;
  readonly run?: string;
  readonly tenant: string;
  readonly json?: boolean;
}

async function train(options: TrainOptions): Promise<void> {
  prepareForTensorFlow();
  const result = options.run === undefined ? await trainHere(options) : await trainRun(options, options.run);
  if (options.json === true) printJson(result);
  else {
    const { policyVersion, artifactHash, backend, parity } = result as Record<string, never>;
    print(`backend: ${(backend as { name: string }).name} (${(backend as { reason: string }).reason})`);
    print(`parity: ${(parity as { maxDifference: number }).maxDifference.toExponential(2)} at most`);
    print(
      `artifact ${String(artifactHash)}${policyVersion === undefined ? '' : `, ${String(policyVersion)}`}`,
    );
  }
}

async function trainHere(options: TrainOptions): Promise<Record<string, unknown>> {
  if (options.snapshot === undefined)
    throw new AllotError('invalid_request', '--snapshot: is needed unless --run names a stored run');
  const { loadDataset } = await import('../../../offline/dataset/load.ts');
  const { trainPolicy, trainingResult } = await import('../../../offline/train.ts');
  const dataset = await loadDataset(options.snapshot);
  const { surface } = dataset.manifest;
  if (options.surface !== undefined && options.surface !== surface.name)
    throw new AllotError('snapshot_invalid', `--snapshot: is of surface ${surface.name}`);
  const trained = await trainPolicy({
    dataset,
    surface,
    algorithm: options.algorithm,
    config: options.config === undefined ? {} : await readJson(options.config),
    seed: options.seed,
    runId: null,
    codeVersion: allotVersion(),
    progress: progressReporter(options.json === true),
  });
  if (options.out !== undefined) await writeFile(options.out, trained.bytes);
  const policyVersion = options.publish ? await publish(options, trained) : undefined;
  return { ...(policyVersion === undefined ? {} : { policyVersion }), ...trainingResult(trained) };
}

async function publish(options: TrainOptions, trained: TrainedPolicy): Promise<string> {
  const { publishTrained } = await import('../../../offline/train.ts');
  const { withStores } = await import('../local/with-stores.ts');
  return await withStores(({ policies }) => publishTrained(policies, options.tenant, trained, 'allot train'));
}

async function trainRun(options: TrainOptions, runId: string): Promise<Record<string, unknown>> {
  const { runTraining } = await import('../../../offline/train.ts');
  const { withStores } = await import('../local/with-stores.ts');
  return await withStores((stores, config) =>
    runTraining({
      stores,
      tenant: options.tenant,
      runId,
      snapshotsDirectory: join(config.dataDir, 'snapshots'),
      codeVersion: allotVersion(),
      progress: progressReporter(options.json === true),
    }),
  );
}

/** One bar per phase. */
function progressReporter(quiet: boolean): (p: { phase: string; step: number; steps: number }) => void {
  const progress = createProgress({ quiet });
  let phase = '';
  let at = 0;
  return (p) => {
    if (p.phase !== phase) {
      phase = p.phase;
      at = 0;
      progress.step(phase, p.steps);
    }
    progress.advance(p.step - at);
    at = p.step;
    if (p.step === p.steps) progress.done();
  };
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    note(String(cause));
    throw new AllotError('config_invalid', `--config: ${file} is not readable as JSON`, { cause });
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('is a whole number ≥ 0');
  return Number(text);
}
