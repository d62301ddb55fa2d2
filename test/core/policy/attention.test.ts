import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { softmax } from '../../../src/core/math/softmax.ts';
import type { LayerSpec, TargetAttentionSpec } from '../../../src/core/policy/artifact.ts';
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

const { networks } = golden<Golden>('forward-attention');

function run(layers: LayerSpec[], weights: Float32Array, input: readonly number[]): number[] {
  const out = new Float64Array(outputWidthOf(layers[layers.length - 1]));
  compileNetwork(layers, weights).forward(Float32Array.from(input), 0, out);
  return [...out];
}

const random = createRandom(3);
/** Two query columns, three events of three columns, one more column. */
const attention: TargetAttentionSpec = {
  kind: 'target-attention',
  in: 12,
  query: [{ from: 0, width: 2 }],
  sequence: { from: 2, length: 3, width: 3 },
  dim: 4,
  heads: 2,
};
const weights = new Float32Array(weightCountOf([attention])).map(() => random.normal());
const attended = (input: readonly number[]): number[] => run([attention], weights, input).slice(3);
const [a, b, c] = [
  [1, 0.3, -2],
  [0.5, 1.1, 0.7],
  [0.25, -0.4, 0.2],
];
const none = [0, 0, 0];
const inputOf = (...events: number[][]): number[] => [0.4, -1.3, ...events.flat(), 7];

describe('embedding and target attention', () => {
  it.each(networks)('give the golden logits and probabilities: $name', ({ layers, weights: w, cases }) => {
    for (const { input, logits, probabilities } of cases) {
      const found = Float64Array.from(run(layers, Float32Array.from(w), input));
      logits.forEach((z, i) => expect(Math.abs(found[i] - z)).toBeLessThan(1e-12));
      softmax(found, found);
      probabilities.forEach((p, i) => expect(Math.abs(found[i] - p)).toBeLessThan(1e-12));
    }
  });

  it('leave nothing behind from one call to the next', () => {
    const { layers, weights: w, cases } = networks[1];
    const network = compileNetwork(layers, Float32Array.from(w));
    const call = (i: number): number[] => {
      const out = new Float64Array(2);
      network.forward(Float32Array.from(cases[i].input), 0, out);
      return [...out];
    };
    const alone = call(0);
    call(11);
    expect(call(0)).toEqual(alone);
  });
});

describe('target attention', () => {
  it('gives zeros when there are no events, and lets the other columns pass', () => {
    expect(run([attention], weights, inputOf(none, none, none))).toEqual([
      Math.fround(0.4),
      Math.fround(-1.3),
      7,
      0,
      0,
      0,
      0,
    ]);
  });

  it('is not changed by what stands in events that are not there', () => {
    const clean = attended(inputOf(a, none, none));
    expect(attended(inputOf(a, [0, 5, 9], [0, -3, 1]))).toEqual(clean);
    expect(attended(inputOf(a, [0, -3, 1], [0, 5, 9]))).toEqual(clean);
  });

  it('gives a single event the weight 1: its value, whatever is asked', () => {
    const dim = 4;
    const wv = weights.subarray((2 + 1 + 3) * dim);
    const value = Array.from({ length: dim }, (_, j) =>
      a.reduce((sum, x, i) => sum + Math.fround(x) * wv[i * dim + j], 0),
    );
    const found = attended(inputOf(none, a, none));
    value.forEach((v, j) => expect(found[j]).toBeCloseTo(v, 12));
    const asked = attended([9, 9, ...inputOf(none, a, none).slice(2)]);
    value.forEach((v, j) => expect(asked[j]).toBeCloseTo(v, 12));
  });

  it('does not depend on the order of events, and depends on what is asked', () => {
    const found = attended(inputOf(a, b, c));
    attended(inputOf(c, a, b)).forEach((v, j) => expect(v).toBeCloseTo(found[j], 12));
    expect(attended([2, 0, ...inputOf(a, b, c).slice(2)])).not.toEqual(found);
  });
});

describe('an embedding', () => {
  const layer: LayerSpec = {
    kind: 'embedding',
    in: 4,
    tables: [
      { rows: 3, dim: 2, columns: [0, 2] },
      { rows: 2, dim: 1, columns: [3] },
    ],
  };
  const table = Float32Array.from([0.5, 0.25, 1, 2, 3, 4, 8, 9]);

  it('replaces indices by rows where they stand, with shared tables', () => {
    expect(run([layer], table, [1, 7.5, 2, 1])).toEqual([1, 2, 7.5, 3, 4, 9]);
  });

  it.each([3, -1, 0.5, 1e9, NaN, Infinity])('takes the unknown row for %d', (index) => {
    expect(run([layer], table, [index, 7.5, 2, 1])).toEqual([0.5, 0.25, 7.5, 3, 4, 9]);
  });
});
