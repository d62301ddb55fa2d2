import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../src/core/check.ts';

/**
 * w_j = (‖g_TD‖ / ‖g_j‖) / J as a running mean: every task pulls the shared trunk as hard as the others, and all of them
 * together as hard as the temporal difference. g = ∂L/∂h at the trunk's last activation h, that is ∂L/∂out · Wᵀ with the last
 * kernel W (H,out) (the idea of GradNorm, Chen et al. 2018, without its extra loss).
 */
export class TaskWeights {
  /** J weights, by reference: part of a checkpoint. */
  readonly values: Float64Array;
  readonly #seen = new Float64Array(1);

  constructor(tasks: number) {
    this.values = new Float64Array(tasks).fill(tasks === 0 ? 1 : 1 / tasks);
  }

  /** One measurement; a weight stays within [10⁻³, 10³] of even. */
  update(valueNorm: number, taskNorms: readonly number[]): void {
    invariant(taskNorms.length === this.values.length, 'one norm per task');
    this.#seen[0] += 1;
    const tasks = taskNorms.length;
    const rate = Math.max(0.1, 1 / this.#seen[0]);
    taskNorms.forEach((norm, j) => {
      const wanted = Math.min(1e3, Math.max(1e-3, (valueNorm + 1e-12) / (norm + 1e-12))) / tasks;
      this.values[j] += rate * (wanted - this.values[j]);
    });
  }

  state(): Readonly<Record<string, Float64Array>> {
    return { weights: this.values, seen: this.#seen };
  }
}

/** ‖∂L/∂outputs · Wᵀ‖ for each loss; outputs (B,out), kernel (H,out). */
export function trunkGradientNorms(
  losses: readonly ((outputs: tf.Tensor2D) => tf.Scalar)[],
  outputs: tf.Tensor2D,
  kernel: tf.Tensor2D,
): number[] {
  return tf.tidy(() => {
    const back = tf.transpose(kernel) as tf.Tensor2D;
    return losses.map((loss) => {
      const gradient = tf.grad((x: tf.Tensor) => loss(x as tf.Tensor2D))(outputs) as tf.Tensor2D;
      return tf.norm(tf.matMul(gradient, back)).dataSync()[0];
    });
  });
}
