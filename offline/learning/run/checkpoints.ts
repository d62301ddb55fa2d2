import type { CurvePoint, StepMetrics } from './learner.ts';

/** Arrays that a checkpoint can hold. */
export type CheckpointArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** Where a phase of training stands: everything that its next step reads. */
export interface PhaseCheckpoint {
  readonly phase: string;
  /** Steps that are done. */
  readonly step: number;
  /** The phase has ended: it is restored instead of run. */
  readonly isComplete: boolean;
  /** `learner/…` (its `state()`) and `averaged/…` (the running average of its actor). */
  readonly arrays: Readonly<Record<string, CheckpointArray>>;
  /** Metrics of the steps since the last point of the curve. */
  readonly window: readonly StepMetrics[];
  readonly curve: readonly CurvePoint[];
}

/** Where a training keeps its place. `runLearner` asks it at the start of every phase and tells it on the way. */
export interface Checkpoints {
  /** Steps between two checkpoints; the end of a phase is always one. */
  readonly every: number;
  restore(phase: string): PhaseCheckpoint | undefined;
  save(checkpoint: PhaseCheckpoint): void;
}

/** Nothing was asked for: nothing is kept. */
export const noCheckpoints: Checkpoints = {
  every: Infinity,
  restore: () => undefined,
  save: () => undefined,
};
