import type * as tf from '@tensorflow/tfjs-core';
import type { GroupSpec } from '../../../../src/core/surface/surface.ts';
import type { Batch, TrainingData } from '../../data/training-data.ts';
import type { StepMetrics } from '../../run/learner.ts';

interface PanelInput {
  readonly groups: GroupSpec | null;
  readonly data: TrainingData;
  readonly batch: Batch;
  /** Action values of the twins (B,K). */
  readonly first: tf.Tensor2D;
  readonly second: tf.Tensor2D;
  readonly temporalDifferences: Float32Array;
  /** Largest |Q| that an honest value can have. */
  readonly bound: number;
}

/**
 * Mean and largest |Q| against the bound, 99th percentile of |δ|, and by group the spread of the twins (standard deviation of
 * two values, averaged). Shares of allocation by group and KL to the behaviour are watched by the training loop itself.
 */
export function stabilityPanel({ groups, data, batch, bound, ...input }: PanelInput): StepMetrics {
  const [first, second] = [input.first, input.second].map((t) => t.dataSync<'float32'>());
  const names = groups?.names ?? ['all'];
  const k = data.actionCount;
  const spread = names.map(() => ({ sum: 0, count: 0 }));
  let sum = 0;
  let count = 0;
  let largest = 0;
  batch.rows.forEach((row, b) => {
    const own = spread[data.groups[row]];
    for (let a = 0; a < k; a += 1) {
      if (data.eligible[row * k + a] === 0) continue;
      const at = b * k + a;
      sum += Math.abs(first[at]);
      count += 1;
      largest = Math.max(largest, Math.abs(first[at]), Math.abs(second[at]));
      own.sum += Math.abs(first[at] - second[at]) / 2;
      own.count += 1;
    }
  });
  const deltas = Float32Array.from(input.temporalDifferences, Math.abs).sort();
  return {
    meanAbsQ: sum / count,
    maxAbsQ: largest,
    qBound: bound,
    // A batch or a group without such rows has no number: NaN would look like divergence.
    ...(deltas.length === 0 ? {} : { tdErrorP99: deltas[Math.floor(0.99 * (deltas.length - 1))] }),
    ...Object.fromEntries(
      names.flatMap((name, g) =>
        spread[g].count === 0 ? [] : [[`twinSpread:${name}`, spread[g].sum / spread[g].count]],
      ),
    ),
  };
}
