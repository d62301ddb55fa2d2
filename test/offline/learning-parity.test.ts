import { beforeAll, describe, expect, it } from 'vitest';
import { layersFor, networkConfig } from '../../offline/learning/config.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { fitEncoder } from '../../offline/learning/data/encoder-fit.ts';
import { exportPolicy } from '../../offline/learning/export-policy.ts';
import { Network } from '../../offline/learning/networks/network.ts';
import { measureParity, refuseDisparity, type State } from '../../offline/learning/parity.ts';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { EncoderSpec } from '../../src/core/policy/artifact.ts';
import { compileEncoder } from '../../src/core/policy/encoder.ts';
import { drawFeatures, worldSurface } from './learning-world.ts';

beforeAll(async () => {
  await chooseBackend();
});

const random = createRandom(21);
const states: State[] = Array.from({ length: 10_000 }, (_, i) => ({
  values: drawFeatures(random),
  defaulted: i % 7 === 0 ? ['activeDays', 'quality'] : [],
}));
const log = {
  features: states.map((s) => s.values),
  defaulted: states.map((s) => s.defaulted),
} as unknown as Dataset;
const trainRows = Int32Array.from({ length: 5000 }, (_, i) => 2 * i);
const encoder = fitEncoder(log, worldSurface, trainRows);

const lineage = {
  runId: null,
  snapshotHash: null,
  seed: 1,
  backend: null,
  codeVersion: 'test',
  config: {},
  createdAt: '2026-01-01T00:00:00.000Z',
};

describe('the artifact and TensorFlow', () => {
  it.each([
    { activation: 'silu', layerNorm: true, groupBlock: 16, hidden: [32, 32] },
    { activation: 'relu', layerNorm: false, groupBlock: 8, hidden: [64] },
    { activation: 'relu', layerNorm: true, groupBlock: 0, hidden: [16, 16, 16] },
  ])('agree within 1e-5 on 10,000 random states: $activation $hidden $groupBlock', (config) => {
    const layers = layersFor(networkConfig.parse(config), encoder.width, 4, 2);
    const network = new Network(layers, createRandom(5));
    const weights = network.exportWeights().map((w) => 3 * w);
    network.dispose();
    const actor = { layers, weights };
    const { artifact } = exportPolicy({ surface: worldSurface, algorithm: 'bc', encoder, actor, lineage });
    const parity = measureParity(artifact, worldSurface, states);
    expect(parity.states).toBe(10_000);
    expect(parity.maxDifference).toBeGreaterThan(0);
    expect(parity.maxDifference).toBeLessThanOrEqual(1e-5);
    refuseDisparity(parity);
  });

  it('that differ by more are refused', () => {
    expect(() => refuseDisparity({ states: 1, maxDifference: 2e-5 })).toThrow(/2\.00e-5/);
    expect(() => refuseDisparity({ states: 1, maxDifference: NaN })).toThrow(/NaN/);
  });
});

describe('a fitted encoder', () => {
  it('standardises on the training rows only, and takes log1p of a heavy non-negative tail', () => {
    const byName = new Map(encoder.inputs.map((input) => [input.feature, input]));
    const interest = byName.get('interest');
    const mean =
      trainRows.reduce((s, row) => s + Number(states[row].values['interest']), 0) / trainRows.length;
    expect(interest).toMatchObject({ transform: 'identity' });
    expect((interest as { mean: number }).mean).toBeCloseTo(mean, 12);
    expect(byName.get('fatigue')).toMatchObject({ transform: 'log1p' });
    const changed = states.map((s, i) => (i % 2 === 1 ? { ...s.values, interest: 1000 } : s.values));
    const other = fitEncoder({ ...log, features: changed }, worldSurface, trainRows);
    expect(other).toEqual(encoder);
  });

  it('gives training inputs of mean 0 and variance 1 through the encoder that serves', () => {
    const encode = compileEncoder(encoder satisfies EncoderSpec);
    const out = new Float32Array(encoder.width);
    let sum = 0;
    let squares = 0;
    for (const row of trainRows) {
      encode(states[row].values, [], out);
      sum += out[4];
      squares += out[4] ** 2;
    }
    expect(encoder.inputs[2].feature).toBe('fatigue');
    expect(sum / trainRows.length).toBeCloseTo(0, 4);
    expect(squares / trainRows.length).toBeCloseTo(1, 3);
  });

  it('keeps a feature that does not vary finite', () => {
    const flat = { ...log, features: states.map((s) => ({ ...s.values, hour: 12 })) };
    const hour = fitEncoder(flat, worldSurface, trainRows).inputs[3];
    expect(hour).toMatchObject({ feature: 'hour', mean: 12, std: 1 });
  });
});
