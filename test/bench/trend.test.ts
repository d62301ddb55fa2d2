import { describe, expect, it } from 'vitest';
import { trendOf } from '../../bench/soak/trend.ts';
import { createRandom } from '../../src/core/math/random.ts';

const line = (n: number, perMinute: number, of = (i: number): number => 0 * i): number[] =>
  Array.from({ length: n }, (_, i) => 100 + perMinute * i + of(i));

describe('the trend of a soak', () => {
  it('of a line is its slope, per hour', () => {
    const { perHour, interval } = trendOf(line(20, 0.5));
    expect(perHour).toBeCloseTo(30, 9);
    expect(interval).toEqual([30, 30]);
  });

  it('is not moved by one odd minute', () => {
    const odd = line(20, 0);
    odd[17] = 1e6;
    expect(trendOf(odd).perHour).toBe(0);
  });

  it('turns with the series', () => {
    const rising = line(15, 1, (i) => Math.sin(9 * i));
    const falling = [...rising].reverse();
    expect(trendOf(falling).perHour).toBeCloseTo(-trendOf(rising).perHour, 9);
  });

  it('says nothing of its certainty with four points', () => {
    expect(trendOf(line(4, 1)).interval).toBeNull();
  });

  it('its interval holds the slope in about 95 of 100 noisy series, and 0 of a steep one in none', () => {
    const random = createRandom(7);
    let covered = 0;
    for (let run = 0; run < 400; run += 1) {
      const { interval } = trendOf(line(20, 0.2, () => random.normal()));
      if (interval !== null && interval[0] <= 12 && interval[1] >= 12) covered += 1;
    }
    expect(covered / 400).toBeGreaterThan(0.92);
    const { interval } = trendOf(line(20, 2, () => random.normal()));
    expect(interval?.[0]).toBeGreaterThan(0);
  });
});
