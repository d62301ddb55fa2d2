import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { splitByUnitAndTime } from '../../offline/dataset/split.ts';
import { createAlgorithm } from '../../offline/learning/algorithms/create-algorithm.ts';
import { splitConfig } from '../../offline/learning/config.ts';
import { fitEncoder } from '../../offline/learning/data/encoder-fit.ts';
import { createTrainingData, type TrainingData } from '../../offline/learning/data/training-data.ts';
import type { Learner, TrainingContext } from '../../offline/learning/run/learner.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { DecisionRecord } from '../../src/service/ports/stores.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

/** The bandit of `learning-world` with a third action that is never eligible and forced rows, as sessions of six. */
export const contractSurface: Surface = {
  ...worldSurface,
  actions: ['nothing', 'insert', 'pin'],
  horizon: 'session',
};
export const never = 2;

/** Every seventh decision has one eligible action only, as when a cap removed the other. */
function contractRecord(record: DecisionRecord, i: number): DecisionRecord {
  const isForced = i % 7 === 3;
  const [nothing, insert] = record.decision.probabilities;
  return {
    ...record,
    decision: {
      ...record.decision,
      ...(isForced ? { eligibleActions: ['nothing'], action: 'nothing', propensity: 1, isForced } : {}),
      probabilities: isForced ? [1, 0, 0] : [nothing, insert, 0],
    },
  };
}

export async function contractDataset(units: number): Promise<Dataset> {
  const folder = await mkdtemp(join(tmpdir(), 'allot-contract-'));
  const records = makeRecords({ units, perUnit: 6, seed: 1 }).map(contractRecord);
  const range = { from: 0, until: worldEnd };
  const reader = readerOf(records);
  await writeSnapshot({ reader, tenant: 'default', surface: contractSurface, ...range, directory: folder });
  const dataset = await loadDataset(folder);
  await rm(folder, { recursive: true, force: true });
  return dataset;
}

/** The settings among these that the algorithm has. */
export function known(
  algorithm: string,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { config } = createAlgorithm(algorithm, {});
  return Object.fromEntries(Object.entries(settings).filter(([name]) => Object.hasOwn(config, name)));
}

/** Trains a moment, and shows every learner of every phase before its first step. */
export async function eachLearner(
  algorithm: string,
  settings: Readonly<Record<string, unknown>>,
  dataset: Dataset,
  check: (learner: Learner, data: TrainingData, phase: string) => void,
): Promise<void> {
  const split = splitByUnitAndTime(dataset, splitConfig.parse({}));
  const data = createTrainingData(dataset, fitEncoder(dataset, contractSurface, split.train));
  let shown = 0;
  const context: TrainingContext = {
    surface: contractSurface,
    dataset,
    data,
    split,
    random: createRandom(5),
    progress: () => undefined,
    onLearner: (phase, learner) => {
      shown += 1;
      // Copies, so that a check may change a flag of a row.
      const flags = [data.nextRow, data.done, data.isComplete, data.isSteerable];
      const copies = flags.map((array) => array.slice());
      check(learner, data, phase);
      flags.forEach((array, i) => array.set(copies[i]));
    },
  };
  await createAlgorithm(algorithm, known(algorithm, settings)).train(context);
  if (shown === 0) throw new Error(`${algorithm} trains without runLearner`);
}

/** A copy of everything a learner may change. */
export const copyState = (learner: Learner): Map<string, Float32Array | Float64Array> =>
  new Map(Object.entries(learner.state()).map(([name, array]) => [name, array.slice()]));

export function restoreState(learner: Learner, copy: ReadonlyMap<string, Float32Array | Float64Array>): void {
  for (const [name, array] of Object.entries(learner.state())) array.set(copy.get(name) ?? []);
  learner.restored();
}

/** Weights (not what optimisers and task weights remember) whose values differ by more than `tolerance` from a copy, by side. */
export function moved(
  learner: Learner,
  copy: ReadonlyMap<string, Float32Array | Float64Array>,
  side: 'actor' | 'critic',
  tolerance = 0,
): string[] {
  const prefix = side === 'actor' ? /^((slow-)?actor|student)\// : /(^|\/)critic/;
  const differs = ([name, array]: [string, Float32Array | Float64Array]): boolean =>
    array.some((value, i) => Math.abs(value - (copy.get(name)?.[i] ?? NaN)) > tolerance);
  return Object.entries(learner.state())
    .filter(([name]) => prefix.test(name) && !/optimiser|tasks/.test(name))
    .filter(differs)
    .map(([name]) => name);
}

export const hasCritic = (learner: Learner): boolean =>
  Object.keys(learner.state()).some((name) => /(^|\/)critic/.test(name));
