import { describe, expect, it } from 'vitest';
import { logBeta } from '../../../src/core/math/incomplete-beta.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { judgeArrivals } from '../../../src/core/experiment/statistics/arrival-series.ts';
import {
  addArrivals,
  alarmStatistic,
  chiSquarePValue,
  noArrivals,
} from '../../../src/core/experiment/statistics/sequential-multinomial.ts';

describe('the sequential multinomial test', () => {
  it('with constant shares is the Dirichlet-multinomial, however the arrivals are cut', () => {
    const steps = [
      [3, 5],
      [0, 0],
      [40, 21],
      [7, 9],
    ];
    let evidence = noArrivals(2);
    for (const counts of steps) evidence = addArrivals(evidence, counts, [0.5, 0.5]);
    expect(evidence.observed).toEqual([50, 35]);
    // Lindon & Malek 2020, eq. 8, with the prior Beta(50, 50).
    const closed = logBeta(50 + 50, 50 + 35) - logBeta(50, 50) + 85 * Math.log(2);
    expect(evidence.logBayesFactor).toBeCloseTo(closed, 9);
    expect(addArrivals(noArrivals(2), [50, 35], [0.5, 0.5]).logBayesFactor).toBeCloseTo(closed, 9);
  });

  it('has a Bayes factor of mean one under shares that vary, exactly', () => {
    // All outcomes of three spans of one to two units each, weighted by their probability.
    const spans = [
      { units: 2, shares: [0.5, 0.3, 0.2] },
      { units: 1, shares: [0.9, 0.05, 0.05] },
      { units: 2, shares: [0.2, 0, 0.8] },
    ];
    const outcomes = (units: number): number[][] =>
      [0, 1, 2]
        .flatMap((a) => [0, 1, 2].filter((b) => a + b <= units).map((b) => [a, b, units - a - b]))
        .filter((counts) => counts.every((count) => count >= 0));
    const choose = (counts: readonly number[]): number => (counts.some((count) => count === 2) ? 1 : 2);
    const mean = (at: number, evidence = noArrivals(3), chance = 1): number => {
      if (chance === 0) return 0;
      if (at === spans.length) return chance * Math.exp(evidence.logBayesFactor);
      const { units, shares } = spans[at];
      return outcomes(units).reduce((sum, counts) => {
        const ways = units === 1 ? 1 : choose(counts);
        const p = counts.reduce((product, count, i) => product * shares[i] ** count, ways);
        return p === 0 ? sum : sum + mean(at + 1, addArrivals(evidence, counts, shares), chance * p);
      }, 0);
    };
    expect(mean(0)).toBeCloseTo(1, 10);
  });

  it('alarms where its bar says, for any number of variants and units', () => {
    for (const shares of [
      [0.5, 0.5],
      [0.25, 0.25, 0.25, 0.25],
      [0.6, 0.3, 0.1],
    ])
      for (const units of [10_000, 100_000]) {
        const bar = alarmStatistic(units, shares.length, 0.001);
        // From the first variant to the last, so far that Pearson's statistic is 5 % below or above the bar.
        const reaches = (factor: number): boolean => {
          const [first, last] = [shares[0], shares[shares.length - 1]];
          const moved = Math.sqrt((factor * bar * units) / (1 / first + 1 / last));
          const counts = shares.map((share) => share * units);
          counts[0] -= moved;
          counts[counts.length - 1] += moved;
          const { logBayesFactor } = addArrivals(noArrivals(shares.length), counts, shares);
          return logBayesFactor >= Math.log(1000);
        };
        expect([shares, units, reaches(0.95), reaches(1.05)]).toEqual([shares, units, false, true]);
      }
  });

  it('never forgives a unit in a variant that was closed', () => {
    expect(addArrivals(noArrivals(2), [5, 1], [1, 0]).logBayesFactor).toBe(Infinity);
    expect(chiSquarePValue([5, 1], [6, 0])).toBe(0);
    expect(chiSquarePValue([6, 0], [6, 0])).toBe(1);
    expect(chiSquarePValue([0, 0], [0, 0])).toBeNull();
  });
});

describe('a series of arrivals', () => {
  const fair = [0.5, 0.5];

  it('is judged by chi-square at one look and by the sequential test at several', () => {
    const one = judgeArrivals(2, [{ time: 0, counts: [5200, 4800], shares: fair }], 0.001);
    expect(one).toMatchObject({ test: 'chi-square', verdict: 'mismatch', firstAlarm: 0 });
    expect(one.pValue).toBeCloseTo(6.334e-5, 7);
    const looks = [5, 1, 3].map((time) => ({ time, counts: [400 + 20 * time, 400], shares: fair }));
    const series = judgeArrivals(2, looks, 0.05);
    expect(series).toMatchObject({ test: 'sequential-multinomial', verdict: 'mismatch', looks: 3 });
    expect(series.firstAlarm).toBe(5);
    const few = judgeArrivals(2, [{ time: 0, counts: [4, 0], shares: fair }], 0.001);
    expect(few).toMatchObject({ test: 'sequential-multinomial', verdict: 'ok' });
  });

  it('has nothing to say without units, or with one variant', () => {
    expect(judgeArrivals(2, [{ time: 0, counts: [0, 0], shares: fair }], 0.01).verdict).toBe('no data');
    expect(judgeArrivals(1, [{ time: 0, counts: [10], shares: [1] }], 0.01).verdict).toBe('no data');
    expect(judgeArrivals(2, [], 0.01).verdict).toBe('no data');
  });

  it('finds a split that breaks while the declared shares change, and keeps quiet while it holds', () => {
    const random = createRandom(12);
    const days = (isBroken: boolean) =>
      Array.from({ length: 20 }, (_, time) => {
        const shares = time % 2 === 0 ? [0.9, 0.1] : [0.5, 0.5];
        const real = isBroken && time >= 10 ? shares[1] * 0.8 : shares[1];
        const treated = Array.from({ length: 500 }, () => Number(random.uniform() < real));
        const second = treated.reduce((a, b) => a + b, 0);
        return { time, counts: [500 - second, second], shares };
      });
    expect(judgeArrivals(2, days(false), 0.001).verdict).toBe('ok');
    const broken = judgeArrivals(2, days(true), 0.001);
    expect(broken.verdict).toBe('mismatch');
    expect(broken.firstAlarm).toBeGreaterThanOrEqual(10);
  });
});
