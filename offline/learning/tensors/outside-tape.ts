import * as tf from '@tensorflow/tfjs-core';

/**
 * f as if nobody took derivatives: what it computes from tensors inside a loss is a constant to that loss. So an actor runs
 * once per update, and the advantage made of its own probabilities carries no gradient into it.
 */
export function outsideTape<T>(f: () => T): T {
  const { state } = tf.engine();
  // TensorFlow records what runs at depth 0; what an operation does inside itself it does not.
  state.kernelDepth += 1;
  try {
    return f();
  } finally {
    state.kernelDepth -= 1;
  }
}
