import * as tf from '@tensorflow/tfjs-core';
import type { TrainingData } from '../../data/training-data.ts';
import { pickBlock, sliceColumns } from '../../supervised/columns.ts';
import { headPrediction } from '../../supervised/head.ts';
import {
  atomPriors,
  categoricalLoss,
  categoricalMean,
  evenAtoms,
  loggedReturns,
  projectReturns,
} from './categorical.ts';
import type { SlmgacConfig } from './config.ts';
import { decomposedValue, takenValue, valueLoss } from './losses.ts';
import type { CriticLayout } from './networks.ts';
import type { BoundedReward } from './reward.ts';

/** How a critic's outputs mean action values: the three ways in which supervision can limit bootstrapping error. */
export interface ValueForm {
  /** Outputs per action that the value takes. */
  readonly atoms: number;
  /** Does r enter the target? In the decomposed form it does not: r̂ is supervised instead. */
  readonly isRewardInTarget: boolean;
  /** outputs (B,W) → Q (B,K), without gradient. */
  values(outputs: tf.Tensor2D, layout: CriticLayout): tf.Tensor2D;
  /** The loss of outputs (B,W) at the logged actions towards y (B); made once per batch, outside the gradient. */
  loss(
    layout: CriticLayout,
    actions: tf.Tensor2D,
    targets: tf.Tensor1D,
    weights: tf.Tensor1D,
  ): (outputs: tf.Tensor2D) => tf.Scalar;
}

export function valueForm(
  config: SlmgacConfig,
  data: TrainingData,
  reward: BoundedReward,
  discount: number,
  trainRows: Int32Array,
): ValueForm {
  if (config.supervision === 'categorical') return categoricalForm(config, data, reward, discount, trainRows);
  return config.supervision === 'decomposed' ? decomposedForm(config) : plainForm(config);
}

/** A, and without supervision: the outputs are Q itself. */
const plainForm = (config: SlmgacConfig): ValueForm => ({
  atoms: 1,
  isRewardInTarget: true,
  values: (outputs, layout) => sliceColumns(outputs, layout.value),
  loss: (layout, actions, targets, weights) => (outputs) =>
    valueLoss(takenValue(sliceColumns(outputs, layout.value), actions), targets, weights, config.criticLoss),
});

/** B: Q(s,a) = sg[r̂(s,a)] + F(s,a); the loss sees F only. */
const decomposedForm = (config: SlmgacConfig): ValueForm => ({
  ...plainForm(config),
  isRewardInTarget: false,
  values(outputs, layout) {
    const future = sliceColumns(outputs, layout.value);
    const placed = layout.heads.find(({ head }) => head.name === 'reward');
    // A reward that never varies has no head: it is its own mean, 0.
    if (placed === undefined) return future;
    const blocks = tf.reshape(sliceColumns(outputs, placed.columns), [-1, placed.head.width]) as tf.Tensor2D;
    const rewards = tf.reshape(headPrediction(placed.head, blocks), future.shape) as tf.Tensor2D;
    return decomposedValue(rewards, future);
  },
});

/** C: a distribution over return atoms, learned by cross-entropy. */
function categoricalForm(
  config: SlmgacConfig,
  data: TrainingData,
  reward: BoundedReward,
  discount: number,
  trainRows: Int32Array,
): ValueForm {
  const all = loggedReturns(reward.values, data, discount);
  const returns = Float64Array.from(
    trainRows.filter((row) => data.isComplete[row] === 1),
    (row) => all[row],
  );
  const atoms = evenAtoms(returns, config.categorical.atoms);
  const priors = atomPriors(returns, atoms);
  const n = atoms.length;
  const tiled = Float32Array.from({ length: n * data.actionCount }, (_, i) => priors[i % n]);
  const logits = (outputs: tf.Tensor2D, layout: CriticLayout): tf.Tensor2D =>
    tf.add(sliceColumns(outputs, layout.value), tf.tensor1d(tiled)) as tf.Tensor2D;
  return {
    atoms: n,
    isRewardInTarget: true,
    values: (outputs, layout) => categoricalMean(logits(outputs, layout), atoms, layout.actionCount),
    loss(layout, actions, targets, weights) {
      const projected = projectReturns(targets.dataSync(), atoms, config.categorical.projection);
      const wanted = tf.tensor2d(projected, [targets.shape[0], n]);
      return (outputs) => categoricalLoss(pickBlock(logits(outputs, layout), actions, n), wanted, weights);
    },
  };
}
