import { createHash } from 'node:crypto';
import { AllotError } from '../../src/core/errors.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { EncoderSpec } from '../../src/core/policy/artifact.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { splitByUnitAndTime, type Split } from '../dataset/split.ts';
import { createAlgorithm } from './algorithms/create-algorithm.ts';
import { fitEncoder } from './data/encoder-fit.ts';
import { createTrainingData } from './data/training-data.ts';
import { openCheckpoints, type CheckpointOptions } from './run/checkpoint-folder.ts';
import { noCheckpoints, type Checkpoints } from './run/checkpoints.ts';
import type { Algorithm, TrainingContext } from './run/learner.ts';
import { chooseBackend, type Backend } from './tensors/backend.ts';

/** What the weights of a training depend on, and where it keeps its place. */
export interface TrainingRecipe {
  readonly dataset: Dataset;
  /** As declared now; its features, actions and groups must be those of the snapshot. */
  readonly surface: Surface;
  /** One of `algorithmNames`. */
  readonly algorithm: string;
  /** See `docs/learning.md`; missing fields take their defaults, unknown ones are refused. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly codeVersion?: string;
  /** So that training can go on after its process was killed; default: nowhere. */
  readonly checkpoints?: CheckpointOptions;
}

export interface PreparedTraining {
  readonly algorithm: Algorithm;
  readonly backend: Backend;
  readonly encoder: EncoderSpec;
  readonly context: TrainingContext;
}

const minimumRows = 100;

/** Split, encoder, numbers and backend: a function of the recipe alone, so that every worker prepares the same. */
export async function prepareTraining(recipe: TrainingRecipe): Promise<PreparedTraining> {
  const { dataset, surface, seed } = recipe;
  const algorithm = createAlgorithm(recipe.algorithm, recipe.config);
  const backend = await chooseBackend(algorithm.config.backend);
  const split = splitByUnitAndTime(dataset, algorithm.config.split);
  const encoder = fitEncoder(dataset, surface, split.train, algorithm.config.network);
  const data = createTrainingData(dataset, encoder);
  refuseTooFew(split, data.isSteerable);
  const context = {
    ...{ surface, dataset, data, split },
    random: createRandom(seed),
    progress: (): void => undefined,
    checkpoints: checkpointsOf(recipe, algorithm, backend),
  };
  return { algorithm, backend, encoder, context };
}

function refuseTooFew(split: Split, isSteerable: Uint8Array): void {
  const usable = split.train.reduce((sum, row) => sum + isSteerable[row], 0);
  if (usable >= minimumRows) return;
  throw new AllotError(
    'config_invalid',
    `only ${usable} training rows have a known outcome and a random choice; at least ${minimumRows} are needed`,
  );
}

/** Bound to everything that the weights depend on. */
function checkpointsOf(recipe: TrainingRecipe, algorithm: Algorithm, backend: Backend): Checkpoints {
  const { dataset, seed, codeVersion = 'unknown', checkpoints } = recipe;
  if (checkpoints === undefined) return noCheckpoints;
  const identity = {
    snapshotHash: dataset.manifest.contentHash,
    rowsHash: createHash('sha256').update(JSON.stringify(dataset.decisionIds)).digest('hex'),
    algorithm: algorithm.name,
    config: algorithm.config,
    backend: backend.name,
    ...{ seed, codeVersion },
  };
  return openCheckpoints(identity, checkpoints);
}
