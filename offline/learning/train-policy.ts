import { createHash } from 'node:crypto';
import { AllotError } from '../../src/core/errors.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { splitByUnitAndTime, type Split } from '../dataset/split.ts';
import { createAlgorithm } from './algorithms/create-algorithm.ts';
import { chooseBackend, type Backend } from './tensors/backend.ts';
import { fitEncoder } from './data/encoder-fit.ts';
import { exportPolicy, type ExportedPolicy } from './export-policy.ts';
import { openCheckpoints, type CheckpointOptions } from './run/checkpoint-folder.ts';
import { noCheckpoints, type Checkpoints } from './run/checkpoints.ts';
import { refuseDrift, TrainingDiverged } from './run/divergence.ts';
import { lookAtFinished, type FinishedPolicy } from './run/finished-policy.ts';
import type {
  Algorithm,
  CurvePoint,
  StepMetrics,
  TrainedActor,
  TrainingContext,
  TrainingProgress,
} from './run/learner.ts';
import { measureParity, parityStates, refuseDisparity, type Parity, type State } from './parity.ts';
import { createTrainingData } from './data/training-data.ts';

export interface TrainRequest {
  readonly dataset: Dataset;
  /** As declared now; its features, actions and groups must be those of the snapshot. */
  readonly surface: Surface;
  /** One of `algorithmNames`. */
  readonly algorithm: string;
  /** See `docs/learning.md`; missing fields take their defaults, unknown ones are refused. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly runId: string | null;
  readonly codeVersion?: string;
  /** ISO 8601; part of the artifact's lineage and so of its hash. Default: the end of the snapshot's log. */
  readonly createdAt?: string;
  readonly progress?: (progress: TrainingProgress) => void;
  /** Where training keeps its place, so that it can go on after its process was killed; default: nowhere. */
  readonly checkpoints?: CheckpointOptions;
  /** Shown every learner before its first step: for studies that look into critics. */
  readonly onLearner?: TrainingContext['onLearner'];
}

export interface TrainedPolicy extends ExportedPolicy {
  readonly metrics: StepMetrics;
  readonly curve: readonly CurvePoint[];
  readonly backend: Backend;
  readonly parity: Parity;
  readonly finished: FinishedPolicy;
}

const minimumRows = 100;

/**
 * Trains one candidate on a snapshot's training units and exports it. The same dataset, algorithm, config, seed and
 * backend give the same bytes, also when it was killed on the way and went on from a checkpoint. Refuses: a bad config, too few rows, divergence, an artifact that does not compute
 * what was trained.
 */
export async function trainPolicy(request: TrainRequest): Promise<TrainedPolicy> {
  const { dataset, surface, seed } = request;
  const algorithm = createAlgorithm(request.algorithm, request.config);
  const backend = await chooseBackend(algorithm.config.backend);
  const split = splitByUnitAndTime(dataset, algorithm.config.split);
  const encoder = fitEncoder(dataset, surface, split.train);
  const data = createTrainingData(dataset, encoder);
  refuseTooFew(split, data.isSteerable);
  const trained = await trainWatched(algorithm, {
    ...{ surface, dataset, data, split },
    random: createRandom(seed),
    progress: request.progress ?? ((): void => undefined),
    checkpoints: checkpointsOf(request, algorithm, backend),
    ...(request.onLearner === undefined ? {} : { onLearner: request.onLearner }),
  });
  const exported = exportPolicy({
    surface,
    algorithm: algorithm.name,
    encoder,
    actor: trained,
    lineage: {
      runId: request.runId,
      snapshotHash: dataset.manifest.contentHash,
      seed,
      backend: backend.name,
      codeVersion: request.codeVersion ?? 'unknown',
      config: algorithm.config,
      createdAt: request.createdAt ?? new Date(dataset.manifest.until).toISOString(),
    },
  });
  const parity = measureParity(exported.artifact, surface, sampleStates(dataset));
  refuseDisparity(parity);
  const finished = lookAtFinished(exported.artifact, surface, dataset, split);
  if ((algorithm.config.plantedFault ?? null) === null) judgeFinished(finished, algorithm, trained);
  const rows = { trainRows: split.train.length, validationRows: split.validation.length };
  const metrics = { ...rows, ...trained.metrics };
  return { ...exported, metrics, curve: trained.curve, backend, parity, finished };
}

/** A divergence leaves with the curves of all phases up to it, not only of the phase that it ended. */
async function trainWatched(algorithm: Algorithm, context: TrainingContext): Promise<TrainedActor> {
  const curve: CurvePoint[] = [];
  const progress = (seen: TrainingProgress): void => {
    const { phase, step, metrics } = seen;
    if (Object.keys(metrics).length > 0) curve.push({ phase, step, metrics });
    context.progress(seen);
  };
  try {
    return await algorithm.train({ ...context, progress });
  } catch (error) {
    throw error instanceof TrainingDiverged ? new TrainingDiverged(error.diagnosis, curve) : error;
  }
}

/** Fault injection is meant to drift; everything else must explain itself. */
function judgeFinished(
  { metrics, populations }: FinishedPolicy,
  { config }: Algorithm,
  { curve }: TrainedActor,
): void {
  try {
    refuseDrift(metrics, populations, config.divergence);
  } catch (error) {
    throw error instanceof TrainingDiverged ? new TrainingDiverged(error.diagnosis, curve) : error;
  }
}

/** Bound to everything that the weights depend on. */
function checkpointsOf(request: TrainRequest, algorithm: Algorithm, backend: Backend): Checkpoints {
  const { dataset, seed, codeVersion = 'unknown', checkpoints } = request;
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

function refuseTooFew(split: Split, isSteerable: Uint8Array): void {
  const usable = split.train.reduce((sum, row) => sum + isSteerable[row], 0);
  if (usable >= minimumRows) return;
  throw new AllotError(
    'config_invalid',
    `only ${usable} training rows have a known outcome and a random choice; at least ${minimumRows} are needed`,
  );
}

/** Up to 10,000 logged states, evenly over the snapshot. */
function sampleStates(dataset: Dataset): State[] {
  const count = Math.min(parityStates, dataset.rows);
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor((i * dataset.rows) / count);
    return { values: dataset.features[row], defaulted: dataset.defaulted[row] };
  });
}
