import * as tf from '@tensorflow/tfjs-core';

/** One trainable array: the values that the optimiser changes, and the variable that TensorFlow reads. */
export class Parameter {
  readonly values: Float32Array;
  readonly variable: tf.Variable;
  /** Kernels decay; biases, gammas and betas do not. */
  readonly decays: boolean;

  constructor(values: Float32Array, shape: readonly number[], decays: boolean) {
    this.values = values;
    this.decays = decays;
    this.variable = tf.tidy(() => tf.variable(tf.tensor(this.#readable(), [...shape], 'float32')));
  }

  /** Shows the changed values to TensorFlow. */
  upload(): void {
    if (sharesMemory() && this.variable.dataSync() === this.values) return;
    tf.tidy(() => {
      this.variable.assign(tf.tensor(this.#readable(), this.variable.shape, 'float32'));
    });
  }

  /** TensorFlow's JavaScript backend reads the very array; the others get a copy (the native one reads it late). */
  #readable(): Float32Array {
    return sharesMemory() ? this.values : this.values.slice();
  }
}

const sharesMemory = (): boolean => tf.getBackend() === 'cpu';
