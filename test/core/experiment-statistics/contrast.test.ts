import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../src/core/math/random.ts';
import { contrast, type Stratum } from '../../../src/core/experiment/statistics/contrast.ts';
import {
  mergeMoments,
  momentsOfUnit,
  noMoments,
  type Moments,
} from '../../../src/core/experiment/statistics/moments.ts';
import { relativeEffect } from '../../../src/core/experiment/statistics/relative-effect.ts';
import { winsorise, winsorLimits } from '../../../src/core/experiment/statistics/winsor.ts';

const all = (rows: readonly (readonly number[])[]): Moments =>
  rows.map((row) => momentsOfUnit(row)).reduce(mergeMoments, noMoments(rows[0].length));
const arms = (
  control: readonly (readonly number[])[],
  treatment: readonly (readonly number[])[],
): Stratum => ({
  control: all(control),
  treatment: all(treatment),
});

describe('a contrast of means', () => {
  it('is Welch’s: published example of unequal variances', () => {
    // Student's sleep data (1908), as R prints it: t.test(extra ~ group): t = -1.8608, df = 17.776, means 0.75 and 2.33.
    const one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
    const two = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const found = contrast(
      [
        arms(
          one.map((x) => [x]),
          two.map((x) => [x]),
        ),
      ],
      { kind: 'mean' },
    )!;
    expect(found.value).toBeCloseTo(1.58, 10);
    expect(found.value / found.standardError).toBeCloseTo(1.8608, 4);
    expect(found.degrees).toBeCloseTo(17.776, 3);
  });

  it('has no error to give while nothing varies, and gives a silent arm the variance of the other', () => {
    const rows = (values: readonly number[]): number[][] => values.map((value) => [value]);
    expect(contrast([arms(rows([0, 0, 0]), rows([0, 0]))], { kind: 'mean' })).toBeNull();
    const found = contrast([arms(rows([0, 1, 0, 1]), rows([0, 0]))], { kind: 'mean' })!;
    // Variance 1/3 per unit in control: 1/3/4 of its mean, and 1/3/2 of the treatment's.
    expect(found.control.standardError).toBeCloseTo(Math.sqrt(1 / 12), 12);
    expect(found.treatment.standardError).toBeCloseTo(Math.sqrt(1 / 6), 12);
    expect(found.standardError).toBeCloseTo(Math.sqrt(1 / 12 + 1 / 6), 12);
    expect(found.comparedErrors.treatment).toBeCloseTo(Math.sqrt(1 / 6), 12);
  });

  it('has no error to give for fewer than two units, and says what it left out', () => {
    const good = arms([[1], [2], [3]], [[2], [3], [5]]);
    const thin = arms([[9]], [[9], [8]]);
    expect(contrast([thin], { kind: 'mean' })).toBeNull();
    expect(contrast([], { kind: 'mean' })).toBeNull();
    expect(contrast([good, thin], { kind: 'mean' })!.droppedUnits).toBe(3);
    expect(
      contrast(
        [
          arms(
            [
              [0, 0],
              [0, 0],
            ],
            [
              [0, 0],
              [0, 0],
            ],
          ),
        ],
        { kind: 'ratio' },
      ),
    ).toBeNull();
  });

  it('is not fooled by strata with other shares and other means, where the pooled one is', () => {
    const random = createRandom(4);
    const draw = (n: number, mean: number) => Array.from({ length: n }, () => [mean + random.normal()]);
    // Day 2 is high, and mostly treatment: Simpson's paradox without an effect.
    const days = [arms(draw(4000, 0), draw(1000, 0)), arms(draw(1000, 10), draw(4000, 10))];
    const pooled = {
      control: mergeMoments(days[0].control, days[1].control),
      treatment: mergeMoments(days[0].treatment, days[1].treatment),
    };
    const stratified = contrast(days, { kind: 'mean' })!;
    expect(Math.abs(stratified.value)).toBeLessThan(4 * stratified.standardError);
    expect(contrast([pooled], { kind: 'mean' })!.value).toBeGreaterThan(5);
  });
});

interface Drawn {
  readonly y: number;
  readonly n: number;
  readonly x: number;
  readonly missing: number;
}

function drawUnit(random: Random, effect: number): Drawn {
  const level = 10 + 4 * random.normal();
  const n = 1 + random.integer(5);
  const missing = random.uniform() < 0.3 ? 1 : 0;
  const y = n * (level + effect) + Math.sqrt(n) * random.normal();
  return { y, n, x: missing === 1 ? 0 : level + random.normal(), missing };
}

describe('the adjustment by a covariate (CUPED)', () => {
  it('never has a larger error, and stays unbiased, for means and ratios, with missing covariates', () => {
    const random = createRandom(9);
    const shifts: number[] = [];
    let gain = 0;
    for (let run = 0; run < 200; run++) {
      const [c, t] = [0, 0.5].map((effect) => Array.from({ length: 150 }, () => drawUnit(random, effect)));
      const plain = (u: Drawn) => [u.y, u.n];
      const full = (u: Drawn) => [u.y, u.n, u.x, u.missing];
      const without = contrast([arms(c.map(plain), t.map(plain))], { kind: 'ratio' })!;
      const adjusted = contrast([arms(c.map(full), t.map(full))], { kind: 'ratio' })!;
      expect(adjusted.standardError).toBeLessThanOrEqual(without.standardError * (1 + 1e-12));
      gain += adjusted.standardError / without.standardError / 200;
      shifts.push((adjusted.value - 0.5) / adjusted.standardError);
    }
    expect(gain).toBeLessThan(0.8);
    const mean = shifts.reduce((a, b) => a + b, 0) / shifts.length;
    const variance = shifts.reduce((sum, z) => sum + (z - mean) ** 2, 0) / (shifts.length - 1);
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(200));
    expect(variance).toBeGreaterThan(0.65);
    expect(variance).toBeLessThan(1.5);
  });

  it('gives each arm’s own mean the error that it has, which is larger than its part of the comparison’s', () => {
    const random = createRandom(14);
    const scores: number[] = [];
    let parts = 0;
    for (let run = 0; run < 400; run++) {
      const [c, t] = [120, 80].map((n) =>
        Array.from({ length: n }, () => {
          const x = random.normal();
          return [3 + 2 * x + random.normal(), x];
        }),
      );
      const { treatment, comparedErrors } = contrast([arms(c, t)], { kind: 'mean' })!;
      scores.push((treatment.value - 3) / treatment.standardError);
      parts += comparedErrors.treatment / treatment.standardError / 400;
    }
    const variance = scores.reduce((sum, z) => sum + z * z, 0) / scores.length;
    expect(variance).toBeGreaterThan(1 - 4 * Math.sqrt(2 / 400));
    expect(variance).toBeLessThan(1 + 4 * Math.sqrt(2 / 400));
    expect(parts).toBeLessThan(0.7);
    // A covariate that explains everything tells the difference exactly, and the level as well as all units together do.
    const known = (n: number, shift: number) =>
      Array.from({ length: n }, (_, i) => [(i % 10) + shift, i % 10]);
    const exact = contrast([arms(known(400, 0), known(400, 1))], { kind: 'mean' })!;
    expect(exact.standardError).toBeLessThan(1e-6);
    expect(exact.treatment.standardError).toBeCloseTo(Math.sqrt(8.25 / 800), 3);
  });

  it('has one θ for both arms, and none from a covariate that is constant', () => {
    const rows = (shift: number) => [1, 2, 3, 5].map((x) => [x + shift, 7]);
    const found = contrast([arms(rows(0), rows(1))], { kind: 'mean' })!;
    expect(found.theta).toEqual([0]);
    expect(found.value).toBeCloseTo(1, 12);
    const exact = (shift: number, n: number) => Array.from({ length: n }, (_, i) => [2 * i + shift, i]);
    const explained = contrast([arms(exact(0, 5), exact(3, 9))], { kind: 'mean' })!;
    expect(explained.theta[0]).toBeCloseTo(2, 10);
    expect(explained.value).toBeCloseTo(3, 10);
    expect(explained.standardError).toBeLessThan(1e-6);
  });
});

describe('a relative effect', () => {
  const control = { value: 10, standardError: 0.5, units: 100 };
  const treatment = { value: 12, standardError: 0.6, units: 100 };

  it('ends where the difference from that share of control is just not decided', () => {
    const found = relativeEffect(control, treatment, 2)!;
    expect(found.value).toBeCloseTo(0.2, 12);
    for (const r of [found.lower, found.upper]) {
      const gap = treatment.value - (1 + r) * control.value;
      expect(Math.abs(gap)).toBeCloseTo(2 * Math.hypot(0.6, (1 + r) * 0.5), 9);
    }
  });

  it('is refused where control is not proven above 0, and agrees with the delta method far from there', () => {
    expect(relativeEffect({ ...control, value: 0.9 }, treatment, 2)).toBeNull();
    expect(relativeEffect({ ...control, value: -10 }, treatment, 2)).toBeNull();
    const far = relativeEffect(
      { ...control, standardError: 1e-3 },
      { ...treatment, standardError: 1e-3 },
      2,
    )!;
    expect(far.upper - far.value).toBeCloseTo(2 * far.standardError, 7);
  });
});

describe('winsor limits', () => {
  it('are fixed by an earlier period, and cut what lies outside', () => {
    const before = Array.from({ length: 101 }, (_, i) => i);
    const limits = winsorLimits(before, 0.1);
    expect([...[5, 95, 1e6]].map((x) => winsorise(x, limits))).toEqual([5, 90, 90]);
    expect(winsorise(-3, winsorLimits(before, 0.1, false))).toBe(10);
  });
});
