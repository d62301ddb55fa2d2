import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { softmax } from '../../../src/core/math/softmax.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import { compileNetwork, outputWidthOf, weightCountOf } from '../../../src/core/policy/network.ts';
import { golden } from '../support.ts';

interface Golden {
  networks: {
    name: string;
    layers: LayerSpec[];
    weights: number[];
    cases: { input: number[]; group: number; logits: number[]; probabilities: number[] }[];
  }[];
}

const { networks } = golden<Golden>('forward');

function logitsOf(layers: LayerSpec[], weights: Float32Array, input: number[], group: number): number[] {
  const network = compileNetwork(layers, weights);
  const out = new Float64Array(outputWidthOf(layers[layers.length - 1]));
  network.forward(Float32Array.from(input), group, out);
  return [...out];
}

describe('the forward pass', () => {
  it.each(networks)('gives the golden logits and probabilities: $name', ({ layers, weights, cases }) => {
    for (const { input, group, logits, probabilities } of cases) {
      const found = Float64Array.from(logitsOf(layers, Float32Array.from(weights), input, group));
      logits.forEach((z, a) => expect(Math.abs(found[a] - z)).toBeLessThan(1e-12));
      softmax(found, found);
      probabilities.forEach((p, a) => expect(Math.abs(found[a] - p)).toBeLessThan(1e-12));
    }
  });

  it('leaves nothing behind from one call to the next', () => {
    const { layers, weights, cases } = networks[4];
    const network = compileNetwork(layers, Float32Array.from(weights));
    const run = (i: number): number[] => {
      const out = new Float64Array(2);
      network.forward(Float32Array.from(cases[i].input), cases[i].group, out);
      return [...out];
    };
    const alone = run(0);
    run(7);
    expect(run(0)).toEqual(alone);
  });

  it('touches only the block of the selected group', () => {
    const layers: LayerSpec[] = [
      {
        kind: 'group-routed',
        groups: 3,
        in: 2,
        out: 4,
        activation: 'silu',
        layerNorm: true,
        concatInput: true,
      },
      { kind: 'dense', in: 6, out: 2, activation: 'none' },
    ];
    const random = createRandom(1);
    const weights = Float32Array.from({ length: weightCountOf(layers) }, () => random.normal());
    const before = [0, 1, 2].map((group) => logitsOf(layers, weights, [0.5, -1], group));
    const perBlock = (2 + 1) * 4 + 2 * 4;
    for (let changed = 0; changed < 3; changed++) {
      const altered = weights.slice();
      for (let i = changed * perBlock; i < (changed + 1) * perBlock; i++) altered[i] += 1 + i / 10;
      for (let group = 0; group < 3; group++) {
        const after = logitsOf(layers, altered, [0.5, -1], group);
        if (group === changed) expect(after).not.toEqual(before[group]);
        else expect(after).toEqual(before[group]);
      }
    }
    expect(new Set(before.map((logits) => logits[0])).size).toBe(3);
  });

  it.each([-1, 3, 1.5, NaN])('treats the unknown group %d as group 0', (group) => {
    const { layers, weights, cases } = networks[5];
    const w = Float32Array.from(weights);
    expect(logitsOf(layers, w, cases[4].input, group)).toEqual(logitsOf(layers, w, cases[4].input, 0));
  });

  it('refuses weights that do not fit the layers', () => {
    expect(() => compileNetwork(networks[1].layers, new Float32Array(3))).toThrow(/do not fit/);
  });
});
