import { describe, expect, it } from 'vitest';
import type { SelectionCandidate } from '../../../src/core/ope/selection/candidate.ts';
import { portfolioOf } from '../../../src/core/ope/selection/portfolio.ts';
import { spearman } from '../../../src/core/ope/selection/rank-correlation.ts';
import { selectionMetrics } from '../../../src/core/ope/selection/selection-metrics.ts';

const truths = [1, 2, 3, 4];
const candidates = (estimates: readonly (number | null)[]): SelectionCandidate[] =>
  estimates.map((estimate, i) => ({ name: `p${i + 1}`, truth: truths[i], estimate }));
const options = { behavior: 2, threshold: 2.5 };

describe('spearman', () => {
  it('is 1 for the same order, −1 for the opposite one, whatever the scale', () => {
    expect(spearman([1, 2, 3], [10, 200, 3000])).toBeCloseTo(1, 12);
    expect(spearman([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  });

  it('gives ties their mean rank', () => {
    // Ranks (1, 2.5, 2.5, 4) against (1, 2, 3, 4): 4.5 / √(4.5 · 5).
    expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12);
  });

  it('is not a number where there is no order', () => {
    expect(spearman([1, 1], [1, 2])).toBeNaN();
    expect(spearman([1], [1])).toBeNaN();
  });
});

describe('the portfolio of the k best by estimate', () => {
  it('has no regret where it holds the best one', () => {
    expect(portfolioOf(candidates([1, 2, 3, 4]), 1, options)).toMatchObject({ best: 4, regret: 0 });
  });

  it('regrets what the best one is worth above the best chosen', () => {
    const upsideDown = candidates([4, 3, 2, 1]);
    expect([1, 2, 3, 4].map((k) => portfolioOf(upsideDown, k, options).regret)).toEqual([3, 2, 1, 0]);
  });

  it('has the Sharpe ratio of its best above the behavior policy over their common deviation', () => {
    const { sharpeRatio, deviation } = portfolioOf(candidates([1, 2, 3, 4]), 2, options);
    // Deployed: 4, 3 and the behavior policy's 2; variance 2/3.
    expect(deviation).toBeCloseTo(Math.sqrt(2 / 3), 12);
    expect(sharpeRatio).toBeCloseTo(2 / Math.sqrt(2 / 3), 12);
  });

  it('never has a negative Sharpe ratio: the behavior policy is deployed beside it', () => {
    expect(portfolioOf(candidates([4, 3, 2, 1]), 1, options).sharpeRatio).toBe(0);
  });

  it('tells overestimating bad policies from underestimating good ones, which regret does not', () => {
    const under = [10, 9, 8, 1, 1].map((truth, i) => ({
      name: `${i}`,
      truth,
      estimate: [10, 5, 4, 1, 0][i],
    }));
    const over = [10, 9, 8, 1, 1].map((truth, i) => ({ name: `${i}`, truth, estimate: [10, 5, 4, 9, 9][i] }));
    const [a, b] = [under, over].map((c) => portfolioOf(c, 3, { behavior: 5, threshold: 5 }));
    expect([a.regret, b.regret]).toEqual([0, 0]);
    expect(a.sharpeRatio).toBeGreaterThan(1.2 * b.sharpeRatio);
    expect([a.safetyViolationRate, b.safetyViolationRate]).toEqual([0, 2 / 3]);
  });

  it('never holds a refused candidate, and is not a number where all are refused', () => {
    expect(portfolioOf(candidates([1, 2, 3, null]), 1, options).names).toEqual(['p3']);
    expect(portfolioOf(candidates([null, null, null, null]), 1, options)).toMatchObject({
      best: NaN,
      regret: NaN,
      sharpeRatio: NaN,
    });
  });
});

describe('selection metrics', () => {
  it('are perfect for perfect estimates', () => {
    expect(selectionMetrics(candidates([1, 2, 3, 4]), { ...options, ks: [1, 2] })).toMatchObject({
      refused: 0,
      meanSquaredError: 0,
      rankCorrelation: 1,
      typeIErrorRate: 0,
      typeIIErrorRate: 0,
    });
  });

  it('count a safe policy kept back as type I and an unsafe one let out as type II', () => {
    // Safe: truths 3 and 4. The estimate of 3 falls below 2.5, that of 1 above.
    const metrics = selectionMetrics(candidates([3, 2, 2, 4]), { ...options, ks: [1] });
    expect(metrics.typeIErrorRate).toBe(0.5);
    expect(metrics.typeIIErrorRate).toBe(0.5);
  });

  it('judge safety by the bound where there is one; no bound is no proof', () => {
    const bounded = candidates([1, 2, 3, 4]).map((c, i) => ({ ...c, bound: [0, 1, null, 3][i] }));
    expect(selectionMetrics(bounded, { ...options, ks: [1] }).typeIErrorRate).toBe(0.5);
  });

  it('count a refusal as not judged safe, and rates over nobody as not a number', () => {
    const metrics = selectionMetrics(candidates([1, 2, 3, null]), { behavior: 0, threshold: 0, ks: [1] });
    expect(metrics).toMatchObject({ refused: 1, typeIErrorRate: 0.25, typeIIErrorRate: NaN });
  });
});
