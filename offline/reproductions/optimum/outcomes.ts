import type { ConstraintSpec } from '../../../src/core/surface/surface.ts';
import { costOf, type TabularWorld } from '../../../src/simulation/tabular/tabular-world.ts';
import { seedMean, type SeedMean } from '../learning/statistics.ts';
import { excessOf } from './constrained-optimum.ts';
import type { OptimumMethod } from './methods.ts';
import type { OptimumRun } from './run-method.ts';
import { TOLERANCE } from './settings.ts';

/** What shares are taken of. */
export interface Bounds {
  /** Under the limits, each with the tolerance, and under the floor. */
  readonly constrained: number;
  /** Under the floor alone. */
  readonly unconstrained: number;
  /** Doing nothing, as far as the floor lets one. */
  readonly nothing: number;
}

/** One method over its seeds. */
export interface MethodOutcome {
  readonly method: OptimumMethod;
  readonly runs: readonly OptimumRun[];
  readonly value: SeedMean | null;
  /** By constraint. */
  readonly costs: readonly (SeedMean | null)[];
  /** Of the seeds that finished, and which of them meet all limits within the tolerance. */
  readonly finished: number;
  readonly feasible: number;
  /** V(π) / V* over feasible seeds. */
  readonly share: SeedMean | null;
  /** (V(π) − V(null)) / (V* − V(null)) over feasible seeds. */
  readonly gainShare: SeedMean | null;
  /** V(π) / V* without limits, over all seeds that finished. */
  readonly unconstrainedShare: SeedMean | null;
  readonly trainingSeconds: number;
}

/** The limit with the tolerance: a cost up to it counts as feasible. */
export function loosened(constraint: ConstraintSpec): ConstraintSpec {
  const room = TOLERANCE * Math.abs(constraint.threshold);
  const threshold = constraint.threshold + (constraint.direction === 'at-most' ? room : -room);
  return { ...constraint, threshold };
}

export const withTolerance = (world: TabularWorld): TabularWorld => ({
  ...world,
  constraints: world.constraints.map(loosened),
});

/** Rounding of the linear programme and of the linear solve. */
const ROUNDING = 1e-9;

export function outcomeOf(
  world: TabularWorld,
  bounds: Bounds,
  method: OptimumMethod,
  runs: readonly OptimumRun[],
): MethodOutcome {
  const truths = runs.flatMap(({ truth }) => (truth === null ? [] : [truth]));
  const feasible = truths.filter((truth) =>
    world.constraints.every((c) => excessOf(loosened(c), truth) <= ROUNDING),
  );
  const mean = (values: readonly number[]): SeedMean | null =>
    values.length === 0 ? null : seedMean(values);
  const { constrained, unconstrained, nothing } = bounds;
  return {
    method,
    runs,
    value: mean(truths.map(({ value }) => value)),
    costs: world.constraints.map((c) => mean(truths.map(({ perDecision }) => perDecision[costOf(c)]))),
    finished: truths.length,
    feasible: feasible.length,
    share: mean(feasible.map(({ value }) => value / constrained)),
    gainShare: mean(feasible.map(({ value }) => (value - nothing) / (constrained - nothing))),
    unconstrainedShare: mean(truths.map(({ value }) => value / unconstrained)),
    trainingSeconds: runs.reduce((sum, run) => sum + run.trainingSeconds, 0) / runs.length,
  };
}

/** The method with the highest share among those that are feasible in every seed. */
export const bestOf = (outcomes: readonly MethodOutcome[]): MethodOutcome | null =>
  outcomes
    .filter(({ method, runs, feasible }) => method.arm === 'trained' && feasible === runs.length)
    .reduce<MethodOutcome | null>(
      (best, next) => ((next.share?.mean ?? 0) > (best?.share?.mean ?? 0) ? next : best),
      null,
    );
