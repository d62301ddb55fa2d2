import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../../../offline/dataset/dataset.ts';
import type { SeedOutcome } from '../../../offline/learning/parallel/train-seeds.ts';
import { readConfig } from '../../config/env.ts';
import { AllotError } from '../../core/errors.ts';
import { withStores } from '../local/with-stores.ts';
import { note } from '../output.ts';
import { allotVersion } from '../version.ts';
import { forgetRunId, noLedger, storedLedger, type Ledger } from './ledger.ts';
import type { TrainOptions } from './options.ts';
import { trainingProgress } from './progress.ts';

/** What came of every seed, and of which one a policy was registered. */
export interface HandTraining {
  readonly seeds: readonly { readonly outcome: SeedOutcome; readonly runId: string | null }[];
  /** null: none was chosen, and so none was published. */
  readonly chosen: SeedOutcome | null;
  readonly reason: string;
  readonly policyVersion: string | null;
}

interface BegunSeed {
  readonly seed: number;
  /** Of its checkpoints. */
  readonly directory: string;
  readonly runId: string | null;
}

/** `allot train` on a snapshot folder: one seed or several, recorded as runs unless nothing is to be published. */
export async function trainByHand(options: TrainOptions): Promise<HandTraining> {
  if (options.snapshot === undefined)
    throw new AllotError('invalid_request', '--snapshot: is needed unless --run names a stored run');
  const { loadDataset } = await import('../../../offline/dataset/load.ts');
  const dataset = await loadDataset(options.snapshot);
  const { name } = dataset.manifest.surface;
  if (options.surface !== undefined && options.surface !== name)
    throw new AllotError('snapshot_invalid', `--snapshot: is of surface ${name}`);
  if (options.publish && dataset.manifest.tenant !== options.tenant)
    throw new AllotError('snapshot_invalid', `--snapshot: is of tenant ${dataset.manifest.tenant}`);
  const config = options.config === undefined ? {} : await readJson(options.config);
  if (!options.publish) return await train(options, dataset, config, noLedger, readConfig().dataDir);
  return await withStores((stores, { dataDir }) =>
    train(options, dataset, config, storedLedger(stores, options, { surface: name, config }), dataDir),
  );
}

async function train(
  options: TrainOptions,
  dataset: Dataset,
  config: Readonly<Record<string, unknown>>,
  ledger: Ledger,
  dataDir: string,
): Promise<HandTraining> {
  const { chooseSeed } = await import('../../../offline/learning/parallel/train-seeds.ts');
  const begun: BegunSeed[] = [];
  for (let i = 0; i < options.seeds; i += 1) {
    const seed = options.seed + i;
    const directory = checkpointsOf(dataDir, dataset, options.algorithm, seed);
    begun.push({ seed, directory, runId: await ledger.begin(seed, directory) });
  }
  const outcomes = await trainAll(options, dataset, config, begun).catch(async (error: unknown) => {
    for (const { runId } of begun) await ledger.fail(runId, error);
    throw error;
  });
  const { chosen, reason } = chooseSeed(outcomes);
  const versions: (string | null)[] = [];
  for (const [i, outcome] of outcomes.entries())
    versions.push(await ledger.close(outcome, begun[i].runId, outcome === chosen));
  const { removeCheckpoints } = await import('../../../offline/learning/run/checkpoint-folder.ts');
  for (const { directory } of begun) {
    removeCheckpoints(directory);
    forgetRunId(directory);
  }
  const policyVersion = versions.find((version) => version !== null) ?? null;
  const seeds = outcomes.map((outcome, i) => ({ outcome, runId: begun[i].runId }));
  const result = { seeds, chosen, reason, policyVersion };
  await writeFiles(options, result, { surface: dataset.manifest.surface.name, config });
  return result;
}

async function trainAll(
  options: TrainOptions,
  dataset: Dataset,
  config: Readonly<Record<string, unknown>>,
  begun: readonly BegunSeed[],
): Promise<SeedOutcome[]> {
  const { trainSeeds } = await import('../../../offline/learning/parallel/train-seeds.ts');
  const { workers, algorithm, checkpointEvery: every } = options;
  const mode = options.resume === true ? 'resume' : 'fresh';
  const show = trainingProgress({ quiet: options.json === true, areSeveral: workers > 1 });
  const isOne = begun.length === 1;
  return await trainSeeds({
    ...{ dataset, surface: dataset.manifest.surface, algorithm, config, codeVersion: allotVersion() },
    seeds: begun.map(({ seed, runId, directory }) => ({
      seed,
      runId,
      checkpoints: { directory, every, mode },
    })),
    // One seed is trained here, and its independent parts get the workers.
    ...(isOne ? { workers: 1, partWorkers: workers } : { workers }),
    progress: (progress, seed) => show(progress, isOne ? undefined : seed),
    warn: note,
  });
}

/** By what is trained on and with which seed; what else must agree is in the checkpoint, and is refused by name. */
function checkpointsOf(dataDir: string, dataset: Dataset, algorithm: string, seed: number): string {
  const hash = dataset.manifest.contentHash.slice(0, 12);
  return join(dataDir, 'checkpoints', `${hash}-${algorithm}-${seed}`);
}

async function writeFiles(
  { out, html, algorithm }: TrainOptions,
  { seeds, chosen }: HandTraining,
  asked: { readonly surface: string; readonly config: Readonly<Record<string, unknown>> },
): Promise<void> {
  if (out !== undefined && chosen !== null && 'trained' in chosen) await writeFile(out, chosen.trained.bytes);
  if (html === undefined) return;
  const { reportOfOutcome } = await import('../../../offline/reports/training-outcome.ts');
  for (const { outcome, runId } of seeds) {
    const file = seeds.length === 1 ? html : html.replace(/(\.html?)?$/, `.seed-${outcome.seed}$1`);
    await writeFile(file, reportOfOutcome(outcome, { ...asked, algorithm, runId }));
  }
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    note(String(cause));
    throw new AllotError('config_invalid', `--config: ${file} is not readable as JSON`, { cause });
  }
}
