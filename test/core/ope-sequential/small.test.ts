import { describe, expect, it } from 'vitest';
import { evaluateSequentialLog } from '../../../src/core/ope/sequential/evaluate-sequential-log.ts';
import type { SequentialOptions } from '../../../src/core/ope/sequential/sequential-options.ts';
import { isRefusal, type Estimate } from '../../../src/core/ope/report.ts';
import { expected, small } from './fixture.ts';
import { noLimits, quick } from './world.ts';

const { log, policy, actionValues } = small();

function estimates(options: Partial<SequentialOptions> = {}): Map<string, Estimate> {
  const report = evaluateSequentialLog(log, policy, {
    ...quick,
    limits: noLimits,
    clip: expected.clip,
    valueTables: new Map([['reward', { actionValues }]]),
    ...options,
  });
  return new Map(
    report.estimates.map((e) => {
      if (isRefusal(e)) throw new Error(e.refusal.reason);
      return [e.estimator, e];
    }),
  );
}

describe('sessions with values computed by another program', () => {
  const found = estimates();

  it.each(Object.keys(expected.values))('%s has its value', (id) => {
    expect(found.get(id)?.value).toBeCloseTo(expected.values[id], 11);
  });

  it('every estimator was compared, MAGIC aside: its weights are the solution of a programme', () => {
    expect([...found.keys()].filter((id) => !(id in expected.values))).toEqual(['magic']);
  });

  it.each(Object.keys(expected.standardErrors))('%s has its standard error, by user', (id) => {
    expect(found.get(id)?.standardError).toBeCloseTo(expected.standardErrors[id], 11);
  });

  it.each(Object.keys(expected.twoSided))('%s has its value with a two-sided clip', (id) => {
    const value = estimates({ isTwoSided: true }).get(id)?.value;
    expect(value).toBeCloseTo(expected.twoSided[id], 11);
  });

  it.each(Object.keys(expected.factors))('%s has its value with a clip on every factor', (id) => {
    const value = estimates({ clipsFactors: true }).get(id)?.value;
    expect(value).toBeCloseTo(expected.factors[id], 11);
  });

  it('the health is that of the weights of whole sessions, by user', () => {
    const { health } = evaluateSequentialLog(log, policy, { ...quick, limits: noLimits });
    for (const name of ['effectiveSampleSize', 'meanWeight', 'maxWeight', 'maxWeightShare'] as const) {
      expect(health[name]).toBeCloseTo(expected.health[name], 11);
    }
  });

  it('settings are echoed where they were used', () => {
    expect(found.get('pdis')?.hyperParameters).toEqual({ discount: 0.9 });
    expect(found.get('ncis-step')?.hyperParameters).toEqual({ clip: 1.5 });
    expect(found.get('ncis-trajectory')?.hyperParameters).toEqual({ discount: 0.9, clip: 1.5 });
    expect(found.get('dice')?.hyperParameters).toMatchObject({ discount: 0.9, alphaQ: 0, alphaZeta: 1 });
    expect(estimates({ clip: Infinity }).get('ncis-step')?.hyperParameters).toEqual({ clip: 'infinity' });
  });

  it('only the step flavour of NCIS speaks of a decision; all others of a session', () => {
    for (const [id, { estimand }] of found) {
      expect(estimand).toBe(id === 'ncis-step' ? 'per-decision' : 'per-session');
    }
  });
});
