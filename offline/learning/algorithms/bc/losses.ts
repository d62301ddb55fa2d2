import type * as tf from '@tensorflow/tfjs-core';
import { cloningLoss } from '../../actor-critic/actor-losses.ts';

/** L_BC = −E[log π(a|s)] over steerable rows. logits, eligible, actions (B,K); isSteerable (B). */
export const bcLoss = (
  logits: tf.Tensor2D,
  eligible: tf.Tensor2D,
  actions: tf.Tensor2D,
  isSteerable: tf.Tensor1D,
): tf.Scalar => cloningLoss(logits, eligible, actions, isSteerable);
