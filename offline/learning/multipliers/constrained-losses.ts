import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../src/core/check.ts';
import { cloningLoss, improvementLoss } from '../actor-critic/actor-losses.ts';
import { assertShape } from '../tensors/ops.ts';

/**
 * Â = (Â_r + Σ_j λ_j Â_{g_j}) / (1 + Σ_j λ_j) with g_j = −c_j: the Lagrangian's advantage (A_r − Σ λ A_c)/(1 + Σ λ) of
 * omnisafe, each advantage over its own spread. No second standardisation: where main and cost cancel, the advantage is
 * small and the policy stays soft, which is how a constrained optimum randomises. All (B,K).
 */
export function lagrangianAdvantage(
  main: tf.Tensor2D,
  gains: readonly tf.Tensor2D[],
  spreads: readonly number[],
  lambdas: ArrayLike<number>,
): tf.Tensor2D {
  invariant(spreads.length === gains.length + 1, 'a spread for the main advantage and for every gain');
  return tf.tidy(() => {
    let sum: tf.Tensor = tf.div(main, spreads[0]);
    let total = 1;
    gains.forEach((gain, j) => {
      assertShape(gain, main.shape, 'gain');
      sum = tf.add(sum, tf.mul(gain, lambdas[j] / spreads[j + 1]));
      total += lambdas[j];
    });
    return tf.div(sum, total) as tf.Tensor2D;
  });
}

/** √(mean A²) over the eligible entries of a batch. */
export const spreadOf = (advantage: tf.Tensor2D, eligible: tf.Tensor2D): number =>
  tf.tidy(() => {
    const squares = tf.sum(tf.mul(tf.square(advantage), eligible));
    return Math.sqrt(squares.dataSync()[0] / Math.max(1, tf.sum(eligible).dataSync()[0]));
  });

/** What of a batch an actor's loss reads: (B,K), (B,K) and (B). */
export interface ConstrainedBatch {
  readonly eligible: tf.Tensor2D;
  readonly actions: tf.Tensor2D;
  readonly isSteerable: tf.Tensor1D;
}

export type ConstrainedLoss = typeof constrainedActorLoss;

/** L_π = Σ_a π(a|s) [ α log π(a|s) − Â(s,a) ] + bc · CE(π, a), over steerable rows; Â carries no gradient. */
export function constrainedActorLoss(
  logits: tf.Tensor2D,
  batch: ConstrainedBatch,
  advantage: tf.Tensor2D,
  options: { readonly entropyWeight: number; readonly cloningWeight: number },
): tf.Scalar {
  const { eligible, actions, isSteerable } = batch;
  const improvement = improvementLoss(logits, eligible, advantage, isSteerable, options.entropyWeight);
  if (options.cloningWeight === 0) return improvement;
  return tf.add(
    improvement,
    tf.mul(cloningLoss(logits, eligible, actions, isSteerable), options.cloningWeight),
  );
}
