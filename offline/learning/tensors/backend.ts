import * as tf from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { AllotError } from '../../../src/core/errors.ts';
import { activateKernel, kernelVersion, type KernelName } from '../kernels/active-kernel.ts';
import { registerFusedForward } from '../networks/fused-forward.ts';
import { registerGradients } from './gradients.ts';

export interface Backend {
  readonly name: 'tensorflow-native' | 'wasm' | 'cpu';
  /** Why this one: what loaded, or what the faster ones failed with. */
  readonly reason: string;
}

export type BackendPreference = 'auto' | Backend['name'];

// Resolves from this file, so that it works from the repository, from dist/ and from an installed package.
const require = createRequire(import.meta.url);
const nativePackage = '@tensorflow/tfjs-node';

let chosen: Promise<Backend> | undefined;

/**
 * Picks what trains in this process once:
 *
 * - `tensorflow-native`: everything on TensorFlow's C library;
 * - `wasm`: networks on our kernel, WebAssembly with SIMD, and the small operations of the losses on TensorFlow's JavaScript
 *   backend, where they cost less than a call into a WebAssembly heap (`docs/adr/0011-training-kernel.md`);
 * - `cpu`: the same with the kernel's definition in plain JavaScript.
 *
 * Native where it loads *and* one Adam step, gather and concat really run (on Node 24 it loads and then fails inside them),
 * else the next one. A backend asked for by name that does not work here is refused (`config_invalid`), never replaced.
 *
 * The native backend is fastest with one thread per process: whoever spawns a training process sets
 * `TF_NUM_INTRAOP_THREADS=1`, which also makes its sums repeatable.
 */
export async function chooseBackend(preference: BackendPreference = 'auto'): Promise<Backend> {
  const current = await chosen;
  if (current !== undefined && (preference === 'auto' || preference === current.name)) return current;
  chosen = tryInOrder(preference === 'auto' ? ['tensorflow-native', 'wasm', 'cpu'] : [preference]);
  try {
    return await chosen;
  } catch (error) {
    chosen = undefined;
    throw error;
  }
}

const loaders = {
  'tensorflow-native': loadNative,
  wasm: () => loadPortable('simd'),
  cpu: () => loadPortable('js'),
};

async function tryInOrder(names: readonly Backend['name'][]): Promise<Backend> {
  registerGradients();
  const failures: string[] = [];
  for (const name of names) {
    try {
      const kernel = await loaders[name]();
      probe();
      const ran = `${name}: Adam step, gather and concat ran`;
      return { name, reason: [...failures, kernel === null ? ran : `${ran}, ${kernel}`].join('; ') };
    } catch (error) {
      failures.push(`${name}: ${firstLine(error)}`);
    }
  }
  throw new AllotError('config_invalid', `no such TensorFlow backend works here: ${failures.join('; ')}`);
}

async function loadNative(): Promise<null> {
  // The package is optional: its path is computed so that neither the compiler nor a bundler asks for it.
  await import(pathToFileURL(require.resolve(nativePackage)).href);
  if (!(await tf.setBackend('tensorflow'))) throw new Error('the native backend did not initialise');
  activateKernel(null);
  return null;
}

/** What computes the networks, in words. */
async function loadPortable(name: KernelName): Promise<string> {
  // Else it advises on stderr to install the native backend, which was tried before.
  tf.enableProdMode();
  await import('@tensorflow/tfjs-backend-cpu');
  if (!(await tf.setBackend('cpu'))) throw new Error('the JavaScript backend did not initialise');
  registerFusedForward();
  activateKernel(name);
  return `networks on kernel ${kernelVersion} (${name})`;
}

/** One Adam step on w² from 5 must move w by the learning rate; gather and concat must give their values. */
function probe(): void {
  tf.tidy(() => {
    const w = tf.variable(tf.tensor1d([5]));
    const optimizer = tf.train.adam(0.5);
    optimizer.minimize(() => tf.sum(tf.square(w)));
    const moved = w.dataSync()[0];
    optimizer.dispose();
    w.dispose();
    const gathered = tf.gather(tf.tensor1d([1, 2, 3]), tf.tensor1d([2, 0], 'int32'));
    const joined = tf.concat([gathered, tf.tensor1d([4])]).dataSync();
    if (Math.abs(moved - 4.5) > 1e-3 || joined.join() !== '3,1,4')
      throw new Error(`the probe gave ${moved} and [${joined.join()}]`);
  });
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0].slice(0, 160);
