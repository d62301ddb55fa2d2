import * as tf from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { cqlConfig } from '../../offline/learning/algorithms/cql/config.ts';
import { cqlLearner } from '../../offline/learning/algorithms/cql/learner.ts';
import { sacConfig } from '../../offline/learning/algorithms/sac/config.ts';
import { SacLearner } from '../../offline/learning/algorithms/sac/learner.ts';
import { batchOf, type TrainingData } from '../../offline/learning/data/training-data.ts';
import { activateKernel } from '../../offline/learning/kernels/active-kernel.ts';
import type { Learner } from '../../offline/learning/run/learner.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { createRandom } from '../../src/core/math/random.ts';

const rows = 100_000;
const width = 64;
const actionCount = 2;

/** Noise of the right shape: what a step costs does not depend on what it learns. */
function noise(): TrainingData {
  const random = createRandom(1);
  return {
    ...{ rows, width, actionCount, groupCount: 1, encoder: { inputs: [], width } },
    inputs: new Float32Array(rows * width).map(() => random.normal()),
    groups: new Int32Array(rows),
    actions: new Int32Array(rows).map(() => (random.uniform() < 0.5 ? 0 : 1)),
    eligible: new Uint8Array(rows * actionCount).fill(1),
    nextRow: new Int32Array(rows).map((_, i) => (i % 20 === 19 ? -1 : i + 1)),
    done: new Uint8Array(rows).map((_, i) => (i % 20 === 19 ? 1 : 0)),
    isComplete: new Uint8Array(rows).fill(1),
    isSteerable: new Uint8Array(rows).fill(1),
  };
}

/** d3rlpy's networks: ReLU, no layer norm. */
const network = { hidden: [256, 128], activation: 'relu', layerNorm: false, groupBlock: 0 };

function learnerOf(algorithm: string, data: TrainingData): Learner {
  const random = createRandom(2);
  const values = new Float32Array(rows).map(() => random.normal());
  const reward = { values, scale: 1, shift: 0, bound: 5 };
  const input = { data, reward, discount: 0.95, random };
  const raw = { network, warmUpSteps: 0 };
  return algorithm === 'sac'
    ? new SacLearner(input, sacConfig.parse(raw), 0.3)
    : cqlLearner(input, cqlConfig.parse(raw));
}

/** `native`, `portable`, or `stock`: the portable one as it was, every layer on tfjs' own WebAssembly operations. */
export async function useBackend(name: string): Promise<void> {
  if (name !== 'stock') {
    await chooseBackend(name === 'native' ? 'tensorflow-native' : 'wasm');
    return;
  }
  await chooseBackend('cpu');
  const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  const wasm = (await import('@tensorflow/tfjs-backend-wasm')) as unknown as {
    setWasmPaths(folder: string): void;
  };
  wasm.setWasmPaths(dirname(file) + sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the stock WebAssembly backend did not initialise');
  activateKernel(null);
}

export interface TrainingSpeed {
  readonly samplesPerSecond: number;
  /** Of one update on this process's threads; other work on the machine changes it less. */
  readonly cpuMsPerUpdate: number;
  readonly tensorsLeft: number;
}

/** Draws minibatches and updates for `seconds`, after some updates to warm up. */
export function measureTraining(algorithm: string, batchSize: number, seconds: number): TrainingSpeed {
  const data = noise();
  const learner = learnerOf(algorithm, data);
  const random = createRandom(3);
  const update = (): void => {
    const drawn = new Int32Array(batchSize).map(() => Math.floor(random.uniform() * rows));
    tf.tidy(() => learner.step(batchOf(data, drawn)));
  };
  for (let i = 0; i < 10; i += 1) update();
  const tensors = tf.memory().numTensors;
  const cpu = process.cpuUsage();
  const start = performance.now();
  let updates = 0;
  for (; performance.now() - start < seconds * 1000; updates += 1) update();
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    samplesPerSecond: (updates * batchSize) / elapsed,
    cpuMsPerUpdate: (user + system) / 1000 / updates,
    tensorsLeft: tf.memory().numTensors - tensors,
  };
}
