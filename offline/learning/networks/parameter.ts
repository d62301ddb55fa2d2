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
    this.variable = tf.tidy(() => tf.variable(tf.tensor(values.slice(), [...shape], 'float32')));
  }

  /** Shows the changed values to TensorFlow. */
  upload(): void {
    tf.tidy(() => {
      this.variable.assign(tf.tensor(this.values.slice(), this.variable.shape, 'float32'));
    });
  }
}
