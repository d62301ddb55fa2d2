import { describe, expect, it } from 'vitest';
import { findRoot } from '../../../src/core/math/find-root.ts';
import { betaQuantile, regularisedBeta } from '../../../src/core/math/incomplete-beta.ts';
import { logLowerGamma, upperRegularisedGamma } from '../../../src/core/math/incomplete-gamma.ts';

describe('findRoot', () => {
  it('finds roots of smooth, steep and jumping functions within their bracket', () => {
    expect(findRoot((x) => x * x - 2, 0, 2)).toBeCloseTo(Math.SQRT2, 15);
    expect(findRoot((x) => Math.exp(50 * x) - 3, -10, 10)).toBeCloseTo(Math.log(3) / 50, 15);
    expect(findRoot((x) => (x < 0.3 ? -1 : 1), 0, 1)).toBeCloseTo(0.3, 15);
    expect(findRoot((x) => (x - 1) ** 9, 0, 5)).toBeCloseTo(1, 1);
    expect(findRoot((x) => x - 4, 4, 9)).toBe(4);
    expect(() => findRoot((x) => x * x + 1, -1, 1)).toThrow(/change of sign/);
  });
});

describe('the incomplete beta function', () => {
  it('has the closed forms of small arguments', () => {
    for (const x of [1e-8, 0.1, 0.5, 0.93]) {
      expect(regularisedBeta(x, 1, 1) / x).toBeCloseTo(1, 13);
      expect(regularisedBeta(x, 2, 3)).toBeCloseTo(x * x * (6 - 8 * x + 3 * x * x), 13);
      expect(regularisedBeta(x, 0.5, 0.5)).toBeCloseTo((2 / Math.PI) * Math.asin(Math.sqrt(x)), 13);
      // I_x(a, b) = 1 − I_{1−x}(b, a)
      expect(regularisedBeta(x, 17, 40.5)).toBeCloseTo(1 - regularisedBeta(1 - x, 40.5, 17), 13);
    }
  });

  it('is undone by its quantile, far tails included', () => {
    for (const [a, b] of [
      [0.2, 1.5],
      [1, 10],
      [50, 951],
      [4000, 3],
    ]) {
      for (const p of [1e-9, 0.025, 0.5, 0.999]) {
        expect(regularisedBeta(betaQuantile(p, a, b), a, b) / p).toBeCloseTo(1, 8);
      }
    }
    expect([betaQuantile(0, 2, 2), betaQuantile(1, 2, 2), betaQuantile(-1, 2, 2)]).toEqual([0, 1, NaN]);
  });
});

describe('the lower incomplete gamma function in logarithms', () => {
  it('complements the upper one, and is 1 − e⁻ˣ for a = 1', () => {
    for (const [a, x] of [
      [0.5, 0.1],
      [3, 7],
      [40, 35],
    ]) {
      expect(Math.exp(logLowerGamma(a, x))).toBeCloseTo(1 - upperRegularisedGamma(a, x), 12);
    }
    expect(logLowerGamma(1, 1e-12)).toBeCloseTo(Math.log(-Math.expm1(-1e-12)), 10);
  });

  it('holds where it underflows and for a million', () => {
    // P(a, x) → xᵃ e⁻ˣ / Γ(a + 1) for x ≪ a, here 10⁻³⁵⁰⁰.
    expect(logLowerGamma(1000, 0.01)).toBeLessThan(-8000);
    // P(a, a) = ½ + 1/(3 √(2πa)) + …
    expect(Math.exp(logLowerGamma(1e6, 1e6))).toBeCloseTo(0.5 + 1 / (3 * Math.sqrt(2e6 * Math.PI)), 8);
  });
});
