import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../../src/core/check.ts';
import { cloningLoss, improvementLoss, projectionLoss } from '../../actor-critic/actor-losses.ts';
import { assertShape } from '../../tensors/ops.ts';

/**
 * Stage one, exact discrete form (Cai et al. 2023, offline and with all actions summed):
 * L_i = Σ_a πᵢ(a|s) [ α log πᵢ(a|s) − Âᵢ(s,a) ] + bc · CE(πᵢ, a). All (B,K) but isSteerable (B).
 */
export function stageOneLoss(
  logits: tf.Tensor2D,
  batch: {
    readonly eligible: tf.Tensor2D;
    readonly actions: tf.Tensor2D;
    readonly isSteerable: tf.Tensor1D;
  },
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

/** π̃ = (1 − ε) π + ε · uniform over the eligible actions: finite logarithms wherever the action was possible. */
export function withSupportFloor(
  probabilities: tf.Tensor2D,
  eligible: tf.Tensor2D,
  epsilon: number,
): tf.Tensor2D {
  assertShape(eligible, probabilities.shape, 'eligible');
  return tf.tidy(() => {
    const uniform = tf.div(eligible, tf.maximum(tf.sum(eligible, 1, true), 1));
    return tf.add(tf.mul(probabilities, 1 - epsilon), tf.mul(uniform, epsilon));
  });
}

/**
 * The closed form of stage two (Cai et al. 2023, arXiv 2302.01680):
 * π*(a|s) ∝ Π_i π̃ᵢ(a|s)^{λᵢ/Λ} · exp(A₁(s,a)/Λ),  Λ = Σ λᵢ > 0, zero where ineligible.
 */
export function projectionTarget(
  auxiliaryPolicies: readonly tf.Tensor2D[],
  lambdas: readonly number[],
  advantage: tf.Tensor2D,
  eligible: tf.Tensor2D,
): tf.Tensor2D {
  const total = lambdas.reduce((a, b) => a + b, 0);
  invariant(total > 0 && lambdas.length === auxiliaryPolicies.length, 'Λ > 0 with one λ per auxiliary');
  return tf.tidy(() => {
    let logits: tf.Tensor = tf.div(advantage, total);
    auxiliaryPolicies.forEach((policy, i) => {
      assertShape(policy, advantage.shape, 'auxiliary policy');
      const logPolicy = tf.log(tf.maximum(policy, 1e-12));
      logits = tf.add(logits, tf.mul(logPolicy, lambdas[i] / total));
    });
    return tf.softmax(tf.add(logits, tf.mul(tf.sub(eligible, 1), 1e9))) as tf.Tensor2D;
  });
}

/** Stage two: L = −Σ_a sg[π*(a|s)] log π(a|s) + bc · CE(π, a). */
export function stageTwoLoss(
  logits: tf.Tensor2D,
  batch: {
    readonly eligible: tf.Tensor2D;
    readonly actions: tf.Tensor2D;
    readonly isSteerable: tf.Tensor1D;
  },
  target: tf.Tensor2D,
  cloningWeight: number,
): tf.Scalar {
  const { eligible, actions, isSteerable } = batch;
  const projection = projectionLoss(logits, eligible, target, isSteerable);
  if (cloningWeight === 0) return projection;
  return tf.add(projection, tf.mul(cloningLoss(logits, eligible, actions, isSteerable), cloningWeight));
}
