import type * as tf from '@tensorflow/tfjs-core';
import { arrayOp } from './array-ops.ts';

/**
 * L = Σ_b w_b Σ_a p_a h_a / T with h_a = α log p_a − Â_a, T = max(Σ w, 1e-8); ∂L/∂log p_a = w_b p_a (h_a + α) / T. In one
 * pass what `improvementLoss` is made of. logProbabilities, advantage (B,K); weights (B).
 */
export function improvementOnArrays(
  logProbabilities: tf.Tensor2D,
  advantage: tf.Tensor2D,
  weights: tf.Tensor1D,
  entropyWeight: number,
): tf.Scalar {
  const [rows, columns] = logProbabilities.shape;
  const gains = advantage.dataSync<'float32'>();
  const w = weights.dataSync<'float32'>();
  return arrayOp([logProbabilities], (logP) => {
    const slopes = new Float32Array(logP.length);
    let total = 0;
    let sum = 0;
    for (let b = 0, i = 0; b < rows; b += 1) {
      total += w[b];
      for (let a = 0; a < columns; a += 1, i += 1) {
        const p = Math.exp(logP[i]);
        const h = entropyWeight * logP[i] - gains[i];
        sum += w[b] * p * h;
        slopes[i] = w[b] * p * (h + entropyWeight);
      }
    }
    const scale = 1 / Math.max(total, 1e-8);
    const backward = ([dy]: Float32Array): Float32Array[] => [slopes.map((s) => s * scale * dy)];
    return { value: Float32Array.of(sum * scale), shape: [], backward };
  }) as tf.Scalar;
}
