import * as tf from '@tensorflow/tfjs-core';

/**
 * One operation with one derivative, written on typed arrays. On the portable backend tensors are typed arrays already, and
 * TensorFlow's JavaScript kernels for sums, and for (B,1) beside (B,K), walk by coordinates; a plain loop does not.
 */
export function arrayOp(
  inputs: readonly tf.Tensor[],
  forward: (...inputs: Float32Array[]) => {
    readonly value: Float32Array;
    readonly shape: number[];
    /** The derivative of every input from that of the value. */
    readonly backward: (dy: Float32Array) => readonly Float32Array[];
  },
): tf.Tensor {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const given = args.slice(0, inputs.length) as tf.Tensor[];
    const { value, shape, backward } = forward(...given.map((t) => t.dataSync<'float32'>()));
    return {
      value: tf.tensor(value, shape),
      gradFunc: (dy: tf.Tensor) =>
        backward(dy.dataSync<'float32'>()).map((dx, i) => tf.tensor(dx, inputs[i].shape)),
    };
  });
  return op(...inputs);
}

/** Whether tensors are typed arrays that can be read without a copy. */
export const areTensorsArrays = (): boolean => tf.getBackend() === 'cpu';

/** log softmax of every row over its eligible columns; see `maskedLogSoftmax`. */
export function logSoftmaxOnArrays(logits: tf.Tensor2D, eligible: tf.Tensor2D): tf.Tensor2D {
  const [rows, columns] = logits.shape;
  const mask = eligible.dataSync<'float32'>();
  return arrayOp([logits], (x) => {
    const value = new Float32Array(x.length);
    for (let at = 0; at < x.length; at += columns) {
      let max = -Infinity;
      for (let j = at; j < at + columns; j += 1) {
        value[j] = x[j] + (mask[j] - 1) * 1e9;
        max = Math.max(max, value[j]);
      }
      let sum = 0;
      for (let j = at; j < at + columns; j += 1) sum += Math.exp(value[j] - max);
      const shift = max + Math.log(sum);
      for (let j = at; j < at + columns; j += 1) value[j] -= shift;
    }
    return {
      value,
      shape: [rows, columns],
      backward(dy) {
        const dx = new Float32Array(dy.length);
        for (let at = 0; at < dy.length; at += columns) {
          let sum = 0;
          for (let j = at; j < at + columns; j += 1) sum += dy[j];
          for (let j = at; j < at + columns; j += 1) dx[j] = dy[j] - Math.exp(value[j]) * sum;
        }
        return [dx];
      },
    };
  }) as tf.Tensor2D;
}

/** Σ_a x(b,a) m(b,a); see `pick`. */
export function pickOnArrays(x: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor1D {
  const [rows, columns] = x.shape;
  return arrayOp([x, mask], (values, m) => {
    const value = new Float32Array(rows);
    for (let b = 0, i = 0; b < rows; b += 1)
      for (let a = 0; a < columns; a += 1, i += 1) value[b] += values[i] * m[i];
    const times = (other: Float32Array, dy: Float32Array): Float32Array => {
      const dx = new Float32Array(other.length);
      for (let b = 0, i = 0; b < rows; b += 1)
        for (let a = 0; a < columns; a += 1, i += 1) dx[i] = other[i] * dy[b];
      return dx;
    };
    return { value, shape: [rows], backward: (dy) => [times(m, dy), times(values, dy)] };
  }) as tf.Tensor1D;
}

/** Σ_a x(b,a) in every column of row b, (B,K); TensorFlow's (B,1) beside a (B,K) would walk by coordinates. */
export function rowSumsOnArrays(x: tf.Tensor2D): tf.Tensor2D {
  const [rows, columns] = x.shape;
  const repeated = (values: Float32Array): Float32Array => {
    const sums = new Float32Array(values.length);
    for (let at = 0; at < values.length; at += columns) {
      let sum = 0;
      for (let i = at; i < at + columns; i += 1) sum += values[i];
      sums.fill(sum, at, at + columns);
    }
    return sums;
  };
  const op = { shape: [rows, columns], backward: (dy: Float32Array) => [repeated(dy)] };
  return arrayOp([x], (values) => ({ value: repeated(values), ...op })) as tf.Tensor2D;
}

/** μ = Σ w x / T, T = max(Σ w, 1e-8); ∂μ/∂x = w / T, ∂μ/∂w = (x − μ) / T. See `weightedMean`. */
export function weightedMeanOnArrays(x: tf.Tensor1D, weights: tf.Tensor1D): tf.Scalar {
  return arrayOp([x, weights], (values, w) => {
    let total = 0;
    let sum = 0;
    for (let i = 0; i < w.length; i += 1) {
      total += w[i];
      sum += values[i] * w[i];
    }
    const scale = 1 / Math.max(total, 1e-8);
    const mean = sum * scale;
    const ofWeights = total > 1e-8 ? mean : 0;
    return {
      value: Float32Array.of(mean),
      shape: [],
      backward: ([dy]) => [w.map((v) => v * scale * dy), values.map((v) => (v - ofWeights) * scale * dy)],
    };
  }) as tf.Scalar;
}

/** The derivative of a sum over the last axis: dy (…) repeated along it. */
export function repeatLast(dy: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const last = shape[shape.length - 1];
  const from = dy.dataSync<'float32'>();
  const dx = new Float32Array(from.length * last);
  for (let i = 0; i < from.length; i += 1) dx.fill(from[i], i * last, (i + 1) * last);
  return tf.tensor(dx, [...shape]);
}
