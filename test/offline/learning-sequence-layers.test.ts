import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { layersFor, networkConfig } from '../../offline/learning/config.ts';
import { fitEncoder, fitLinearEncoder } from '../../offline/learning/data/encoder-fit.ts';
import { exportPolicy } from '../../offline/learning/export-policy.ts';
import { Network } from '../../offline/learning/networks/network.ts';
import { measureParity, type State } from '../../offline/learning/parity.ts';
import { activateKernel } from '../../offline/learning/kernels/active-kernel.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { LayerSpec } from '../../src/core/policy/artifact.ts';
import { compileEncoder } from '../../src/core/policy/encoder.ts';
import { checkSurface } from '../../src/core/surface/check-surface.ts';
import type { FeatureValues, Surface } from '../../src/core/surface/surface.ts';
import { worldSurface } from './learning-world.ts';

beforeAll(async () => {
  await chooseBackend();
});

/** Everything at once: two sequences around plain features, a shared vocabulary, fields that may be missing. */
const surface: Surface = {
  ...worldSurface,
  features: [
    {
      name: 'lives',
      type: 'sequence',
      length: 4,
      default: [],
      fields: [
        { name: 'author', type: 'hashed', buckets: 30, default: '' },
        { name: 'watch', type: 'numeric', min: 0, max: 1e6 },
      ],
    },
    { name: 'author', type: 'hashed', buckets: 30, default: '' },
    { name: 'activeDays', type: 'numeric', min: 0, max: 30, default: 0 },
    { name: 'device', type: 'categorical', values: ['phone', 'tablet', 'tv'] },
    {
      name: 'shorts',
      type: 'sequence',
      length: 3,
      fields: [{ name: 'topic', type: 'categorical', values: ['a', 'b', 'c', 'd'], default: 'a' }],
    },
    { name: 'interest', type: 'numeric', min: -10, max: 10 },
  ],
};

const random = createRandom(5);
const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)];
const some = (most: number, event: () => object): object[] =>
  Array.from({ length: random.integer(most + 1) }, event);

const draw = (): FeatureValues =>
  ({
    lives: some(4, () => ({
      watch: Math.exp(3 * random.normal()),
      ...(random.uniform() < 0.7 ? { author: `author-${random.integer(20)}` } : {}),
    })),
    author: random.uniform() < 0.9 ? `author-${random.integer(20)}` : '',
    activeDays: random.integer(31),
    device: pick(['phone', 'tablet', 'tv']),
    shorts: some(3, () => (random.uniform() < 0.8 ? { topic: pick(['a', 'b', 'c', 'd']) } : {})),
    interest: random.normal(),
  }) as unknown as FeatureValues;

const states: State[] = Array.from({ length: 3000 }, (_, i) => ({
  values: draw(),
  defaulted: i % 9 === 0 ? ['activeDays', 'lives'] : [],
}));
const log = { features: states.map((s) => s.values) } as unknown as Dataset;
const trainRows = Int32Array.from({ length: 1500 }, (_, i) => 2 * i);
const encoder = fitEncoder(log, surface, trainRows);

describe('the encoder of sequences', () => {
  it('is fitted on the events of the training rows, and on nothing else', () => {
    expect(checkSurface(surface)).toEqual([]);
    const lives = encoder.inputs[0];
    if (lives.kind !== 'sequence') throw new Error('a sequence');
    const watches = [...trainRows].flatMap((row) =>
      (states[row].values['lives'] as unknown as { watch: number }[]).map(({ watch }) => Math.log1p(watch)),
    );
    const mean = watches.reduce((a, b) => a + b) / watches.length;
    expect(lives.fields[1]).toMatchObject({ kind: 'numeric', transform: 'log1p' });
    expect((lives.fields[1] as { mean: number }).mean).toBeCloseTo(mean, 10);
    const changed = states.map(({ values }, i) => (i % 2 === 0 ? values : draw()));
    expect(fitEncoder({ ...log, features: changed }, surface, trainRows)).toEqual(encoder);
  });

  it('stays finite where nobody has had an event', () => {
    const empty = states.map(({ values }) => ({ ...values, lives: [] }));
    const fitted = fitEncoder({ ...log, features: empty }, surface, trainRows);
    expect(fitted.inputs[0]).toMatchObject({ fields: [{}, { mean: 0, std: 1 }] });
  });

  it('leaves to a linear model what it can read', () => {
    const names = fitLinearEncoder(log, surface, trainRows).inputs.map((input) => input.feature);
    expect(names).toEqual(['activeDays', 'device', 'interest']);
  });

  it('indexes large categorical features where it is asked to', () => {
    const embeddings = { dim: 'auto' as const, categoricalFrom: 3 };
    const kinds = fitEncoder(log, surface, trainRows, { embeddings }).inputs.map((input) => input.kind);
    expect(kinds[3]).toBe('categorical-index');
    expect(encoder.inputs[3].kind).toBe('categorical');
  });
});

describe('the layers of a network', () => {
  it('are those of before on a surface without such features, whatever the config says of them', () => {
    const plain = fitEncoder(
      { features: states.map(({ values }) => values) } as unknown as Dataset,
      { ...surface, features: surface.features.filter((f) => f.type !== 'sequence' && f.type !== 'hashed') },
      trainRows,
    );
    const before = layersFor(networkConfig.parse({}), plain.width, 4, 2);
    expect(layersFor(networkConfig.parse({}), plain, 4, 2)).toEqual(before);
    expect(layersFor(networkConfig.parse({ attention: { dim: 8 } }), plain, 4, 2)).toEqual(before);
    expect(Object.keys(networkConfig.parse({}))).toEqual(['hidden', 'activation', 'layerNorm', 'groupBlock']);
  });

  it('share a table among features and fields of one vocabulary', () => {
    const [embedding, ...rest] = layersFor(networkConfig.parse({}), encoder, 4, 2);
    if (embedding.kind !== 'embedding') throw new Error('an embedding');
    expect(embedding.tables.map(({ rows, columns }) => [rows, columns.length])).toEqual([
      [30, 4 + 1],
      [5, 3],
    ]);
    expect(rest.slice(0, 3).map(({ kind }) => kind)).toEqual([
      'target-attention',
      'target-attention',
      'dense',
    ]);
  });

  it('refuse a query that is not a plain feature', () => {
    const config = (query: string[]) => networkConfig.parse({ attention: { query } });
    expect(() => layersFor(config(['lives']), encoder, 4, 2)).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
    expect(() => layersFor(config(['device', 'interest']), encoder, 4, 2)).not.toThrow();
    expect(() => networkConfig.parse({ attention: { dim: 5, heads: 2 } })).toThrow(/divides dim/);
  });
});

const lineage = {
  ...{ runId: null, snapshotHash: null, seed: 1, backend: null, codeVersion: 'test', config: {} },
  createdAt: '2026-01-01T00:00:00.000Z',
};

describe('the artifact and the trained network', () => {
  it.each<[string, object, object]>([
    ['with attention', {}, {}],
    [
      'with one head that named features ask',
      { attention: { dim: 5, heads: 1, query: ['interest', 'device'] } },
      {},
    ],
    ['with indexed categories', { embeddings: { dim: 3, categoricalFrom: 2 }, activation: 'relu' }, {}],
    ['without attention', { attention: null, groupBlock: 0 }, {}],
  ])('agree within 1e-5 on random states with sequences: %s', (_what, raw) => {
    const config = networkConfig.parse(raw);
    const own = fitEncoder(log, surface, trainRows, config);
    const layers = layersFor(config, own, 4, 2);
    const network = new Network(layers, createRandom(5));
    const actor = { layers, weights: network.exportWeights().map((w) => 2 * w) };
    network.dispose();
    const { artifact } = exportPolicy({ surface, algorithm: 'bc', encoder: own, actor, lineage });
    const parity = measureParity(artifact, surface, states);
    expect(parity.maxDifference).toBeGreaterThan(0);
    expect(parity.maxDifference).toBeLessThanOrEqual(1e-5);
  });
});

/** Inputs of the first rows, as float32 (B,width), and groups. */
function batch(rows: number): { x: tf.Tensor2D; groups: tf.Tensor2D } {
  const encode = compileEncoder(encoder);
  const x = new Float32Array(rows * encoder.width);
  for (let b = 0; b < rows; b += 1)
    encode(states[b].values, [], x.subarray(b * encoder.width, (b + 1) * encoder.width));
  const groups = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: rows }, (_, b) => b % 4),
      'int32',
    ),
    4,
    1,
    0,
    'float32',
  ) as tf.Tensor2D;
  return { x: tf.tensor2d(x, [rows, encoder.width]), groups };
}

const layers: LayerSpec[] = layersFor(
  networkConfig.parse({ hidden: [6], attention: { dim: 4, heads: 2 }, embeddings: { dim: 3 } }),
  encoder,
  4,
  2,
);

describe('the derivative of embedding and attention', () => {
  it('is that of finite differences, for every parameter, also in the middle of a network', () => {
    const network = new Network(layers, createRandom(7));
    for (const p of network.parameters) {
      for (let i = 0; i < p.values.length; i += 1) p.values[i] += 0.3 * random.normal();
      p.upload();
    }
    const { x, groups } = batch(12);
    const weights = tf.tensor2d(
      Float32Array.from({ length: 24 }, () => random.normal()),
      [12, 2],
    );
    const loss = (): tf.Scalar => tf.sum(tf.mul(network.forward(x, groups), weights));
    const { grads } = tf.variableGrads(loss);
    // Two tables and, for each of two sequences, Wq, bq, Wk, Wv.
    for (const p of network.parameters.slice(0, 10)) {
      const gradient = grads[p.variable.name].dataSync();
      const size = Math.max(...gradient.map(Math.abs));
      const step = 5e-3;
      for (let k = 0; k < 12; k += 1) {
        const i = random.integer(p.values.length);
        const at = (change: number): number => {
          const before = p.values[i];
          p.values[i] = before + change;
          p.upload();
          const value = tf.tidy(() => loss().dataSync()[0]);
          p.values[i] = before;
          p.upload();
          return value;
        };
        const found = (at(step) - at(-step)) / (2 * step);
        expect(Math.abs(found - gradient[i])).toBeLessThan(5e-3 * Math.max(1, size));
      }
    }
    network.dispose();
  });

  it('reaches the rows of a table that were used, and no other; none is left over as a tensor', () => {
    const network = new Network(layers, createRandom(8));
    const { x, groups } = batch(3);
    const before = tf.memory().numTensors;
    const touched = tf.tidy(() => {
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(network.forward(x, groups))));
      const gradient = grads[network.parameters[0].variable.name].dataSync();
      const rows = new Set([...gradient].flatMap((g, i) => (g === 0 ? [] : [Math.floor(i / 3)])));
      return tf.tensor1d([...rows].sort((a, b) => a - b));
    });
    const found = new Set(touched.dataSync());
    touched.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const values = x.dataSync();
    const [embedding] = layers;
    if (embedding.kind !== 'embedding') throw new Error('an embedding');
    const used = new Set<number>();
    for (let b = 0; b < 3; b += 1)
      for (const column of embedding.tables[0].columns) {
        // An event that is not there reads row 0, but gives it nothing.
        const isPadding = column < 16 && values[b * encoder.width + Math.floor(column / 4) * 4] === 0;
        if (!isPadding) used.add(values[b * encoder.width + column]);
      }
    expect([...found].sort()).toEqual([...used].sort());
    network.dispose();
  });

  it('is the same beside the kernel and beside operations', async () => {
    await chooseBackend('wasm');
    const network = new Network(layers, createRandom(9));
    const { x, groups } = batch(20);
    const computed = (kernel: 'simd' | 'js' | null): number[] => {
      activateKernel(kernel);
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(network.forward(x, groups))));
      return network.parameters.flatMap((p) => [...grads[p.variable.name].dataSync()]);
    };
    const reference = computed(null);
    const size = Math.max(...reference.map(Math.abs));
    for (const kernel of ['simd', 'js'] as const)
      computed(kernel).forEach((g, i) => expect(Math.abs(g - reference[i])).toBeLessThan(1e-5 * size));
    activateKernel('simd');
    network.dispose();
  });
});
