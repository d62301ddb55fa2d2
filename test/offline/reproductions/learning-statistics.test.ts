import { describe, expect, it } from 'vitest';
import { isAbove, isNotBelow, together } from '../../../offline/reproductions/learning/claims.ts';
import { perSession, relativeViolation } from '../../../offline/reproductions/learning/outcomes.ts';
import type { MethodRun } from '../../../offline/reproductions/learning/run-method.ts';
import type { MethodResult } from '../../../offline/reproductions/learning/run-study.ts';
import { trained } from '../../../offline/reproductions/learning/methods.ts';
import { paired, seedMean } from '../../../offline/reproductions/learning/statistics.ts';

const run = (seed: number, value: number | null): MethodRun => ({
  seed,
  ...(value === null
    ? {}
    : {
        values: {
          watch: { value, standardError: 1, perSession: value, perSessionStandardError: 1 },
        },
      }),
  constraints: [{ name: 'hide-rate', value: 0.03, threshold: 0.02, violation: 0.01 }],
  diverged: value === null ? 'mean |Q| left its bound' : null,
  meanAbsQ: null,
  meanQ: null,
  metrics: {},
  estimate: null,
  seconds: { training: 0, truth: 0, estimate: 0 },
});

const method = (name: string, values: readonly (number | null)[]): MethodResult => ({
  method: trained(name),
  seeds: values.map((value, k) => run(k + 1, value)),
});

const watch = perSession('watch');

describe('means over seeds', () => {
  it('have the interval of Student’s t', () => {
    const { mean, lower, upper, spread } = seedMean([1, 2, 3]);
    expect([mean, spread]).toEqual([2, 1]);
    // t(0.975, 2) = 4.302653
    expect(upper).toBeCloseTo(2 + 4.302653 / Math.sqrt(3), 5);
    expect(lower).toBeCloseTo(2 - 4.302653 / Math.sqrt(3), 5);
  });

  it('have none with one seed', () => {
    expect(seedMean([7])).toMatchObject({ mean: 7, lower: null, upper: null, spread: null });
  });

  it('decide by differences within a seed, which common noise does not blur', () => {
    const noise = [0, 100, -100, 50, 20];
    const first = new Map(noise.map((n, seed) => [seed, n + 1 + 0.01 * seed]));
    const second = new Map(noise.map((n, seed) => [seed, n]));
    expect(paired(first, second).standing).toBe('above');
    expect(paired(second, first).standing).toBe('below');
    expect(paired(first, first).standing).toBe('undecided');
  });

  it('leave out a seed that one of the two did not finish', () => {
    const first = new Map([
      [1, 5],
      [2, 6],
    ]);
    expect(paired(first, new Map([[2, 4]])).seeds).toBe(1);
  });
});

describe('claims', () => {
  const high = method('high', [10, 11, 12]);
  const low = method('low', [1, 2.1, 3]);
  const noisy = method('noisy', [0, 20, 13]);

  it('of "above" hold only where the seeds resolve it', () => {
    expect(isAbove(high, low, watch, 'watch').holds).toBe(true);
    expect(isAbove(noisy, high, watch, 'watch')).toMatchObject({ holds: false, isOpen: true });
    expect(isAbove(low, high, watch, 'watch')).not.toHaveProperty('isOpen');
    expect(isAbove(noisy, high, watch, 'watch').claim).toContain('not resolved');
  });

  it('of "not below" fail only where the opposite is resolved', () => {
    expect(isNotBelow(noisy, high, watch, 'watch').holds).toBe(true);
    expect(isNotBelow(low, high, watch, 'watch').holds).toBe(false);
  });

  it('say nothing of a method that never finished', () => {
    const dead = method('dead', [null, null, null]);
    expect(isAbove(high, dead, watch, 'watch')).toMatchObject({ holds: false });
    expect(isAbove(high, dead, watch, 'watch').claim).toContain('not known');
  });

  it('together hold when all do, and name those that do not', () => {
    const parts = [isAbove(high, low, watch, 'watch'), isAbove(low, high, watch, 'watch')];
    const claim = together('high is best', parts);
    expect(claim.holds).toBe(false);
    expect(claim.claim).toContain('not: watch of low');
    expect(together('nothing to compare with', []).holds).toBe(false);
  });
});

describe('violations', () => {
  it('are a share of the threshold', () => {
    expect(relativeViolation(run(1, 5))).toBeCloseTo(0.5, 12);
    expect(relativeViolation(run(1, null))).toBeUndefined();
  });
});
