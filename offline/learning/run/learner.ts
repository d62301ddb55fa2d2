import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import type { Split } from '../../dataset/split.ts';
import type { Network } from '../networks/network.ts';
import type { Batch, TrainingData } from '../data/training-data.ts';
import type { DivergenceConfig, NetworkConfig } from '../config.ts';
import type { Checkpoints } from './checkpoints.ts';

/** What an algorithm gets: data, split, a seeded source of randomness, and somebody to tell about progress. */
export interface TrainingContext {
  readonly surface: Surface;
  readonly dataset: Dataset;
  readonly data: TrainingData;
  readonly split: Split;
  readonly random: Random;
  readonly progress: (progress: TrainingProgress) => void;
  /** Shown every learner before its first step: whoever checks learners from outside asks for this. */
  readonly onLearner?: (phase: string, learner: Learner) => void;
  /** Where training keeps its place; default: nowhere. */
  readonly checkpoints?: Checkpoints;
  /** Trains parts of the algorithm in processes of their own; asked through `trainParts`. Default: there are none. */
  readonly inWorkers?: (names: readonly string[]) => Promise<TrainedActor[]>;
}

export interface TrainingProgress {
  /** For example `stage one: like`. */
  readonly phase: string;
  readonly step: number;
  readonly steps: number;
  readonly metrics: StepMetrics;
}

export type StepMetrics = Readonly<Record<string, number>>;

export interface CurvePoint {
  readonly phase: string;
  readonly step: number;
  readonly metrics: StepMetrics;
}

/**
 * Named arrays, by reference: everything that a step reads and changes (weights, moments, counters, multipliers). A
 * checkpoint copies them out; whoever wrote into them calls `restored`.
 */
export type LearnerState = Readonly<Record<string, Float32Array | Float64Array>>;

/** One actor with whatever it needs to improve. A step leaves no tensor behind. */
export interface Learner {
  readonly actor: Network;
  step(batch: Batch): StepMetrics;
  state(): LearnerState;
  /** The arrays of `state` were overwritten: shows them to TensorFlow. */
  restored(): void;
  dispose(): void;
}

/** The states of parts under one roof: `prefix/name`. */
export function joinStates(parts: Readonly<Record<string, LearnerState>>): LearnerState {
  const named = Object.entries(parts).flatMap(([prefix, state]) =>
    Object.entries(state).map(([name, array]) => [`${prefix}/${name}`, array] as const),
  );
  return Object.fromEntries(named);
}

export interface TrainedActor {
  readonly layers: readonly LayerSpec[];
  /** In the layout of the policy artifact. */
  readonly weights: Float32Array;
  readonly curve: readonly CurvePoint[];
  readonly metrics: StepMetrics;
}

/** A parsed config bound to its training: what the contract suite and `trainPolicy` know of an algorithm. */
export interface Algorithm {
  readonly name: string;
  readonly config: AlgorithmConfig;
  train(context: TrainingContext): Promise<TrainedActor>;
  /** A part that can be trained on its own, by its name: what `trainParts` asks a worker for. */
  part?(context: TrainingContext, name: string): Promise<TrainedActor>;
}

export interface AlgorithmConfig {
  readonly split: {
    readonly by: 'unit' | 'unit-and-time';
    readonly train: number;
    readonly validation: number;
    readonly salt: string;
  };
  readonly backend: 'auto' | 'tensorflow-native' | 'wasm' | 'cpu';
  readonly divergence: DivergenceConfig;
  readonly network: NetworkConfig;
  readonly plantedFault?: 'inverted-reward' | null;
  readonly [option: string]: unknown;
}
