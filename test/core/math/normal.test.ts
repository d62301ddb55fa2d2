import { describe, expect, it } from 'vitest';
import { normalCdf, normalQuantile } from '../../../src/core/math/normal.ts';

/** ½ erfc(−x/√2) of the C library, over every branch of the approximation. */
const CDF: readonly (readonly [number, number])[] = [
  [-37.5, 4.605353009582584e-308],
  [-20, 2.7536241186062313e-89],
  [-8, 6.220960574271819e-16],
  [-5.7, 5.990371401063533e-9],
  [-3, 0.0013498980316300957],
  [-1, 0.15865525393145707],
  [-0.3, 0.3820885778110474],
  [0, 0.5],
  [0.68, 0.7517477695464294],
  [1.959963984540054, 0.975],
  [5.6, 0.9999999892824097],
];

/** `statistics.NormalDist().inv_cdf` of Python, over every branch. */
const QUANTILES: readonly (readonly [number, number])[] = [
  [1e-300, -37.0470962993612],
  [1e-20, -9.262340089798405],
  [1e-9, -5.9978070150076865],
  [0.025, -1.9599639845400538],
  [0.0749, -1.4402382675279632],
  [0.0751, -1.4388253927525398],
  [0.3, -0.5244005127080407],
  [0.975, 1.9599639845400536],
  [0.999999, 4.753424308817089],
];

describe('the normal distribution', () => {
  it.each(CDF)('has Φ(%d) = %d', (x, p) => {
    expect(Math.abs(normalCdf(x) / p - 1)).toBeLessThan(2e-13);
  });

  it.each(QUANTILES)('has Φ⁻¹(%d) = %d', (p, x) => {
    expect(Math.abs(normalQuantile(p) / x - 1)).toBeLessThan(1e-13);
  });

  it('inverts itself over the whole range', () => {
    for (let i = 1; i < 1000; i++) {
      const p = i / 1000;
      expect(Math.abs(normalCdf(normalQuantile(p)) - p)).toBeLessThan(1e-15);
    }
  });

  it('is symmetric, infinite at the ends and NaN outside', () => {
    expect(normalQuantile(0.2)).toBeCloseTo(-normalQuantile(0.8), 14);
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
    expect([normalQuantile(-0.1), normalQuantile(1.1), normalQuantile(NaN), normalCdf(NaN)]).toEqual(
      Array(4).fill(NaN),
    );
    expect([normalCdf(-Infinity), normalCdf(Infinity)]).toEqual([0, 1]);
  });
});
