import { describe, expect, it } from 'vitest';
import { assign, isHeldOut } from '../../../src/core/experiment/assign.ts';
import type { Experiment, ExperimentState } from '../../../src/core/experiment/experiment.ts';
import { reRandomisingChanges } from '../../../src/core/experiment/frozen-fields.ts';
import { DEFAULT_HEALTH, defaultRamp, type ExperimentPlan } from '../../../src/core/experiment/plan.ts';
import { blockUpTo, rampState } from '../../../src/core/experiment/ramp.ts';
import { changedExperiment, type ExperimentChange } from '../../../src/core/experiment/transition.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { fromHex, golden, runningExperiment } from '../support.ts';

const vectors = golden<{
  assignmentKey: string;
  ramp: {
    holdoutShare: number;
    layer: string;
    salt: string;
    shares: number[];
    units: { unitId: string; block: number | null; variant: string | null }[];
  };
  heldOut: { salt: string; share: number; unitId: string; isHeldOut: boolean }[];
}>('assignment');
const key = fromHex(vectors.assignmentKey);
const units = Array.from({ length: 1500 }, (_, i) => `u${String(i)}`);

const draft = (id: string): Experiment => ({
  ...runningExperiment,
  id,
  name: id,
  salt: `salt-${id}`,
  state: 'draft',
  holdoutShare: 0.05,
  blocks: [{ index: 0, fromBucket: 0, toBucket: 100, openedAt: 0 }],
});

describe('a ramp', () => {
  it('never moves a unit to another side or out of its block, over any sequence of ramps, pauses and other experiments', () => {
    const random = createRandom(77);
    for (let run = 0; run < 12; run++) {
      const experiments = [draft('e1'), draft('e2'), draft('e3')];
      const sides = new Map<string, string>();
      const inOther = new Map<string, string>();
      for (let step = 1; step < 25; step++) {
        const i = random.integer(3);
        experiments[i] = randomStep(experiments[i], random.integer(4), step);
        for (const unitId of units) {
          const found = assign(key, experiments, unitId);
          if (found === null) continue;
          const where = `${found.variant} of block ${String(found.block)}`;
          const name = `${found.experiment} ${unitId}`;
          expect(sides.get(name) ?? where).toBe(where);
          sides.set(name, where);
          // While an experiment holds a unit, no other one gets it.
          const before = inOther.get(unitId);
          const holder = experiments.find((e) => e.id === before);
          const isHeld = holder !== undefined && !['stopped', 'rolled-back', 'draft'].includes(holder.state);
          if (isHeld) expect(found.experiment).toBe(before);
          inOther.set(unitId, found.experiment);
        }
      }
      expect(sides.size).toBeGreaterThan(0);
    }
  });

  it('opens blocks that are split evenly, each for ever, up to its share', () => {
    const { ramp } = vectors;
    let experiment = {
      ...draft('g'),
      ...ramp,
      state: 'running' as const,
      blocks: [] as Experiment['blocks'],
    };
    ramp.shares.forEach((share, at) => {
      const block = blockUpTo(experiment.blocks, share, at);
      experiment = { ...experiment, blocks: [...experiment.blocks, block!] };
    });
    for (const { unitId, block, variant } of ramp.units) {
      const found = assign(key, [experiment], unitId);
      expect([unitId, found?.block ?? null, found?.variant ?? null]).toEqual([unitId, block, variant]);
    }
    expect(blockUpTo(experiment.blocks, 0.5, 9)).toBeNull();
  });

  it('holds out the units of the golden vectors, whatever their side', () => {
    for (const v of vectors.heldOut) expect(isHeldOut(v.salt, v.share, v.unitId)).toBe(v.isHeldOut);
    const share = units.filter((unit) => isHeldOut('s', 0.2, unit)).length / units.length;
    expect(Math.abs(share - 0.2)).toBeLessThan(0.05);
  });

  it('waits for time and for units, then goes on, and ends', () => {
    const ramp = defaultRamp(60, 50);
    const blocks = [{ index: 0, fromBucket: 0, toBucket: 100, openedAt: 0 }];
    const at = (now: number, unitsInBlock: number) => rampState(ramp, { blocks }, { now, unitsInBlock });
    expect(at(30_000, 500)).toMatchObject({ kind: 'waiting' });
    expect(at(60_000, 49)).toMatchObject({ kind: 'waiting', reason: '49 of 50 units of this step' });
    expect(at(60_000, 50)).toMatchObject({ kind: 'ready', next: { trafficShare: 0.05 } });
    const all = [{ index: 0, fromBucket: 0, toBucket: 5000, openedAt: 0 }];
    expect(rampState(ramp, { blocks: all }, { now: 1e9, unitsInBlock: 1e6 })).toEqual({ kind: 'complete' });
    expect(rampState(null, { blocks }, { now: 1e9, unitsInBlock: 1e6 })).toEqual({ kind: 'complete' });
  });

  it('puts listed units on their variant by hand, outside every block, and only while it serves', () => {
    const forced = {
      ...draft('f'),
      state: 'running' as const,
      forcedUnits: { u1: 'treatment', u2: 'nobody' },
    };
    expect(assign(key, [forced], 'u1')).toMatchObject({ variant: 'treatment', block: null });
    expect(assign(key, [{ ...forced, state: 'paused' }], 'u1')).toBeNull();
    expect(assign(key, [forced], 'u2')?.block).not.toBeNull();
  });
});

describe('a change of a running experiment', () => {
  const running = changedExperiment(draft('e'), { from: ['draft'], to: 'running' });

  it.each([
    ['method', { method: 'msprt' }],
    ['tunedAtUnits', { tunedAtUnits: 50 }],
    ['estimand', { estimand: 'per-unit' }],
    ['covariate', { covariate: { kind: 'feature', feature: 'hour' } }],
    ['metrics', { metrics: [] }],
  ] as const)('is refused when it would judge looks anew: %s', (field, change) => {
    const plan: ExperimentPlan = {
      ramp: null,
      metrics: [
        {
          name: 'watch',
          role: 'main',
          source: { response: 'watch' },
          rule: { kind: 'improve', better: 'higher' },
          budget: 1,
          winsorAt: null,
        },
      ],
      estimand: 'per-decision',
      minUnits: 100,
      tunedAtUnits: 2000,
      horizonUnits: null,
      covariate: null,
      confirmationShare: 0,
      health: DEFAULT_HEALTH,
      isApprovalNeeded: false,
    };
    const planned: Experiment = { ...running, plan };
    const revise = (state: ExperimentState, revised: Experiment) =>
      changedExperiment({ ...planned, state }, { from: [state], to: state, revised });
    const revised = { ...planned, plan: { ...plan, ...change } };
    for (const state of ['running', 'paused'] as const)
      expect(() => revise(state, revised)).toThrow(`changing ${field} would judge anew`);
    expect(() => revise('running', { ...planned, level: 0.9 })).toThrow('changing level would judge anew');
    expect(revise('draft', revised).plan).toEqual(revised.plan);
    // What says nothing of the verdict may still change; a method that is named is the one of before.
    const same = { ...plan, method: 'confidence-sequence', horizonUnits: 9000, minUnits: 500 } as const;
    expect(revise('running', { ...planned, plan: same }).plan).toEqual(same);
  });

  it.each([
    ['salt', { salt: 'new' }],
    ['layer', { layer: 'new' }],
    ['holdoutShare', { holdoutShare: 0.2 }],
    ['variants', { variants: [...running.variants].reverse() }],
    ['blocks', { blocks: [] }],
  ])('is refused when it would move units: %s', (field, change) => {
    const revised = { ...running, ...change };
    expect(reRandomisingChanges(running, revised)).toEqual([field]);
    const step: ExperimentChange = { from: ['running'], to: 'running', revised };
    expect(() => changedExperiment(running, step)).toThrow(field);
    expect(() =>
      changedExperiment({ ...running, state: 'draft' }, { ...step, from: ['draft'] }),
    ).not.toThrow();
  });

  it('is none when only the order of fields is another', () => {
    const backwards = running.variants.map(
      (variant) => Object.fromEntries(Object.entries(variant).reverse()) as typeof variant,
    );
    expect(JSON.stringify(backwards)).not.toBe(JSON.stringify(running.variants));
    expect(reRandomisingChanges(running, { ...running, variants: backwards })).toEqual([]);
  });

  it('opens each block once, and dates the first by the start', () => {
    const block = { index: 1, fromBucket: 100, toBucket: 500, openedAt: 5 };
    const ramp: ExperimentChange = { from: ['running'], to: 'running', openBlock: block };
    const wider = changedExperiment(running, ramp);
    expect(wider.blocks).toHaveLength(2);
    expect(() => changedExperiment(wider, ramp)).toThrow('open already');
    const start = { variants: running.variants, at: 77 };
    const started = changedExperiment(draft('e'), { from: ['draft'], to: 'running', start });
    expect(started.blocks[0].openedAt).toBe(77);
  });
});

function randomStep(experiment: Experiment, kind: number, now: number): Experiment {
  const to = (from: ExperimentState, state: ExperimentState): Experiment =>
    experiment.state === from ? { ...experiment, state } : experiment;
  if (kind === 0) {
    if (experiment.state !== 'draft') return to('paused', 'running');
    const start = { variants: experiment.variants, at: now };
    return changedExperiment(experiment, { from: ['draft'], to: 'running', start });
  }
  if (kind === 1) return to('running', 'paused');
  if (kind === 2 && now % 7 === 0) return to('running', 'decided');
  if (experiment.state !== 'running') return experiment;
  const end = experiment.blocks.at(-1)?.toBucket ?? 0;
  const openBlock = blockUpTo(experiment.blocks, Math.min(0.9, (end + 900) / 10_000), now);
  return openBlock === null
    ? experiment
    : changedExperiment(experiment, { from: ['running'], to: 'running', openBlock });
}
