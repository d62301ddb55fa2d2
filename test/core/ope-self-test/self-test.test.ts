import { describe, expect, it } from 'vitest';
import { adviceOf } from '../../../src/core/ope/self-test/advice.ts';
import { behaviorDistribution } from '../../../src/core/ope/self-test/behavior.ts';
import { meanByAction } from '../../../src/core/ope/self-test/mean-by-action.ts';
import { selfTest } from '../../../src/core/ope/self-test/self-test.ts';
import {
  isSelfTestRefusal,
  type EstimatorScore,
  type Replicate,
  type SelfTestInput,
  type SelfTestReport,
} from '../../../src/core/ope/self-test/self-test-types.ts';
import { contextualLog } from './world.ts';

const { log, policy } = contextualLog(600, 5);

function test(changes: Partial<SelfTestInput> = {}): SelfTestReport {
  const result = selfTest({
    log,
    policy,
    response: 'watch',
    fit: meanByAction,
    options: { level: 0.9, resamples: 200, seed: 1, limits: { weakEffectiveSampleSize: 0 } },
    replicates: 80,
    seed: 3,
    ...changes,
  });
  if (isSelfTestRefusal(result)) throw new Error(result.refusal.reason);
  return result;
}

const scoreOf = (report: SelfTestReport, id: string): EstimatorScore => {
  const score = report.scores.find(({ estimator }) => estimator === id);
  if (score === undefined) throw new Error(`${id} was not scored`);
  return score;
};

describe('the self-test', () => {
  const report = test();

  it('finds the direct method biased where its model is misspecified, and says not to trust it', () => {
    const dm = scoreOf(report, 'dm');
    expect(Math.abs(dm.bias)).toBeGreaterThan(5 * dm.biasError);
    expect(Math.max(...dm.intervals.map(({ coverage }) => coverage))).toBeLessThan(0.5);
    expect(report.advice.distrusted).toContain('dm');
    expect(report.advice.sentence).toMatch(/^On logs of this shape trust .* Do not trust .*dm \(held it in/);
  });

  it('finds that unbiased estimators cover, without bias beyond its Monte-Carlo error', () => {
    for (const id of ['ips', 'snips', 'dr']) {
      const { bias, biasError, intervals } = scoreOf(report, id);
      expect(Math.abs(bias), id).toBeLessThan(4 * biasError);
      // Four binomial errors of 80 replicates around 90 %.
      for (const { coverage, method } of intervals) expect(coverage, `${id} ${method}`).toBeGreaterThan(0.76);
    }
  });

  it('trusts one that covers, with the smallest error of those', () => {
    const trusted = report.advice.trusted;
    expect(trusted).not.toBeNull();
    const covering = report.scores.filter((s) => s.intervals.some(({ isCovering }) => isCovering));
    const smallest = Math.min(...covering.map((s) => s.rmse));
    expect(scoreOf(report, trusted?.estimator ?? '').rmse).toBeLessThanOrEqual(1.05 * smallest);
  });

  it('gives the same report for the same seed and another for another', () => {
    expect(test({ replicates: 3 })).toEqual(test({ replicates: 3 }));
    expect(test({ replicates: 3, seed: 4 }).scores).not.toEqual(test({ replicates: 3 }).scores);
  });

  it('finds the direct method right where the world is of its family', () => {
    const dm = scoreOf(test({ misspecification: 0, replicates: 40 }), 'dm');
    expect(Math.abs(dm.bias)).toBeLessThan(4 * dm.biasError);
  });

  it('draws a response of two values as such', () => {
    const seen = new Set<number>();
    const fit = (replicate: Replicate, response: string) => {
      for (const value of replicate.log.responses.get(response) ?? []) seen.add(value);
      return meanByAction(replicate, response);
    };
    const rates = test({ response: 'like', replicates: 3, fit });
    expect(rates.outcomes).toBe('two values');
    expect([...seen].sort()).toEqual([0, 1]);
  });

  it('keeps contexts, units and the logging policy in every replicate', () => {
    let first = true;
    test({
      replicates: 2,
      fit: (replicate, response) => {
        const { rows, log: drawn } = replicate;
        if (!first) expect(new Set(rows).size).toBeLessThan(log.rounds);
        first = false;
        rows.forEach((row, i) => {
          const action = drawn.actions[i];
          expect(drawn.propensities[i]).toBe(log.behaviorProbabilities?.[2 * row + action]);
        });
        expect(drawn.rounds).toBe(log.rounds);
        return meanByAction(replicate, response);
      },
    });
  });

  it('says so where it had to make up the logging policy', () => {
    const { behaviorProbabilities: _, ...propensitiesOnly } = log;
    const report = test({ log: propensitiesOnly, replicates: 2 });
    expect(report.notes.join()).toMatch(/stand-in/);
  });

  it('refuses an unusable log, and a response that is not finite', () => {
    const forced = { ...log, isForced: new Uint8Array(log.rounds).fill(1) };
    const hole = { ...log, responses: new Map([['watch', new Float64Array(log.rounds).fill(NaN)]]) };
    for (const [broken, code] of [
      [forced, 'nothing_randomised'],
      [hole, 'response_invalid'],
    ] as const) {
      expect(() => test({ log: broken })).toThrow();
      const options = { level: 0.9, resamples: 10, seed: 1 };
      const input = { log: broken, policy, response: 'watch', fit: meanByAction, options };
      expect(selfTest({ ...input, replicates: 2, seed: 1 })).toMatchObject({ refusal: { code } });
    }
  });
});

describe('the stand-in of a logging policy', () => {
  it('keeps the propensity of what was served and sums to 1', () => {
    const { behaviorProbabilities: _, ...propensitiesOnly } = log;
    const { probabilities, isLogged } = behaviorDistribution(propensitiesOnly, 2);
    expect(isLogged).toBe(false);
    for (let i = 0; i < log.rounds; i++) {
      expect(probabilities[2 * i + log.actions[i]]).toBe(log.propensities[i]);
      expect(probabilities[2 * i] + probabilities[2 * i + 1]).toBeCloseTo(1, 12);
    }
  });
});

describe('the mean by action', () => {
  it('is cross-fitted by unit: a unit’s own outcomes do not move its predictions', () => {
    const rows = Int32Array.from(log.actions.keys());
    const watch = log.responses.get('watch') ?? new Float64Array(0);
    const shifted = new Map([['watch', watch.map((r, i) => (log.units[i] === 0 ? r + 1000 : r))]]);
    const before = meanByAction({ log, policy, rows }, 'watch');
    const after = meanByAction({ log: { ...log, responses: shifted }, policy, rows }, 'watch');
    expect(after?.subarray(0, 4)).toEqual(before?.subarray(0, 4));
    expect(after).not.toEqual(before);
  });
});

describe('advice', () => {
  const score = (estimator: 'ips' | 'dr', coverage: number, rmse: number): EstimatorScore => ({
    estimator,
    answered: 100,
    refused: 0,
    bias: 0,
    biasError: 0,
    rmse,
    meanStandardError: rmse,
    spread: rmse,
    intervals: [
      {
        method: 'student-t',
        level: 0.95,
        coverage,
        coverageError: 0,
        missedBelow: 0,
        missedAbove: 1 - coverage,
        meanWidth: 4 * rmse,
        isCovering: coverage > 0.9,
      },
    ],
  });

  it('prefers a covering interval to a smaller error', () => {
    expect(adviceOf([score('ips', 0.95, 2), score('dr', 0.5, 1)], 100)).toMatchObject({
      trusted: { estimator: 'ips', interval: 'student-t' },
      distrusted: ['dr'],
    });
  });

  it('prefers the better coverage where errors are as good as equal', () => {
    const advice = adviceOf([score('ips', 0.91, 1), score('dr', 0.95, 1.02)], 100);
    expect(advice.trusted?.estimator).toBe('dr');
  });

  it('trusts nobody where nobody covers', () => {
    const advice = adviceOf([score('ips', 0.7, 2)], 100);
    expect(advice.trusted).toBeNull();
    expect(advice.sentence).toMatch(/no estimator has an interval that holds what it promises/);
  });
});
