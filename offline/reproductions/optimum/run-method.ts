import { AllotError } from '../../../src/core/errors.ts';
import { compilePolicy } from '../../../src/core/policy/policy.ts';
import { evaluateTabular, type TabularValue } from '../../../src/simulation/tabular/evaluate.ts';
import { sampleLog } from '../../../src/simulation/tabular/sample-log.ts';
import { featuresOf, tabularSurface } from '../../../src/simulation/tabular/tabular-surface.ts';
import {
  fixedPolicy,
  mainResponse,
  served,
  tableOf,
  type TabularPolicy,
  type TabularWorld,
} from '../../../src/simulation/tabular/tabular-world.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { trainPolicy } from '../../learning/train-policy.ts';
import { datasetOf } from '../learning/simulated-dataset.ts';
import type { OptimumMethod } from './methods.ts';
import type { OptimumSettings } from './settings.ts';

/** One method on the log of one seed. */
export interface OptimumTask {
  readonly method: OptimumMethod;
  readonly seed: number;
}

export interface OptimumShared {
  readonly world: TabularWorld;
  readonly settings: OptimumSettings;
}

export interface OptimumRun {
  readonly seed: number;
  /** The exact truth about what would be served; null: training stopped itself. */
  readonly truth: TabularValue | null;
  readonly diverged: string | null;
  /** q before the floor, by state and action. */
  readonly policy: readonly number[];
  readonly trainingSeconds: number;
}

/** Trains (or takes) the policy, serves it under the floor and looks up exactly what it is worth. */
export async function task(
  { method, seed }: OptimumTask,
  { shared }: { readonly shared: OptimumShared },
): Promise<OptimumRun> {
  const { world } = shared;
  const startedAt = performance.now();
  try {
    const policy = await policyOf(method, seed, shared);
    const trainingSeconds = method.arm === 'trained' ? (performance.now() - startedAt) / 1000 : 0;
    // The behaviour policy explores by itself: it is what was served.
    const floor = method.arm === 'behavior' ? 0 : world.explorationFloor;
    const truth = evaluateTabular(world, served(policy, floor, world.actions.length));
    return { seed, truth, diverged: null, policy: [...policy], trainingSeconds };
  } catch (error) {
    if (!(error instanceof AllotError && error.code === 'training_diverged')) throw error;
    return { seed, truth: null, diverged: error.message, policy: [], trainingSeconds: 0 };
  }
}

async function policyOf(method: OptimumMethod, seed: number, shared: OptimumShared): Promise<TabularPolicy> {
  const { world, settings } = shared;
  if (method.arm === 'behavior') return behavior(world);
  if (method.arm === 'greedy') return greedy(world);
  if (method.arm === 'always')
    return fixedPolicy(
      world,
      world.actions.map((_, a) => Number(a === method.action)),
    );
  const surface = tabularSurface(world);
  const { artifact } = await trainPolicy({
    dataset: logOf(world, settings.units, seed),
    surface,
    algorithm: method.algorithm,
    config: method.config,
    seed,
    runId: null,
  });
  const compiled = compilePolicy(artifact, surface);
  const k = world.actions.length;
  const policy = new Float64Array(world.states.length * k);
  world.states.forEach((state, s) =>
    compiled.probabilities(featuresOf(world, state), [], policy.subarray(s * k, (s + 1) * k)),
  );
  return policy;
}

/**
 * Allocating share of the log. Costs that a training evaluates on logged states are right to first order in the difference
 * of policies: a log that allocates much more than the limits allow makes them look 20–30 % too low.
 */
export const BEHAVIOR_SHARE = 1 / 3;

/** μ: allocates with the same probability in every state, evenly over the allocating actions. */
export const behavior = (world: TabularWorld): TabularPolicy =>
  fixedPolicy(
    world,
    world.actions.map((_, a) => (a === 0 ? 1 - BEHAVIOR_SHARE : BEHAVIOR_SHARE / (world.actions.length - 1))),
  );

function greedy(world: TabularWorld): TabularPolicy {
  const k = world.actions.length;
  const reward = tableOf(world, mainResponse(world));
  const policy = new Float64Array(reward.length);
  for (let from = 0; from < reward.length; from += k) {
    const means = reward.subarray(from, from + k);
    policy[from + means.indexOf(Math.max(...means))] = 1;
  }
  return policy;
}

let lastLog: { readonly key: string; readonly dataset: Dataset } | undefined;

/** Methods of the same seed follow each other in a worker and share its log. */
function logOf(world: TabularWorld, units: number, seed: number): Dataset {
  const key = JSON.stringify([world, units, seed]);
  if (lastLog?.key !== key) {
    const log = sampleLog(world, behavior(world), { units, seed });
    lastLog = { key, dataset: datasetOf(tabularSurface(world), log) };
  }
  return lastLog.dataset;
}
