import type { Dataset } from '../dataset/dataset.ts';
import type { SnapshotManifest } from '../dataset/manifest.ts';
import type { Backend } from './tensors/backend.ts';
import { runInWorkers } from './parallel/pool.ts';
import type { PartReport } from './parallel/part-task.ts';
import { prepareTraining, type TrainingRecipe } from './prepare-training.ts';
import { exportPolicy, type ExportedPolicy } from './export-policy.ts';
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

export interface TrainRequest extends TrainingRecipe {
  readonly runId: string | null;
  /** ISO 8601; part of the artifact's lineage and so of its hash. Default: the end of the snapshot's log. */
  readonly createdAt?: string;
  readonly progress?: (progress: TrainingProgress) => void;
  readonly onLearner?: TrainingContext['onLearner'];
  /** Processes for parts that do not depend on each other; the weights do not depend on it. Default 1. */
  readonly workers?: number;
}

export interface TrainedPolicy extends ExportedPolicy {
  readonly metrics: StepMetrics;
  readonly curve: readonly CurvePoint[];
  readonly backend: Backend;
  readonly parity: Parity;
  readonly finished: FinishedPolicy;
  /** Who served the log, with the rows of each. */
  readonly behaviorVersions: SnapshotManifest['behaviorVersions'];
}

/**
 * Trains one candidate on a snapshot's training units and exports it. The same dataset, algorithm, config, seed and
 * backend give the same bytes, also when it was killed on the way and went on from a checkpoint. Refuses: a bad config, too few rows, divergence, an artifact that does not compute
 * what was trained.
 */
export async function trainPolicy(request: TrainRequest): Promise<TrainedPolicy> {
  const { dataset, surface, seed, progress = (): void => undefined } = request;
  const { algorithm, backend, encoder, context } = await prepareTraining(request);
  const { split } = context;
  const trained = await trainWatched(algorithm, {
    ...context,
    progress,
    ...(request.onLearner === undefined ? {} : { onLearner: request.onLearner }),
    ...((request.workers ?? 1) === 1 ? {} : { inWorkers: partsInWorkers(request, progress) }),
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
  const { behaviorVersions } = dataset.manifest;
  return { ...exported, metrics, curve: trained.curve, backend, parity, finished, behaviorVersions };
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

/** Hands parts of the algorithm to processes that prepare the same training; checkpoints go to the same folder. */
function partsInWorkers(
  request: TrainRequest,
  progress: (progress: TrainingProgress) => void,
): NonNullable<TrainingContext['inWorkers']> {
  const { dataset, surface, algorithm, config = {}, seed, codeVersion, checkpoints, workers = 1 } = request;
  const recipe: TrainingRecipe = {
    ...{ dataset, surface, algorithm, config, seed },
    ...(codeVersion === undefined ? {} : { codeVersion }),
    ...(checkpoints === undefined ? {} : { checkpoints: { ...checkpoints, mode: 'join', warn: undefined } }),
  };
  return async (names) =>
    await runInWorkers<string, TrainedActor>({
      module: new URL('./parallel/part-task.ts', import.meta.url),
      tasks: names,
      workers,
      shared: recipe,
      nameOf: (name) => name,
      onReport(about) {
        const report = about as PartReport;
        if (report.kind === 'progress') progress(report.progress);
        else checkpoints?.warn?.(report.message);
      },
    });
}

/** Up to 10,000 logged states, evenly over the snapshot. */
function sampleStates(dataset: Dataset): State[] {
  const count = Math.min(parityStates, dataset.rows);
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor((i * dataset.rows) / count);
    return { values: dataset.features[row], defaulted: dataset.defaulted[row] };
  });
}
