import { describe, expect, it } from 'vitest';
import { calibrate, coverageOverTime } from '../../../src/core/experiment/forecast-calibration.ts';
import { createRandom } from '../../../src/core/math/random.ts';

const around = (value: number, half: number) => ({ value, lower: value - half, upper: value + half });

describe('the calibration of forecasts', () => {
  it('adds the errors of both sides, and knows which way the forecast was off', () => {
    const pair = { offline: around(3, 1.96), online: { ...around(0, 5), standardError: 1 } };
    const { difference, tolerance, isCovered } = calibrate(pair, 0.95);
    expect(difference).toBe(3);
    expect(tolerance).toBeCloseTo(1.96 * Math.SQRT2, 3);
    expect(isCovered).toBe(false);
    expect(calibrate({ ...pair, offline: around(2.7, 1.96) }, 0.95).isCovered).toBe(true);
  });

  it('covers unbiased forecasts at its level, and fewer of those that were picked for being large', () => {
    const random = createRandom(4);
    const unselected: boolean[] = [];
    const selected: boolean[] = [];
    for (let run = 0; run < 2000; run++) {
      const candidates = Array.from({ length: 5 }, () => {
        const truth = random.normal();
        return { truth, offline: truth + random.normal() };
      });
      const best = candidates.reduce((a, b) => (b.offline > a.offline ? b : a));
      for (const one of candidates) {
        const online = { ...around(one.truth + 0.3 * random.normal(), 1), standardError: 0.3 };
        const { isCovered } = calibrate({ offline: around(one.offline, 1.96), online }, 0.95);
        (one === best ? selected : unselected).push(isCovered);
      }
    }
    const all = coverageOverTime([...selected, ...unselected]).at(-1)!;
    expect(Math.abs(all - 0.95)).toBeLessThan(0.01);
    expect(coverageOverTime(selected).at(-1)).toBeLessThan(0.93);
  });

  it('grows its coverage pair by pair', () => {
    expect(coverageOverTime([true, false, true])).toEqual([1, 0.5, 2 / 3]);
    expect(coverageOverTime([])).toEqual([]);
  });
});
