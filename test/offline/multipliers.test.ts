import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { minimumNormWeights, logitGradient } from '../../offline/learning/algorithms/pareto/losses.ts';
import { lagrangianAdvantage } from '../../offline/learning/multipliers/constrained-losses.ts';
import { DualAscent } from '../../offline/learning/multipliers/dual-ascent.ts';
import { HeldOutCosts } from '../../offline/learning/multipliers/evaluated-cost.ts';
import { limitsOf } from '../../offline/learning/multipliers/limits.ts';
import type { Multipliers } from '../../offline/learning/multipliers/multipliers.ts';
import { PidMultipliers } from '../../offline/learning/multipliers/pid.ts';
import { chooseCandidate } from '../../offline/learning/multipliers/select-on-validation.ts';
import { servedRows } from '../../offline/learning/multipliers/served-rows.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { worldSurface } from './learning-world.ts';

beforeAll(async () => {
  await chooseBackend();
});

const dual = (): Multipliers => new DualAscent(1, { rate: 0.5, initial: 0, maximum: 5 });
const pid = (): Multipliers =>
  new PidMultipliers(1, {
    proportionalGain: 1,
    integralGain: 0.5,
    derivativeGain: 0.3,
    smoothing: 0.3,
    initial: 0,
    maximum: 5,
  });

describe.each([
  ['dual ascent', dual],
  ['PID', pid],
])('%s', (_, create) => {
  it('rises while the limit is broken, ends at its maximum, and stays at 0 while there is slack', () => {
    const broken = create();
    const seen = [0];
    for (let i = 0; i < 40; i += 1) {
      broken.update([0.4]);
      seen.push(broken.values[0]);
    }
    expect(seen.every((value, i) => i === 0 || value >= seen[i - 1])).toBe(true);
    expect(broken.values[0]).toBe(5);
    const slack = create();
    for (let i = 0; i < 40; i += 1) slack.update([-0.4]);
    expect(slack.values[0]).toBe(0);
  });

  it('leaves its maximum at once when the cost falls: nothing is wound up', () => {
    const multipliers = create();
    for (let i = 0; i < 200; i += 1) multipliers.update([1]);
    for (let i = 0; i < 12; i += 1) multipliers.update([-1]);
    expect(multipliers.values[0]).toBeLessThan(5);
  });

  it('settles where the cost meets the limit, when the cost falls with λ', () => {
    const multipliers = create();
    for (let i = 0; i < 300; i += 1) multipliers.update([1.2 - 0.6 * multipliers.values[0]]);
    expect(multipliers.values[0]).toBeCloseTo(2, 2);
  });

  it('goes on from its arrays exactly as if it had not stopped', () => {
    const random = createRandom(3);
    const path = Array.from({ length: 30 }, () => random.normal());
    const straight = create();
    for (const delta of path) straight.update([delta]);
    const first = create();
    for (const delta of path.slice(0, 11)) first.update([delta]);
    const second = create();
    for (const [name, array] of Object.entries(second.state())) array.set(first.state()[name]);
    for (const delta of path.slice(11)) second.update([delta]);
    expect(second.state()).toEqual(straight.state());
  });
});

describe('limits', () => {
  it('come from the declared constraints, at-least as a cost of opposite sign', () => {
    const constraints = [
      { name: 'few', on: 'share-of-actions', direction: 'at-most', threshold: 0.3 },
      { name: 'liked', on: { response: 'like' }, direction: 'at-least', threshold: 0.05 },
    ] as const;
    const limits = limitsOf({ ...worldSurface, constraints }, null, new Map());
    expect(limits.map(({ on, sign }) => [on, sign])).toEqual([
      ['share-of-actions', 1],
      ['like', -1],
    ]);
  });

  it('on something that is not there are refused by field', () => {
    const asked = [{ on: 'anger', direction: 'at-most', threshold: 1 }] as const;
    expect(() => limitsOf(worldSurface, asked, new Map())).toThrow(/config\.limits\.0\.on/);
  });
});

describe('the Lagrangian advantage', () => {
  it('is (A_r/s_r + λ A_g/s_g) / (1 + λ), and without λ the main one alone', () => {
    const main = tf.tensor2d([[2, -2]]);
    const gain = tf.tensor2d([[-1, 1]]);
    const at = (lambda: number): number[] => [
      ...lagrangianAdvantage(main, [gain], [2, 0.5], [lambda]).dataSync(),
    ];
    expect(at(0)).toEqual([1, -1]);
    expect(at(1)[0]).toBeCloseTo((1 - 2) / 2, 6);
    expect(at(0.5)[0]).toBeCloseTo(0, 6);
  });
});

/** 400 rows of two actions at 50 %, cost 1 for action 1 and 0 for action 0. */
function log(): { dataset: Dataset; rows: Int32Array } {
  const random = createRandom(8);
  const rows = 400;
  const actions = Int32Array.from({ length: rows }, () => random.integer(2));
  const dataset = {
    manifest: { surface: worldSurface },
    rows,
    actions,
    propensities: new Float64Array(rows).fill(0.5),
    eligible: new Uint8Array(2 * rows).fill(1),
    features: Array.from({ length: rows }, () => ({})),
    isForced: new Uint8Array(rows),
    isComplete: new Uint8Array(rows).fill(1),
    units: Int32Array.from({ length: rows }, (_, i) => i >> 1),
    responses: new Map([['hide', Float64Array.from(actions)]]),
  } as unknown as Dataset;
  return { dataset, rows: Int32Array.from({ length: rows }, (_, i) => i) };
}

describe('evaluated cost', () => {
  const { dataset, rows } = log();
  const limits = limitsOf(
    worldSurface,
    [
      { on: 'hide', direction: 'at-most', threshold: 0.2 },
      { on: 'share-of-actions', direction: 'at-most', threshold: 0.2 },
    ],
    new Map(),
  );
  const held = new HeldOutCosts({
    dataset,
    surface: worldSurface,
    heldOut: rows,
    limits,
    columns: new Map(),
    clip: 20,
    mostRows: 1000,
  });
  const at = (insert: number): number[] => {
    const own = Float32Array.from({ length: 800 }, (_, i) => (i % 2 === 1 ? insert : 1 - insert));
    return held.evaluate(servedRows(worldSurface, dataset, rows, own)).map(({ value }) => value);
  };

  it('is that of the policy as served, not the mean of the log, which no policy changes', () => {
    const floored = (p: number): number => 0.95 * p + 0.025;
    for (const p of [0, 0.1, 0.5, 0.9]) {
      const [hide, share] = at(p);
      expect(share).toBeCloseTo(floored(p), 5);
      expect(Math.abs(hide - floored(p))).toBeLessThan(0.04);
    }
  });

  it('refuses to hold a limit on no rows', () => {
    const input = { dataset, surface: worldSurface, limits, columns: new Map<string, number[]>(), clip: 20 };
    expect(() => new HeldOutCosts({ ...input, heldOut: new Int32Array(0), mostRows: 9 })).toThrow(
      /validation/,
    );
  });
});

describe('selection', () => {
  const judgement = (mainLower: number | null, violation: number) => ({
    mainLower,
    gates: [],
    isFeasible: violation === 0,
    violation,
  });

  it('takes the best lower bound among those that pass, and with none the least violation', () => {
    expect(chooseCandidate([judgement(9, 0.1), judgement(3, 0), judgement(5, 0)])).toBe(2);
    expect(chooseCandidate([judgement(9, 0.3), judgement(1, 0.1), judgement(null, 0.05)])).toBe(1);
  });
});

describe('min-norm weights', () => {
  const g = (...values: number[]): Float32Array => Float32Array.from(values);

  it('are the closed form for two gradients, a corner when one dominates, and on the simplex', () => {
    const [a] = minimumNormWeights([g(1, 0), g(0, 2)]);
    expect(a).toBeCloseTo(0.8, 6);
    expect([...minimumNormWeights([g(1, 0), g(3, 0)])]).toEqual([1, 0]);
    const weights = minimumNormWeights([g(1, 2, 0), g(-1, 1, 1), g(0, -1, 3)]);
    expect(weights.reduce((x, y) => x + y, 0)).toBeCloseTo(1, 9);
  });

  it('give a direction that improves every objective', () => {
    const gradients = [g(1, 0.2, 0), g(-0.5, 1, 0.3), g(0.1, -0.2, 2)];
    const weights = minimumNormWeights(gradients);
    const combined = [0, 1, 2].map((k) => gradients.reduce((sum, x, i) => sum + weights[i] * x[k], 0));
    for (const gradient of gradients)
      expect(combined.reduce((sum, c, k) => sum + c * gradient[k], 0)).toBeGreaterThan(0);
  });

  it('rest on the exact derivative of the objective with respect to the logits', () => {
    const logits = tf.tensor2d([
      [0.3, -0.4, 1],
      [0, 0.5, -1],
    ]);
    const advantage = tf.tensor2d([
      [1, 2, -1],
      [0.5, -2, 1],
    ]);
    const mask = tf.tensor1d([1, 1]);
    const own = logitGradient(advantage, tf.softmax(logits), mask);
    const h = 1e-2;
    const loss = (i: number, shift: number): number => {
      const moved = logits.dataSync<'float32'>().slice();
      moved[i] += shift;
      const p = tf.softmax(tf.tensor2d(moved, [2, 3]));
      return -tf.mean(tf.sum(tf.mul(p, advantage), 1)).dataSync()[0];
    };
    own.forEach((value, i) => expect(value).toBeCloseTo((loss(i, h) - loss(i, -h)) / (2 * h), 3));
  });
});
