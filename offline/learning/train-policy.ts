import { AllotError } from '../../src/core/errors.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { splitByUnitAndTime, type Split } from '../dataset/split.ts';
import { createAlgorithm } from './algorithms/create-algorithm.ts';
import { chooseBackend, type Backend } from './tensors/backend.ts';
import { fitEncoder } from './data/encoder-fit.ts';
import { exportPolicy, type ExportedPolicy } from './export-policy.ts';
import type { CurvePoint, StepMetrics, TrainingProgress } from './run/learner.ts';
import { measureParity, parityStates, refuseDisparity, type Parity, type State } from './parity.ts';
import { createTrainingData } from './data/training-data.ts';

export interface TrainRequest {
  readonly dataset: Dataset;
  /** As declared now; its features, actions and groups must be those of the snapshot. */
  readonly surface: Surface;
  /** `bc`, `crr` or `tscac`. */
  readonly algorithm: string;
  /** See `docs/learning.md`; missing fields take their defaults, unknown ones are refused. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly runId: string | null;
  readonly codeVersion?: string;
  /** ISO 8601; part of the artifact's lineage and so of its hash. Default: the end of the snapshot's log. */
  readonly createdAt?: string;
  readonly progress?: (progress: TrainingProgress) => void;
}

export interface TrainedPolicy extends ExportedPolicy {
  readonly metrics: StepMetrics;
  readonly curve: readonly CurvePoint[];
  readonly backend: Backend;
  readonly parity: Parity;
}

const minimumRows = 100;

/**
 * Trains one candidate on a snapshot's training units and exports it. The same dataset, algorithm, config, seed and
 * backend give the same bytes. Refuses: a bad config, too few rows, divergence, an artifact that does not compute
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
  const trained = await algorithm.train({
    surface,
    dataset,
    data,
    split,
    random: createRandom(seed),
    progress: request.progress ?? ((): void => undefined),
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
  const rows = { trainRows: split.train.length, validationRows: split.validation.length };
  return { ...exported, metrics: { ...rows, ...trained.metrics }, curve: trained.curve, backend, parity };
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
