import { describe, expect, it } from 'vitest';
import { assign, BUCKETS, experimentBucket, isInHoldout } from '../../../src/core/experiment/assign.ts';
import type { RampBlock } from '../../../src/core/experiment/experiment.ts';
import { fromHex, golden, runningExperiment } from '../support.ts';

interface Golden {
  assignmentKey: string;
  buckets: { layer: string; salt: string; unitId: string; bucket: number }[];
  holdout: { unitId: string; share: number; isHeldOut: boolean }[];
}

const vectors = golden<Golden>('assignment');
const key = fromHex(vectors.assignmentKey);
const units = Array.from({ length: 4000 }, (_, i) => `u${i}`);
const block = (index: number, fromBucket: number, toBucket: number, openedAt = index): RampBlock => ({
  index,
  fromBucket,
  toBucket,
  openedAt,
});
const first = { ...runningExperiment, blocks: [block(0, 0, 2000, 1)] };
const second = { ...runningExperiment, id: 'e2', salt: 's2', blocks: [block(0, 0, 2000, 2)] };

describe('assignment', () => {
  it('gives the golden buckets and holdouts', () => {
    for (const v of vectors.buckets) expect(experimentBucket(key, v, v.unitId)).toBe(v.bucket);
    for (const v of vectors.holdout) expect(isInHoldout(key, v.share, v.unitId)).toBe(v.isHeldOut);
  });

  it('splits a block evenly between its variants, in their order', () => {
    const sides = units.map((unit) => assign(key, [runningExperiment], unit));
    expect(sides.every((side) => side !== null && side.bucket >= 0 && side.bucket < BUCKETS)).toBe(true);
    for (const side of sides)
      expect(side?.variant).toBe(side !== null && side.bucket < 5000 ? 'control' : 'treatment');
    const control = sides.filter((side) => side?.variant === 'control').length;
    expect(Math.abs(control - 2000)).toBeLessThan(5 * Math.sqrt(1000));
  });

  it('leaves nobody on another side when a ramp opens a new block', () => {
    const ramped = { ...first, blocks: [...first.blocks, block(1, 2000, 6000)] };
    for (const unit of units) {
      const before = assign(key, [first], unit);
      if (before !== null) expect(assign(key, [ramped], unit)).toEqual(before);
    }
    expect(units.filter((unit) => assign(key, [ramped], unit)?.block === 1).length).toBeGreaterThan(1000);
  });

  it('puts a unit into one experiment only, and a later block pulls nobody out', () => {
    const before = units.map((unit) => assign(key, [first, second], unit));
    const grown = { ...first, blocks: [...first.blocks, block(1, 2000, 10_000, 3)] };
    units.forEach((unit, i) => {
      if (before[i] !== null) expect(assign(key, [second, grown], unit)).toEqual(before[i]);
    });
    expect(new Set(before.map((a) => a?.experiment))).toEqual(new Set(['e1', 'e2', undefined]));
  });

  it('keeps the holdout out of every experiment, and holdouts nest', () => {
    const held = units.filter((unit) => isInHoldout(key, 0.05, unit));
    expect(Math.abs(held.length - 200)).toBeLessThan(5 * Math.sqrt(190));
    for (const unit of held) {
      expect(assign(key, [{ ...runningExperiment, holdoutShare: 0.05 }], unit)).toBeNull();
      expect(isInHoldout(key, 0.2, unit)).toBe(true);
    }
    expect(isInHoldout(key, 0, units[0])).toBe(false);
  });

  it('reshuffles under a new salt and hashes layers independently', () => {
    const inBoth = (other: { salt: string; layer: string }): number =>
      units.filter(
        (unit) => experimentBucket(key, first, unit) < 5000 && experimentBucket(key, other, unit) < 5000,
      ).length;
    for (const other of [
      { ...first, salt: 'new' },
      { ...first, layer: 'other' },
    ]) {
      expect(Math.abs(inBoth(other) - 1000)).toBeLessThan(5 * Math.sqrt(750));
    }
  });

  it.each(['draft', 'paused', 'stopped', 'rolled-back'] as const)(
    'ignores an experiment that is %s',
    (state) => {
      expect(units.every((unit) => assign(key, [{ ...runningExperiment, state }], unit) === null)).toBe(true);
    },
  );
});
