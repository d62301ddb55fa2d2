import { describe, expect, it } from 'vitest';
import { isRefusal, type Estimate, type EstimateRefusal } from '../../../src/core/ope/report.ts';
import { evaluateSequentialLog } from '../../../src/core/ope/sequential/evaluate-sequential-log.ts';
import { pairedSessionDifference } from '../../../src/core/ope/sequential/session-difference.ts';
import { quarters, quick, simulatedLog, trueValue } from './world.ts';

const world = simulatedLog(quarters, 0.9, 3000, 17);
const valueTables = new Map([['reward', { actionValues: world.exact }]]);
const options = { ...quick, resamples: 300, valueTables };
const answered = (results: readonly (Estimate | EstimateRefusal)[]): Estimate[] =>
  results.map((e) => {
    if (isRefusal(e)) throw new Error(e.refusal.reason);
    return e;
  });

describe('the difference of two policies on the same sessions', () => {
  it('of a policy to itself is exactly 0, with no error', () => {
    const self = { policy: world.policy, options };
    for (const e of answered(pairedSessionDifference(world.log, world.policy, self, options))) {
      expect([e.value, e.standardError, e.intervals[0].lower, e.intervals[0].upper]).toEqual([0, 0, 0, 0]);
    }
  });

  it('to the behavior policy is the difference of the values, and covers the true one', () => {
    const truth = trueValue(quarters, 0.9) - trueValue(quarters, 0.9, quarters.behavior);
    const values = answered(evaluateSequentialLog(world.log, world.policy, options).estimates);
    const found = answered(pairedSessionDifference(world.log, world.policy, 'behavior', options));
    expect(found.map(({ estimator }) => estimator)).toEqual(values.map(({ estimator }) => estimator));
    const own = values[0].value - found[0].value;
    for (const [i, e] of found.entries()) {
      if (e.estimand === 'per-session') expect(values[i].value - e.value).toBeCloseTo(own, 10);
      if (!e.estimator.startsWith('ncis'))
        expect(Math.abs(e.value - truth)).toBeLessThan(3.5 * e.standardError);
    }
  });

  it('is sharper than two separate errors where the policies are alike', () => {
    const near = {
      ...world.policy,
      probabilities: world.policy.probabilities.map((p, i) => p + (i % 2 === 0 ? 0.01 : -0.01)),
    };
    const [difference] = answered(
      pairedSessionDifference(
        world.log,
        near,
        { policy: world.policy, options },
        { ...options, estimators: ['pdis'] },
      ),
    );
    const [alone] = answered(
      evaluateSequentialLog(world.log, world.policy, { ...options, estimators: ['pdis'] }).estimates,
    );
    expect(difference.standardError).toBeLessThan(0.1 * alone.standardError);
  });
});
