import { describe, expect, it } from 'vitest';
import { CompensatedSum, compensatedSum } from '../../../src/core/math/compensated-sum.ts';
import { quantile, quantileOfSorted } from '../../../src/core/math/quantile.ts';
import { softmax } from '../../../src/core/math/softmax.ts';

describe('the compensated sum', () => {
  it('keeps what cancellation of large terms would lose', () => {
    expect(compensatedSum([1, 1e100, 1, -1e100])).toBe(2);
    expect(compensatedSum(new Float64Array(1000).fill(0.1))).toBe(100);
  });

  it('gives for merged halves what the whole gives', () => {
    const values = Array.from({ length: 999 }, (_, i) => (i % 2 === 0 ? 1e16 : -1e16) + i);
    const left = new CompensatedSum();
    const right = new CompensatedSum();
    values.forEach((x, i) => (i < 500 ? left : right).add(x));
    left.merge(right);
    expect(left.value).toBe(compensatedSum(values));
  });

  it('stays infinite instead of turning into NaN', () => {
    expect(compensatedSum([1, Infinity, 2])).toBe(Infinity);
    expect(compensatedSum([])).toBe(0);
  });
});

describe('quantiles', () => {
  it('interpolate between order statistics', () => {
    expect(quantile([40, 10, 30, 20], 0.5)).toBe(25);
    expect(quantile([40, 10, 30, 20], 0.1)).toBeCloseTo(13, 12);
    expect([quantile([3, 1, 2], 0), quantile([3, 1, 2], 1)]).toEqual([1, 3]);
  });

  it('leave their input as it was, survive infinities and know no quantile of nothing', () => {
    const values = [3, 1, 2];
    quantile(values, 0.5);
    expect(values).toEqual([3, 1, 2]);
    expect(quantileOfSorted([1, Infinity, Infinity], 0.75)).toBe(Infinity);
    expect(quantile([], 0.5)).toBeNaN();
    expect(() => quantile([1], 1.5)).toThrow(RangeError);
  });
});

describe('the softmax', () => {
  it('is unchanged by a shift and survives logits that would overflow', () => {
    const a = new Float64Array(3);
    const b = new Float64Array(3);
    softmax(Float64Array.from([0, 1, 2]), a);
    softmax(Float64Array.from([10_000, 10_001, 10_002]), b);
    expect([...b]).toEqual([...a]);
    expect(a[2]).toBeCloseTo(Math.exp(2) / (1 + Math.E + Math.exp(2)), 15);
  });

  it('refuses logits that are no numbers', () => {
    for (const bad of [
      [NaN, 0],
      [Infinity, 0],
      [-Infinity, -Infinity],
    ]) {
      expect(() => softmax(Float64Array.from(bad), new Float64Array(2))).toThrow(/no numbers/);
    }
  });
});
