import * as tf from '@tensorflow/tfjs-core';
import { AllotError } from '../../src/core/errors.ts';
import type { PolicyArtifact } from '../../src/core/policy/artifact.ts';
import { compileEncoder } from '../../src/core/policy/encoder.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import { groupIndex } from '../../src/core/surface/groups.ts';
import type { FeatureValues, Surface } from '../../src/core/surface/surface.ts';
import { Network } from './networks/network.ts';
import { createRandom } from '../../src/core/math/random.ts';

export interface State {
  readonly values: FeatureValues;
  readonly defaulted: readonly string[];
}

export interface Parity {
  readonly states: number;
  /** Largest |p_core − p_TensorFlow| over states and actions. */
  readonly maxDifference: number;
}

export const parityBound = 1e-5;
export const parityStates = 10_000;

/** Compares the artifact as it will be served (core, typed arrays) with TensorFlow on the same states. */
export function measureParity(artifact: PolicyArtifact, surface: Surface, states: readonly State[]): Parity {
  const policy = compilePolicy(artifact, surface);
  const expected = tensorflowProbabilities(artifact, surface, states);
  const out = new Float64Array(policy.actionCount);
  let maxDifference = 0;
  states.forEach(({ values, defaulted }, i) => {
    policy.probabilities(values, defaulted, out);
    out.forEach((p, a) => {
      const difference = Math.abs(p - expected[i * policy.actionCount + a]);
      // NaN compares as false everywhere: keep it instead of losing it.
      if (!(difference <= maxDifference)) maxDifference = difference;
    });
  });
  return { states: states.length, maxDifference };
}

/** `artifact_invalid` when the two differ by more than 1e-5 in any probability. */
export function refuseDisparity(parity: Parity): void {
  if (parity.maxDifference <= parityBound) return;
  throw new AllotError(
    'artifact_invalid',
    `the artifact differs from the trained network by ${parity.maxDifference.toExponential(2)} in a probability; the limit is ${parityBound}`,
  );
}

function tensorflowProbabilities(
  artifact: PolicyArtifact,
  surface: Surface,
  states: readonly State[],
): Float32Array {
  const { encoder, network: layers, groups, actions } = artifact.header;
  const encode = compileEncoder(encoder);
  const groupCount = surface.groups?.names.length ?? 1;
  const network = new Network(layers, createRandom(0));
  network.importWeights(artifact.weights);
  const out = new Float32Array(states.length * actions.length);
  const slice = 2048;
  for (let from = 0; from < states.length; from += slice) {
    const part = states.slice(from, from + slice);
    const inputs = new Float32Array(part.length * encoder.width);
    const oneHot = new Float32Array(part.length * groupCount);
    part.forEach(({ values, defaulted }, b) => {
      encode(values, defaulted, inputs.subarray(b * encoder.width, (b + 1) * encoder.width));
      oneHot[b * groupCount + groupIndex(groups, values, defaulted)] = 1;
    });
    const probabilities = tf.tidy(() =>
      tf
        .softmax(
          network.forward(
            tf.tensor2d(inputs, [part.length, encoder.width]),
            tf.tensor2d(oneHot, [part.length, groupCount]),
          ),
        )
        .dataSync<'float32'>(),
    );
    out.set(probabilities, from * actions.length);
  }
  network.dispose();
  return out;
}
