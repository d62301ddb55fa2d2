import { describe, expect, it } from 'vitest';
import { displacedTime } from '../../offline/learning/data/displaced-time.ts';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { drawFeatures, worldSurface } from './learning-world.ts';

const surface = {
  ...worldSurface,
  responses: [
    ...worldSurface.responses,
    { ...worldSurface.responses[0], name: 'short', role: 'auxiliary' as const, interaction: 'short' },
  ],
};

/** Short video is 60 s of a unit's day, of which a live stream takes 10 + 30 · interest; busy units get fewer streams. */
function log(rows: number, seed: number): Dataset {
  const random = createRandom(seed);
  const features = Array.from({ length: rows }, () => drawFeatures(random));
  const insert = features.map((values) => 0.15 + 0.6 * Number(values['quality']));
  const actions = Int32Array.from(insert, (p) => (random.uniform() < p ? 1 : 0));
  const short = Float64Array.from(features, (values, i) => {
    const there = 60 + 80 * Number(values['quality']);
    const taken = 10 + 30 * Number(values['interest']);
    return there - actions[i] * taken + 10 * random.normal();
  });
  return {
    manifest: { surface },
    rows,
    features,
    defaulted: features.map(() => []),
    groups: Int32Array.from(features, (v) => (Number(v['activeDays']) < 5 ? 1 : 2)),
    actions,
    propensities: Float64Array.from(actions, (a, i) => (a === 1 ? insert[i] : 1 - insert[i])),
    probabilities: Float64Array.from(insert.flatMap((p) => [1 - p, p])),
    isForced: new Uint8Array(rows),
    isComplete: new Uint8Array(rows).fill(1),
    responses: new Map([['short', short]]),
  } as unknown as Dataset;
}

const dataset = log(6000, 4);
const trainRows = Int32Array.from({ length: 4000 }, (_, i) => i);
const truth = (row: number): number => 10 + 30 * Number(dataset.features[row]['interest']);

describe('the displaced time', () => {
  it('is the causal difference for every state, where a comparison of means is far off', () => {
    const d = displacedTime(dataset, trainRows, 'short');
    expect(d.length).toBe(dataset.rows);
    const errors = [...d].slice(4000).map((value, i) => value - truth(4000 + i));
    expect(Math.abs(errors.reduce((a, b) => a + b, 0) / errors.length)).toBeLessThan(1.5);
    expect(Math.sqrt(errors.reduce((a, b) => a + b * b, 0) / errors.length)).toBeLessThan(4);
    const meanOf = (action: number): number => {
      const own = trainRows.filter((row) => dataset.actions[row] === action);
      return (
        own.reduce((sum, row) => sum + (dataset.responses.get('short') as Float64Array)[row], 0) / own.length
      );
    };
    expect(meanOf(0) - meanOf(1)).toBeLessThan(15);
  });

  it('by group is one number per group near 25, and heavy shrinkage makes the groups equal', () => {
    const d = displacedTime(dataset, trainRows, 'short', { method: 'group' });
    const values = [...new Set(d)];
    expect(values.length).toBe(2);
    for (const value of values) expect(Math.abs(value - 25)).toBeLessThan(4);
    const shrunk = [
      ...new Set(displacedTime(dataset, trainRows, 'short', { method: 'group', shrinkage: 1e9 })),
    ];
    expect(Math.abs(shrunk[0] - shrunk[1])).toBeLessThan(0.01);
  });

  it('never looks at rows that it was not given, at forced rows or at unknown outcomes', () => {
    const before = displacedTime(dataset, trainRows, 'short');
    const short = (dataset.responses.get('short') as Float64Array).slice();
    short.fill(1e6, 4000);
    short[0] = 1e6;
    short[1] = 1e6;
    const isForced = dataset.isForced.slice();
    isForced[0] = 1;
    const isComplete = dataset.isComplete.slice();
    isComplete[1] = 0;
    const spoilt = { ...dataset, isForced, isComplete, responses: new Map([['short', short]]) };
    const after = displacedTime(spoilt, trainRows, 'short');
    expect(Math.max(...after.map((value, row) => Math.abs(value - before[row])))).toBeLessThan(1);
  });

  it('is refused without the response, a null action or enough rows of both arms', () => {
    expect(() => displacedTime(dataset, trainRows, 'long')).toThrow(/no response named long/);
    const nowhere = {
      ...dataset,
      manifest: { surface: { ...surface, nullAction: null } },
    } as unknown as Dataset;
    expect(() => displacedTime(nowhere, trainRows, 'short')).toThrow(/null action/);
    expect(() => displacedTime(dataset, trainRows.slice(0, 40), 'short')).toThrow(/at least 30/);
  });
});
