import { describe, expect, it } from 'vitest';
import { checkSampleRatio } from '../../../src/core/experiment/sample-ratio.ts';
import { chiSquareSurvival } from '../../../src/core/math/chi-square.ts';
import { logGamma } from '../../../src/core/math/gamma.ts';
import { createRandom } from '../../../src/core/math/random.ts';

describe('gamma and chi-square', () => {
  it('agree with tabled values', () => {
    expect(logGamma(5)).toBeCloseTo(Math.log(24), 12);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(chiSquareSurvival(3.841458820694124, 1)).toBeCloseTo(0.05, 10);
    expect(chiSquareSurvival(18.307038053275146, 10)).toBeCloseTo(0.05, 10);
    expect(chiSquareSurvival(2 * Math.log(10), 2)).toBeCloseTo(0.1, 12);
  });
});

describe('the sample ratio check', () => {
  it('has nothing to say without units', () => {
    expect(checkSampleRatio([0, 0], [0.5, 0.5], 0.01).state).toBe('no data');
  });

  it('accepts what a fair split gives and alarms on a broken one', () => {
    expect(checkSampleRatio([5040, 4960], [0.5, 0.5], 0.01).state).toBe('ok');
    expect(checkSampleRatio([5400, 4600], [0.5, 0.5], 0.01).state).toBe('mismatch');
    expect(checkSampleRatio([900, 100], [0.9, 0.1], 0.01).state).toBe('ok');
  });

  it('finds fifteen units that are all of one variant, and not ten', () => {
    expect(checkSampleRatio([0, 15], [0.5, 0.5], 0.001).state).toBe('mismatch');
    expect(checkSampleRatio([0, 10], [0.5, 0.5], 0.001).state).toBe('ok');
  });

  it('alarms at most at its rate although it is looked at after every ten units', () => {
    const random = createRandom(77);
    const runs = 400;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const counts = [0, 0];
      for (let unit = 1; unit <= 2000; unit++) {
        counts[random.uniform() < 0.5 ? 0 : 1]++;
        if (unit % 10 === 0 && checkSampleRatio(counts, [0.5, 0.5], 0.05).state === 'mismatch') {
          alarms++;
          break;
        }
      }
    }
    expect(alarms / runs).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs));
  });
});
