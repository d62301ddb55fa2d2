import * as tf from '@tensorflow/tfjs-core';
import { createMinibatches } from '../../dataset/minibatch.ts';
import { refuseDivergence } from './divergence.ts';
import type { CurvePoint, Learner, StepMetrics, TrainingContext } from './learner.ts';
import { Network } from '../networks/network.ts';
import { batchOf } from '../data/training-data.ts';

export interface LoopOptions {
  readonly phase: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly averaging: number;
  /** Rows that may be drawn. */
  readonly rows: Int32Array;
}

const reportEvery = 20;

/**
 * Runs a learner for a number of steps and returns the running average of its actor's weights (bias-corrected; it
 * damps the noise of the last minibatches) and the metrics curve. Stops with `training_diverged`.
 */
export async function runLearner(
  learner: Learner,
  context: TrainingContext,
  options: LoopOptions,
): Promise<{ readonly averaged: Network; readonly curve: CurvePoint[] }> {
  const { phase, steps } = options;
  context.onLearner?.(phase, learner);
  const next = createMinibatches(
    options.rows,
    options.batchSize,
    context.random.fork(`${phase}/minibatches`),
  );
  const averaged = new Network(learner.actor.layers, context.random.fork('average'));
  const curve: CurvePoint[] = [];
  let window: StepMetrics[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const metrics = tf.tidy(() => learner.step(batchOf(context.data, next())));
    refuseDivergence(phase, step, metrics);
    averaged.follow(learner.actor, Math.max(options.averaging, 1 / step));
    window.push(metrics);
    if (step % reportEvery === 0 || step === steps) {
      const mean = meanMetrics(window);
      window = [];
      curve.push({ phase, step, metrics: mean });
      context.progress({ phase, step, steps, metrics: mean });
      // Lets timers, signals and the progress bar have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  averaged.upload();
  return { averaged, curve };
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
