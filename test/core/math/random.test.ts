import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';

const draw = (n: number, next: () => number): number[] => Array.from({ length: n }, next);

const moments = (x: number[]): { mean: number; variance: number } => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return { mean, variance: x.reduce((a, b) => a + (b - mean) ** 2, 0) / (x.length - 1) };
};

const N = 40_000;
// Five standard errors of the mean: a fixed seed either is inside for ever or never.
const within = (variance: number): number => 5 * Math.sqrt(variance / N);

describe('a seeded source of randomness', () => {
  it('repeats itself for the same seed and differs for another', () => {
    const numbers = (seed: number): number[] => draw(8, createRandom(seed).uniform.bind(createRandom(seed)));
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(7.5));
    expect(numbers(0)).toEqual(numbers(-0));
  });

  it('forks by label alone, whatever was drawn before', () => {
    const used = createRandom(3);
    draw(10, () => used.uniform());
    expect(used.fork('a').uniform()).toBe(createRandom(3).fork('a').uniform());
    expect(used.fork('a').uniform()).not.toBe(used.fork('b').uniform());
  });

  it('draws uniforms, normals and exponentials with their moments', () => {
    const random = createRandom(11);
    const uniform = moments(draw(N, () => random.uniform()));
    const normal = moments(draw(N, () => random.normal()));
    const exponential = moments(draw(N, () => random.exponential()));
    expect(Math.abs(uniform.mean - 0.5)).toBeLessThan(within(1 / 12));
    expect(Math.abs(uniform.variance - 1 / 12)).toBeLessThan(within(1 / 180));
    expect(Math.abs(normal.mean)).toBeLessThan(within(1));
    expect(Math.abs(normal.variance - 1)).toBeLessThan(within(2));
    expect(Math.abs(exponential.mean - 1)).toBeLessThan(within(1));
    expect(Math.abs(exponential.variance - 1)).toBeLessThan(within(8));
  });

  it.each([0.3, 1, 31, 33, 100])('draws Poisson numbers of mean %d with equal mean and variance', (mean) => {
    const random = createRandom(mean);
    const { mean: m, variance } = moments(draw(N, () => random.poisson(mean)));
    expect(Math.abs(m - mean)).toBeLessThan(within(mean));
    expect(Math.abs(variance - mean)).toBeLessThan(within(mean + 2 * mean ** 2));
  });

  it('draws every integer below n and nothing else', () => {
    const random = createRandom(5);
    const seen = new Set(draw(1000, () => random.integer(6)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('gives zero for a Poisson mean of zero and refuses what is no mean, count or seed', () => {
    const random = createRandom(1);
    expect(random.poisson(0)).toBe(0);
    expect(() => random.poisson(-1)).toThrow(RangeError);
    expect(() => random.integer(0)).toThrow(RangeError);
    expect(() => createRandom(NaN)).toThrow(RangeError);
  });
});
