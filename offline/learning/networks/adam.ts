import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './parameter.ts';

export interface AdamOptions {
  readonly learningRate: number;
  /** Decoupled: w ← w − lr · weightDecay · w. */
  readonly weightDecay: number;
  /** Gradients of one update are scaled down to this Euclidean norm. */
  readonly maxGradientNorm: number;
}

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/**
 * Adam with bias correction and decoupled weight decay (Kingma & Ba 2015, Algorithm 1; Loshchilov & Hutter 2019)
 * on typed arrays: for networks of a few thousand weights ten tensor kernels per parameter cost more than the
 * arithmetic, and the state stays plain data that a checkpoint can hold.
 */
export class Adam {
  readonly #options: AdamOptions;
  readonly #parameters: readonly Parameter[];
  readonly #moments: readonly { readonly m: Float32Array; readonly v: Float32Array }[];
  readonly #step = new Float64Array(1);

  constructor(parameters: readonly Parameter[], options: AdamOptions) {
    this.#options = options;
    this.#parameters = parameters;
    this.#moments = parameters.map((p) => ({
      m: new Float32Array(p.values.length),
      v: new Float32Array(p.values.length),
    }));
  }

  /** One update from the derivatives of `loss`; returns its value and the gradient norm before scaling. */
  minimize(loss: () => tf.Scalar): { readonly loss: number; readonly gradientNorm: number } {
    return tf.tidy(() => {
      const { value, grads } = tf.variableGrads(
        loss,
        this.#parameters.map((p) => p.variable),
      );
      const arrays = this.#parameters.map((p) => grads[p.variable.name].dataSync<'float32'>());
      const gradientNorm = Math.sqrt(arrays.reduce((sum, g) => sum + squaredNorm(g), 0));
      this.#apply(arrays, Math.min(1, this.#options.maxGradientNorm / (gradientNorm + 1e-12)));
      return { loss: value.dataSync()[0], gradientNorm };
    });
  }

  /** Moments and step counter by reference. */
  state(): Readonly<Record<string, Float32Array | Float64Array>> {
    const moments = this.#moments.flatMap(({ m, v }, p) => [[`m${p}`, m] as const, [`v${p}`, v] as const]);
    return { step: this.#step, ...Object.fromEntries(moments) };
  }

  #apply(gradients: readonly Float32Array[], scale: number): void {
    this.#step[0] += 1;
    const step = this.#step[0];
    const { learningRate, weightDecay } = this.#options;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    this.#parameters.forEach((parameter, p) => {
      const { m, v } = this.#moments[p];
      const g = gradients[p];
      const w = parameter.values;
      const decay = parameter.decays ? learningRate * weightDecay : 0;
      for (let i = 0; i < w.length; i += 1) {
        const gi = g[i] * scale;
        m[i] = beta1 * m[i] + (1 - beta1) * gi;
        v[i] = beta2 * v[i] + (1 - beta2) * gi * gi;
        w[i] -= (rate * m[i]) / (Math.sqrt(v[i]) + epsilon) + decay * w[i];
      }
      parameter.upload();
    });
  }
}

function squaredNorm(values: Float32Array): number {
  let sum = 0;
  // Not for…of, which asks an iterator for every value.
  for (let i = 0; i < values.length; i += 1) sum += values[i] * values[i];
  return sum;
}
