import type * as tf from '@tensorflow/tfjs-core';
import { cloningLoss, improvementLoss } from '../../actor-critic/actor-losses.ts';

/**
 * CQL(H) = E[ log Σ_a exp Q(s,a) − Q(s,a_log) ] over the eligible actions (Kumar et al. 2020, arXiv 2006.04779, eq. 4,
 * without its α). It is the cross-entropy of softmax(Q) with the logged action, and is computed as that.
 * actionValues, eligible, actions one-hot (B,K); weights (B).
 */
export const conservativePenalty = (
  actionValues: tf.Tensor2D,
  eligible: tf.Tensor2D,
  actions: tf.Tensor2D,
  weights: tf.Tensor1D,
): tf.Scalar => cloningLoss(actionValues, eligible, actions, weights);

/** L_π = Σ_a π(a|s) [ α_H log π(a|s) − Â(s,a) ]: exact improvement on the conservative critic (ibid., Algorithm 1, 5). */
export const cqlActorLoss = (
  logits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  advantage: tf.Tensor2D,
  isSteerable: tf.Tensor1D,
  entropyWeight: number,
): tf.Scalar => improvementLoss(logits, eligible, advantage, isSteerable, entropyWeight);
