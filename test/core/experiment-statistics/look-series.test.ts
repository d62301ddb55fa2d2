import { describe, expect, it } from 'vitest';
import {
  judgeSeries,
  type Look,
  type SeriesOptions,
} from '../../../src/core/experiment/statistics/look-series.ts';

const options: SeriesOptions = {
  method: 'confidence-sequence',
  alpha: 0.05,
  better: 'higher',
  margin: { size: 0, isRelative: false },
  minUnits: 100,
  tunedAt: null,
  mixtureDeviation: null,
};

const look = (time: number, units: number, control: number, treatment: number, variance = 1): Look => ({
  time,
  control: { units, mean: control, variance },
  treatment: { units, mean: treatment, variance },
});

const rising = [1, 2, 3, 4, 5].map((day) => look(day, 1000 * day, 1, 1.1));

describe('a series of looks', () => {
  it('decides once, at the first look that proves something, whatever the order of the looks', () => {
    const found = judgeSeries(rising, options);
    expect(found.state).toBe('pass');
    expect(found.firstDecisive!.time).toBeGreaterThan(1);
    expect(judgeSeries([...rising].reverse(), options)).toEqual(found);
    expect(found.last!.effect!.lower).toBeGreaterThan(0);
  });

  it('never changes an earlier verdict when looks are added', () => {
    for (const method of ['confidence-sequence', 'msprt', 'fixed'] as const) {
      const whole = judgeSeries(rising, { ...options, method });
      const part = judgeSeries(rising.slice(0, 2), { ...options, method });
      expect(whole.looks.slice(0, 2)).toEqual(part.looks);
    }
  });

  it('does not take a decision back, and one fixed look is the last one', () => {
    const reverted = [...rising, look(6, 6000, 1, 1)];
    expect(judgeSeries(reverted, options)).toMatchObject({ state: 'pass' });
    const fixed = judgeSeries(reverted, { ...options, method: 'fixed' });
    expect(fixed.state).toBe('inconclusive');
    expect(fixed.firstDecisive!.time).toBe(1);
  });

  it('says fail for what is worse, mirrored where low is good', () => {
    const lower = { ...options, better: 'lower' as const };
    expect(judgeSeries(rising, lower).state).toBe('fail');
    const falling = rising.map(({ time, control, treatment }) => ({
      time,
      control: treatment,
      treatment: control,
    }));
    expect(judgeSeries(falling, lower).state).toBe('pass');
    expect(judgeSeries(falling, options).state).toBe('fail');
  });

  it('holds a guardrail against its margin, absolute or relative to control', () => {
    const same = [look(1, 40_000, 10, 9.98)];
    const margin = (size: number, isRelative: boolean) =>
      judgeSeries(same, { ...options, margin: { size, isRelative } }).state;
    expect(margin(0.1, false)).toBe('pass');
    expect(margin(0.01, true)).toBe('pass');
    expect(margin(0.02, false)).toBe('inconclusive');
    expect(margin(0.002, true)).toBe('inconclusive');
    const broken = [look(1, 40_000, 10, 9)];
    const state = (size: number, isRelative: boolean) =>
      judgeSeries(broken, { ...options, margin: { size, isRelative } }).state;
    expect([state(0.5, false), state(0.05, true)]).toEqual(['fail', 'fail']);
  });

  it('has no data, with the reason, for few units, a missing number or no spread; never a pass', () => {
    const reasons = [
      look(1, 99, 1, 2),
      look(1, 1000, NaN, 2),
      look(1, 1000, 1, 2, NaN),
      look(1, 1000, 1, 2, 0),
      look(1, NaN, 1, 2),
    ].map((one) => judgeSeries([one], options));
    for (const found of reasons) expect(found).toMatchObject({ state: 'no data', last: null });
    expect(new Set(reasons.map(({ reason }) => reason)).size).toBe(5);
    expect(judgeSeries([], options).state).toBe('no data');
  });

  it('does not take an arm without events for one that is known exactly', () => {
    const few: Look = {
      time: 1,
      control: { units: 1000, mean: 0, variance: 0 },
      treatment: { units: 1000, mean: 0.004, variance: 0.004 },
    };
    expect(judgeSeries([few], options).state).toBe('inconclusive');
    const dead = {
      ...few,
      control: { units: 1e5, mean: 0.1, variance: 0.09 },
      treatment: { ...few.control, units: 1e5 },
    };
    expect(judgeSeries([dead], options).state).toBe('fail');
  });
});
