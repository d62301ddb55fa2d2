import { invariant } from '../../../src/core/check.ts';
import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';

/** How a layer's arrays are kept for training, and their translation from and to the artifact's layout. */

export type ParameterRole = 'kernel' | 'bias' | 'gamma' | 'beta';

interface ParameterShape {
  readonly role: ParameterRole;
  readonly shape: readonly number[];
}

export function parameterShapes(layer: LayerSpec): readonly ParameterShape[] {
  switch (layer.kind) {
    case 'dense':
      return [
        { role: 'kernel', shape: [layer.in, layer.out] },
        { role: 'bias', shape: [layer.out] },
      ];
    case 'layer-norm':
      return [
        { role: 'gamma', shape: [layer.size] },
        { role: 'beta', shape: [layer.size] },
      ];
    case 'group-routed': {
      const { groups, out } = layer;
      const block: ParameterShape[] = [
        { role: 'kernel', shape: [layer.in, groups * out] },
        { role: 'bias', shape: [groups * out] },
      ];
      if (layer.layerNorm)
        block.push({ role: 'gamma', shape: [groups, out] }, { role: 'beta', shape: [groups, out] });
      return block;
    }
  }
}

/** He initialisation, normal with variance 2/in; the output layer starts 100 times smaller: near-uniform logits. */
export function initialValues(
  layer: LayerSpec,
  role: ParameterRole,
  shape: readonly number[],
  random: Random,
  isOutput: boolean,
): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  if (role === 'gamma') return values.fill(1);
  if (role !== 'kernel' || layer.kind === 'layer-norm') return values;
  const std = Math.sqrt(2 / layer.in) * (isOutput ? 0.1 : 1);
  for (let i = 0; i < values.length; i += 1) values[i] = std * random.normal();
  return values;
}

export function weightCount(layers: readonly LayerSpec[]): number {
  return layers.reduce(
    (sum, layer) => sum + parameterShapes(layer).reduce((s, p) => s + p.shape.reduce((a, b) => a * b, 1), 0),
    0,
  );
}

type Arrays = readonly (readonly Float32Array[])[];

/** Calls back with (array, index in it, index in the artifact) for every weight, in artifact order. */
function walk(
  layers: readonly LayerSpec[],
  arrays: Arrays,
  visit: (array: Float32Array, i: number, at: number) => void,
): number {
  let at = 0;
  layers.forEach((layer, l) => {
    const own = arrays[l];
    if (layer.kind !== 'group-routed') {
      for (const array of own) for (let i = 0; i < array.length; i += 1) visit(array, i, at++);
      return;
    }
    const { groups, out } = layer;
    for (let g = 0; g < groups; g += 1) {
      for (let r = 0; r < layer.in; r += 1)
        for (let c = 0; c < out; c += 1) visit(own[0], r * groups * out + g * out + c, at++);
      for (const array of own.slice(1)) for (let c = 0; c < out; c += 1) visit(array, g * out + c, at++);
    }
  });
  return at;
}

export function exportWeights(layers: readonly LayerSpec[], arrays: Arrays): Float32Array {
  const weights = new Float32Array(weightCount(layers));
  const written = walk(layers, arrays, (array, i, at) => (weights[at] = array[i]));
  invariant(written === weights.length, 'every weight is exported once');
  return weights;
}

export function importWeights(layers: readonly LayerSpec[], weights: Float32Array, arrays: Arrays): void {
  invariant(weights.length === weightCount(layers), 'the weights fit the layers');
  walk(layers, arrays, (array, i, at) => (array[i] = weights[at]));
}
