import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../../src/core/check.ts';
import type { KeptForward, NetworkGradients, NetworkKernel } from '../kernels/network-kernel.ts';
import { planRows, planRowsByGroup, type RowPlan } from '../kernels/row-plan.ts';
import type { Parameter } from './parameter.ts';

const kernelName = 'AllotNetwork';

/** What travels through TensorFlow's tape from the forward pass to the derivative. */
interface FusedCall {
  readonly value: () => tf.Tensor;
  readonly derivatives: (dy: tf.Tensor) => Record<string, () => tf.Tensor>;
}

/** Declares the operation to TensorFlow's portable backends; its derivative is asked for input by input. */
export function registerFusedForward(): void {
  if (tf.getGradient(kernelName) !== undefined) return;
  for (const backendName of ['cpu', 'wasm'])
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ attrs }) => (attrs as unknown as FusedCall).value(),
    });
  tf.registerGradient({
    kernelName,
    gradFunc: (dy, _saved, attrs) => (attrs as unknown as FusedCall).derivatives(dy as tf.Tensor),
  });
}

/**
 * Some layers as one TensorFlow operation with one derivative, computed by the kernel. It reads the parameters' own values;
 * their variables only tell the tape which derivatives to ask for.
 */
export function fusedForward(input: {
  readonly kernel: NetworkKernel;
  readonly outputs: number;
  readonly parameters: readonly Parameter[];
  readonly plan: RowPlan;
  readonly x: tf.Tensor2D;
}): tf.Tensor2D {
  const { kernel, outputs, parameters, plan, x } = input;
  const rows = x.shape[0];
  const given = { x: x.dataSync<'float32'>(), rows, plan, parameters: parameters.map((p) => p.values) };
  const tape = currentTape();
  if (tape === null) return tf.tensor2d(kernel.evaluate(given), [rows, outputs]);
  const pass = kernel.evaluateKept(given, tape);
  const call: FusedCall = {
    value: () => tf.tensor2d(pass.y, [rows, outputs]),
    derivatives: (dy) => derivatives(pass, dy, x.shape, parameters),
  };
  const variables = parameters.map((p, i) => [`p${i}`, p.variable] as const);
  const inputs = { x, ...Object.fromEntries(variables) };
  return tf.engine().runKernel(kernelName, inputs, call as unknown as tf.NamedAttrMap);
}

/** TensorFlow asks for x first, and only if somebody needs it: the first question decides what is computed. */
function derivatives(
  pass: KeptForward,
  dy: tf.Tensor,
  shape: [number, number],
  parameters: readonly Parameter[],
): Record<string, () => tf.Tensor> {
  let computed: NetworkGradients | undefined;
  const of = (wantsDx: boolean): NetworkGradients =>
    (computed ??= pass.backward(dy.dataSync<'float32'>(), wantsDx));
  const answers: Record<string, () => tf.Tensor> = {
    x() {
      const { dx } = of(true);
      invariant(dx !== null, 'the derivative of the input is asked for first');
      return tf.tensor2d(dx, shape);
    },
  };
  parameters.forEach((p, i) => {
    answers[`p${i}`] = () => tf.tensor(of(false).parameters[i], p.variable.shape);
  });
  return answers;
}

/** The tape that records now; null: no derivative will be asked. */
function currentTape(): object | null {
  const { gradientDepth, kernelDepth, activeTape } = tf.engine().state;
  return gradientDepth > 0 && kernelDepth === 0 ? activeTape : null;
}

const plans = new WeakMap<tf.Tensor, RowPlan>();

/** Rows by group, remembered for as long as the tensor lives: every network of a step asks for the same. */
export function planOf(groups: tf.Tensor2D, rows: number, groupCount: number | null): RowPlan {
  if (groupCount === null) return planRows(rows);
  let plan = plans.get(groups);
  if (plan === undefined) {
    invariant(groups.shape[0] === rows && groups.shape[1] === groupCount, 'groups one-hot (B,G)');
    plan = planRowsByGroup(indexOfOnes(groups.dataSync<'float32'>(), rows, groupCount), groupCount);
    plans.set(groups, plan);
  }
  return plan;
}

function indexOfOnes(oneHot: Float32Array, rows: number, columns: number): Int32Array {
  const index = new Int32Array(rows);
  for (let r = 0; r < rows; r += 1) {
    const at = oneHot.subarray(r * columns, (r + 1) * columns).indexOf(1);
    invariant(at >= 0, 'a row of groups has one 1');
    index[r] = at;
  }
  return index;
}
