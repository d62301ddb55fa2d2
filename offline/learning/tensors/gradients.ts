import * as tf from '@tensorflow/tfjs-core';
import { areTensorsArrays, repeatLast } from './array-ops.ts';

/**
 * Derivatives of the primitive operations that our losses are made of. The CommonJS build of tfjs-core that Node
 * loads registers none (the derivatives live in `@tensorflow/tfjs`, which adds layers, converters and a WebGL
 * backend); those that somebody else registered stay as they are.
 */
export function registerGradients(): void {
  for (const config of gradients) if (!tf.getGradient(config.kernelName)) tf.registerGradient(config);
}

type Grads = tf.NamedTensorMap;
const one = (dy: tf.Tensor | tf.Tensor[]): tf.Tensor => (Array.isArray(dy) ? dy[0] : dy);

/** Sums dy over the axes that broadcasting added, so that the result has the operand's shape. */
function unbroadcast(dy: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const lead = dy.rank - shape.length;
  const axes = dy.shape
    .map((_, i) => i)
    .filter((i) => i < lead || (shape[i - lead] === 1 && dy.shape[i] !== 1));
  return tf.reshape(axes.length === 0 ? dy : tf.sum(dy, axes), [...shape]);
}

const binary = (
  kernelName: string,
  da: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  db: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.GradConfig => ({
  kernelName,
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, [a, b]) => ({
    a: () => unbroadcast(da(one(dy), a, b), a.shape),
    b: () => unbroadcast(db(one(dy), a, b), b.shape),
  }),
});

const unary = (
  kernelName: string,
  save: 'x' | 'y' | 'none',
  dx: (dy: tf.Tensor, saved: tf.Tensor) => tf.Tensor,
): tf.GradConfig => ({
  kernelName,
  ...(save === 'x' ? { inputsToSave: ['x'] } : save === 'y' ? { outputsToSave: [true] } : {}),
  gradFunc: (dy, [saved]) => ({ x: () => dx(one(dy), saved) }),
});

const gradients: readonly tf.GradConfig[] = [
  binary('Add', (dy) => dy, (dy) => dy), // prettier-ignore
  binary('Sub', (dy) => dy, (dy) => tf.neg(dy)), // prettier-ignore
  binary('Multiply', (dy, _a, b) => tf.mul(dy, b), (dy, a) => tf.mul(dy, a)), // prettier-ignore
  unary('Neg', 'none', (dy) => tf.neg(dy)),
  unary('Square', 'x', (dy, x) => tf.mul(dy, tf.mul(x, 2))),
  unary('Relu', 'x', (dy, x) => tf.mul(dy, tf.step(x))),
  unary('Exp', 'y', (dy, y) => tf.mul(dy, y)),
  unary('Identity', 'none', (dy) => dy),
  {
    kernelName: 'Reshape',
    inputsToSave: ['x'],
    gradFunc: (dy, [x]) => ({ x: () => tf.reshape(one(dy), x.shape) }),
  },
  {
    kernelName: 'Sum',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => {
      const axes = tf.util.parseAxisParam(attrs['axis'] as number[], x.shape);
      if (areTensorsArrays() && axes.length === 1 && axes[0] === x.rank - 1)
        return { x: () => repeatLast(one(dy), x.shape) };
      const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
      return { x: () => tf.mul(tf.reshape(one(dy), kept), tf.onesLike(x)) };
    },
  },
  {
    kernelName: 'Concat',
    saveAllInputs: true,
    gradFunc: (dy, xs, attrs): Grads & Record<string, () => tf.Tensor> => {
      const axis = tf.util.parseAxisParam(attrs['axis'] as number, xs[0].shape)[0];
      const parts = tf.split(
        one(dy),
        xs.map((x) => x.shape[axis]),
        axis,
      );
      return parts.map((part) => () => part) as unknown as Grads & Record<string, () => tf.Tensor>;
    },
  },
];
