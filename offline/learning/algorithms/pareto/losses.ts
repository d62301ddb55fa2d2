import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../../src/core/check.ts';
import { simplexMinimum } from '../../../../src/core/ope/sequential/simplex-minimum.ts';
import { constrainedActorLoss, type ConstrainedBatch } from '../../multipliers/constrained-losses.ts';
import { assertShape } from '../../tensors/ops.ts';

/**
 * ∂/∂z of −E_s Σ_a π(a|s) Âᵢ(s,a) for logits z, exact: gᵢ(b,a) = −m_b π(a|s_b) (Âᵢ(s_b,a) − Σ_c π(c|s_b) Âᵢ(s_b,c)) / Σ m.
 * advantage, probabilities (B,K), isSteerable m (B) → (B·K).
 */
export function logitGradient(
  advantage: tf.Tensor2D,
  probabilities: tf.Tensor2D,
  isSteerable: tf.Tensor1D,
): Float32Array {
  assertShape(probabilities, advantage.shape, 'probabilities');
  assertShape(isSteerable, [advantage.shape[0]], 'isSteerable');
  return tf.tidy(() => {
    const mean = tf.sum(tf.mul(probabilities, advantage), 1, true);
    const direction = tf.mul(probabilities, tf.sub(mean, advantage));
    const mask = tf.div(isSteerable, tf.maximum(tf.sum(isSteerable), 1));
    return tf.mul(direction, tf.expandDims(mask, 1)).dataSync<'float32'>();
  });
}

/**
 * w = argmin ‖Σ wᵢ gᵢ‖² over the simplex: −Σ wᵢ gᵢ is the direction that improves every objective at once, or 0 at a
 * Pareto-stationary point (MGDA, Désidéri 2012; with gradients of the shared representation instead of all weights, the
 * upper bound MGDA-UB of Sener and Koltun 2018, eq. 9; here that representation is the logits). Solved exactly.
 */
export function minimumNormWeights(gradients: readonly Float32Array[]): Float64Array {
  const m = gradients.length;
  invariant(m > 0, 'at least one objective');
  const gram = new Float64Array(m * m);
  for (let i = 0; i < m; i += 1)
    for (let j = i; j < m; j += 1) {
      const dot = gradients[i].reduce((sum, g, k) => sum + g * gradients[j][k], 0);
      gram[i * m + j] = dot;
      gram[j * m + i] = dot;
    }
  return simplexMinimum(gram, m);
}

/** L_π = Σ_a π(a|s) [ α log π(a|s) − Σᵢ wᵢ Âᵢ(s,a) ] + bc · CE(π, a); w and Â carry no gradient. */
export function paretoActorLoss(
  logits: tf.Tensor2D,
  batch: ConstrainedBatch,
  advantages: readonly tf.Tensor2D[],
  weights: ArrayLike<number>,
  options: { readonly entropyWeight: number; readonly cloningWeight: number },
): tf.Scalar {
  const combined = tf.tidy(() =>
    advantages
      .map((advantage, i) => tf.mul<tf.Tensor2D>(advantage, weights[i]))
      .reduce((sum, term) => tf.add(sum, term)),
  );
  return constrainedActorLoss(logits, batch, combined, options);
}
