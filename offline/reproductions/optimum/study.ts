import { evaluateTabular, type TabularValue } from '../../../src/simulation/tabular/evaluate.ts';
import {
  costOf,
  fixedPolicy,
  served,
  type TabularWorld,
} from '../../../src/simulation/tabular/tabular-world.ts';
import { runInWorkers } from '../../learning/parallel/pool.ts';
import type { LearningStudyAnswer, LearningStudyRun } from '../study-run.ts';
import { constrainedOptimum, type ConstrainedOptimum } from './constrained-optimum.ts';
import { optimumMethods, type OptimumMethod } from './methods.ts';
import { outcomeOf, withTolerance, type Bounds, type MethodOutcome } from './outcomes.ts';
import type { OptimumRun, OptimumShared, OptimumTask } from './run-method.ts';
import { optimumSettings, type OptimumSettings } from './settings.ts';
import { optimumTable } from './table.ts';
import { tabularStudyWorld } from './study-world.ts';

/** Everything that is known exactly, before anything is learned. */
export interface ExactTruth {
  /** Under the limits as declared. */
  readonly declared: ConstrainedOptimum;
  /** With the tolerance: what shares are taken of. */
  readonly constrained: ConstrainedOptimum;
  readonly unconstrained: ConstrainedOptimum;
  /** Doing nothing, as far as the floor lets one. */
  readonly nothing: TabularValue;
}

/**
 * Share of the exact constrained optimum: every algorithm of the registry learns from a log of the tabular world, is served
 * under the floor, and its exact value is compared with the best that any policy under limits and floor is worth.
 */
export async function optimum(run: LearningStudyRun): Promise<LearningStudyAnswer> {
  const world = tabularStudyWorld(run);
  const settings = optimumSettings(run);
  const truth = await exactTruth(world);
  const bounds: Bounds = {
    constrained: truth.constrained.value,
    unconstrained: truth.unconstrained.value,
    nothing: truth.nothing.value,
  };
  const methods = optimumMethods(world, settings, multipliersByCost(world, truth.declared));
  const runs = await runAll(run, world, settings, methods);
  const outcomes = methods.map((method, m) => outcomeOf(world, bounds, method, runs[m]));
  return {
    tables: [optimumTable({ run, world, settings, truth, outcomes })],
    result: resultOf(run, world, settings, truth, outcomes),
  };
}

async function exactTruth(world: TabularWorld): Promise<ExactTruth> {
  const nothing = fixedPolicy(
    world,
    world.actions.map((_, a) => Number(a === 0)),
  );
  return {
    declared: await constrainedOptimum(world),
    constrained: await constrainedOptimum(withTolerance(world)),
    unconstrained: await constrainedOptimum({ ...world, constraints: [] }),
    nothing: evaluateTabular(world, served(nothing, world.explorationFloor, world.actions.length)),
  };
}

/** λ by what it prices; two limits on the same cost add up, at-least with the opposite sign of at-most. */
function multipliersByCost(world: TabularWorld, { multipliers }: ConstrainedOptimum): Record<string, number> {
  const byCost: Record<string, number> = {};
  for (const constraint of world.constraints) {
    const sign = constraint.direction === 'at-most' ? 1 : -1;
    const cost = costOf(constraint);
    byCost[cost] = (byCost[cost] ?? 0) + sign * multipliers[constraint.name];
  }
  return byCost;
}

/** By method, then by seed. */
async function runAll(
  run: LearningStudyRun,
  world: TabularWorld,
  settings: OptimumSettings,
  methods: readonly OptimumMethod[],
): Promise<OptimumRun[][]> {
  // Seed by seed: a worker that goes on with the same seed has its log already.
  const tasks = run.seeds.flatMap((seed) => methods.map((method): OptimumTask => ({ method, seed })));
  const shared: OptimumShared = { world, settings };
  run.progress.step(`share of the optimum: ${world.name}`, tasks.length);
  const results = await runInWorkers<OptimumTask, OptimumRun>({
    module: new URL('./run-method.ts', import.meta.url),
    tasks,
    workers: run.workers,
    shared,
    nameOf: ({ method, seed }) => `${method.name}, seed ${seed}`,
    onResult: () => run.progress.advance(),
  });
  run.progress.done();
  return methods.map((_, m) => run.seeds.map((_seed, s) => results[s * methods.length + m]));
}

function resultOf(
  run: LearningStudyRun,
  world: TabularWorld,
  settings: OptimumSettings,
  truth: ExactTruth,
  outcomes: readonly MethodOutcome[],
): Record<string, unknown> {
  const programme = ({
    value,
    truth: { perDecision },
    multipliers,
    mixedStates,
    dualityGap,
  }: ConstrainedOptimum) => ({
    value,
    perDecision,
    multipliers,
    mixedStates,
    dualityGap,
  });
  return {
    study: 'optimum',
    world: world.name,
    states: world.states.length,
    discount: world.discount,
    explorationFloor: world.explorationFloor,
    constraints: world.constraints,
    seeds: run.seeds,
    settings,
    optimum: programme(truth.declared),
    optimumWithTolerance: programme(truth.constrained),
    unconstrainedOptimum: programme(truth.unconstrained),
    nothing: truth.nothing,
    methods: outcomes.map(({ method, runs, ...rest }) => ({
      ...method,
      ...rest,
      runs: runs.map(({ policy: _, ...kept }) => kept),
    })),
  };
}
