import * as tf from '@tensorflow/tfjs-core';
import { AllotError } from '../../../src/core/errors.ts';
import { createMinibatches } from '../../dataset/minibatch.ts';
import { actorProbabilities } from '../actor-critic/actor.ts';
import { divergenceConfig, type DivergenceConfig } from '../config.ts';
import { batchOf, mapRows } from '../data/training-data.ts';
import { Network } from '../networks/network.ts';
import { noCheckpoints, type CheckpointArray, type Checkpoints } from './checkpoints.ts';
import { watchDrift, watchEntropy, watchStep } from './divergence.ts';
import { HeldStates } from './held-states.ts';
import {
  joinStates,
  type CurvePoint,
  type Learner,
  type StepMetrics,
  type TrainingContext,
} from './learner.ts';

export interface LoopOptions {
  /** Unique within the algorithm: checkpoints, curves and minibatches go by it. */
  readonly phase: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly averaging: number;
  /** Rows that may be drawn. */
  readonly rows: Int32Array;
  readonly divergence?: DivergenceConfig;
  /**
   * What `learner.actor` is, and so what is watched on held states. `exported`: the policy that training is about; its
   * allocating share may not drift. `policy` (default): one that helps, such as an auxiliary policy: its entropy and shares
   * are recorded, a collapse stops it. `model`: its outputs are no logits of actions; only losses and |Q| are watched.
   */
  readonly watch?: 'exported' | 'policy' | 'model';
}

const reportEvery = 20;

/**
 * Runs a learner for a number of steps and returns the running average of its actor's weights (bias-corrected; it
 * damps the noise of the last minibatches) and the metrics curve. Stops with `TrainingDiverged`. A phase of which the
 * context has a checkpoint goes on there, and ends with the weights of one that was never interrupted.
 */
export async function runLearner(
  learner: Learner,
  context: TrainingContext,
  options: LoopOptions,
): Promise<{ readonly averaged: Network; readonly curve: CurvePoint[] }> {
  const { phase, steps, divergence = usualDivergence } = options;
  const { checkpoints = noCheckpoints } = context;
  const next = createMinibatches(
    options.rows,
    options.batchSize,
    context.random.fork(`${phase}/minibatches`),
  );
  const averaged = new Network(learner.actor.layers, context.random.fork('average'));
  context.onLearner?.(phase, learner);
  const watch = watcher(averaged, context, options);
  const place = resume(checkpoints, learner, averaged, options);
  if (place.step > 0) tell(context, options, place);
  for (let step = 1; step <= place.step && place.step < steps; step += 1) next();
  while (place.step < steps) {
    const metrics = tf.tidy(() => learner.step(batchOf(context.data, next())));
    const step = ++place.step;
    watchStep({ phase, step }, metrics, divergence);
    averaged.follow(learner.actor, Math.max(options.averaging, 1 / step));
    place.window.push(metrics);
    const isReport = step % reportEvery === 0 || step === steps;
    if (isReport) {
      place.curve.push({ phase, step, metrics: { ...meanMetrics(place.window), ...watch.measure() } });
      place.window = [];
      tell(context, options, place);
      watch.judge(place.curve);
    }
    if (step % checkpoints.every === 0 || step === steps)
      keep(checkpoints, learner, averaged, options, place);
    // Lets timers, signals and the progress bar have their turn.
    if (isReport) await new Promise((resolve) => setImmediate(resolve));
  }
  averaged.upload();
  return { averaged, curve: place.curve };
}

const usualDivergence = divergenceConfig.parse({});

/** Where a phase stands, beside what the learner holds. */
interface PhasePlace {
  step: number;
  window: StepMetrics[];
  curve: CurvePoint[];
}

const arraysOf = (learner: Learner, averaged: Network): Readonly<Record<string, CheckpointArray>> =>
  joinStates({ learner: learner.state(), averaged: averaged.state() });

function keep(
  checkpoints: Checkpoints,
  learner: Learner,
  averaged: Network,
  { phase, steps }: LoopOptions,
  { step, window, curve }: PhasePlace,
): void {
  if (checkpoints === noCheckpoints) return;
  const arrays = arraysOf(learner, averaged);
  checkpoints.save({ phase, step, isComplete: step === steps, arrays, window, curve });
}

function resume(
  checkpoints: Checkpoints,
  learner: Learner,
  averaged: Network,
  { phase, steps }: LoopOptions,
): PhasePlace {
  const found = checkpoints.restore(phase);
  if (found === undefined) return { step: 0, window: [], curve: [] };
  const arrays = arraysOf(learner, averaged);
  const names = Object.keys(arrays);
  const isSame =
    found.step <= steps &&
    names.length === Object.keys(found.arrays).length &&
    names.every((name) => found.arrays[name]?.length === arrays[name].length);
  if (!isSame)
    throw new AllotError(
      'config_invalid',
      `the checkpoint of ${phase} is of another learner; train without --resume`,
    );
  for (const name of names) arrays[name].set(found.arrays[name]);
  learner.restored();
  return { step: found.step, window: [...found.window], curve: [...found.curve] };
}

function tell(
  { progress }: TrainingContext,
  { phase, steps }: LoopOptions,
  { step, curve }: PhasePlace,
): void {
  const point = curve[curve.length - 1];
  progress({ phase, step, steps, metrics: point?.metrics ?? {} });
}

/** Looks at the averaged actor, the one that is exported, on held states. */
function watcher(averaged: Network, context: TrainingContext, options: LoopOptions) {
  const { divergence = usualDivergence, watch = 'policy' } = options;
  const { data, dataset, split } = context;
  if (watch === 'model' || averaged.outputs !== data.actionCount)
    return { measure: (): StepMetrics => ({}), judge: (): void => undefined };
  const held = new HeldStates(dataset, split);
  return {
    measure(): StepMetrics {
      averaged.upload();
      return held.measure(mapRows(data, held.rows, (states) => actorProbabilities(averaged, states)));
    },
    judge(curve: readonly CurvePoint[]): void {
      watchEntropy(curve, divergence);
      if (watch === 'exported') watchDrift(curve, held.populations, divergence);
    },
  };
}

function meanMetrics(window: readonly StepMetrics[]): StepMetrics {
  const names = [...new Set(window.flatMap((metrics) => Object.keys(metrics)))];
  return Object.fromEntries(
    names.map((name) => {
      const values = window.map((metrics) => metrics[name]).filter((v) => v !== undefined);
      return [name, values.reduce((a, b) => a + b, 0) / values.length];
    }),
  );
}
