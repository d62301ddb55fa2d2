import * as tf from '@tensorflow/tfjs-core';
import { cloningLoss } from '../../actor-critic/actor-losses.ts';
import { assertShape, weightedMean } from '../../tensors/ops.ts';

/**
 * L_V = E[ |τ − 1(u < 0)| u² ], u = min_i Q̄ᵢ(s,a) − V(s) at the logged action (Kostrikov, Nair & Levine 2021,
 * arXiv 2110.06169, eq. 5). `taken` carries no gradient. values, taken, weights (B).
 */
export function expectileLoss(
  values: tf.Tensor1D,
  taken: tf.Tensor1D,
  weights: tf.Tensor1D,
  expectile: number,
): tf.Scalar {
  assertShape(values, [values.shape[0]], 'state values');
  assertShape(taken, values.shape, 'values of the logged actions');
  const u = tf.sub(taken, values);
  const above = tf.mul(tf.square(tf.relu(u)), expectile);
  const below = tf.mul(tf.square(tf.relu(tf.neg(u))), 1 - expectile);
  return weightedMean(tf.add(above, below), weights);
}

/**
 * w_b = m_b · min( exp(β û_b), maxWeight ), û = (min Q̄(s,a) − V(s)) / (its spread + floor), m = 0 on rows that a rule
 * forced (ibid., eq. 7; the division is ours, so that β means the same on every surface). taken, values, isSteerable (B).
 */
export function iqlWeights(
  taken: tf.Tensor1D,
  values: tf.Tensor1D,
  isSteerable: tf.Tensor1D,
  options: { readonly beta: number; readonly maxWeight: number; readonly advantageFloor: number },
): tf.Tensor1D {
  assertShape(values, [taken.shape[0]], 'state values');
  assertShape(isSteerable, taken.shape, 'isSteerable');
  return tf.tidy(() => {
    const u = tf.sub(taken, values);
    const spread = tf.sqrt(weightedMean(tf.square(u) as tf.Tensor1D, isSteerable));
    const scaled = tf.mul(tf.div(u, tf.add(spread, options.advantageFloor)), options.beta);
    return tf.mul(tf.minimum(tf.exp(scaled), options.maxWeight), isSteerable) as tf.Tensor1D;
  });
}

/** L_π = −Σ_b w_b log π(a_b|s_b) / Σ_b w_b; w carries no gradient (ibid., eq. 7). */
export function iqlActorLoss(
  logits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  actions: tf.Tensor2D,
  weights: tf.Tensor1D,
): tf.Scalar {
  assertShape(weights, [logits.shape[0]], 'regression weights');
  return cloningLoss(logits, eligible, actions, weights);
}
