import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import {
  isTooFew,
  isTooMany,
  lowerTail,
  upperTail,
} from '../../../offline/reproductions/coverage/binomial.ts';
import { drawSample, truthOf } from '../../../offline/reproductions/coverage/enumerable-world.ts';
import { coverage } from '../../../offline/reproductions/coverage/study.ts';
import { enumerableWorlds } from '../../../offline/reproductions/coverage/worlds.ts';
import { isProven } from '../../../offline/reproductions/study-table.ts';

const quiet = { step: () => undefined, advance: () => undefined, done: () => undefined };

describe('the coverage study in its short form', () => {
  it('finds what it claims, and maps where asymptotic intervals fail', async () => {
    const tables = await coverage({ isShort: true, workers: 2, seed: 1, progress: quiet });
    const failed = tables.flatMap(({ claims }) => claims.filter(({ holds }) => !holds));
    expect(failed, failed.map(({ claim }) => claim).join('\n')).toEqual([]);
    expect(isProven(tables)).toBe(true);
    const [, map, looking] = tables;
    const row = map.rows.find(([name]) => name === 'delta-normal, ips');
    const cellOf = (world: string): string | undefined =>
      row?.[1 + enumerableWorlds.findIndex(({ name }) => name.startsWith(world))];
    expect(cellOf('heavy')).toContain('✗');
    expect(cellOf('huge')).toContain('✗');
    expect(cellOf('moderate')).not.toContain('✗');
    expect(
      looking.rows
        .at(-1)
        ?.slice(2)
        .every((cell) => cell.includes('✗')),
    ).toBe(true);
  }, 120_000);
});

describe('an enumerable world', () => {
  it.each(
    enumerableWorlds
      .filter(({ name }) => !name.startsWith('huge'))
      .map((world) => [world.name, world] as const),
  )('draws logs whose weighted mean is its truth: %s', (_, world) => {
    const { value, behavior } = truthOf(world);
    const sample = drawSample({ ...world, units: 20_000 }, createRandom(4));
    const ratioOf = (column: Float64Array): { mean: number; error: number } => {
      const n = sample.rows.reduce((a, b) => a + b, 0);
      const mean = column.reduce((a, b) => a + b, 0) / n;
      const squares = column.reduce((a, v, k) => a + (v - mean * sample.rows[k]) ** 2, 0);
      return { mean, error: Math.sqrt(squares) / n };
    };
    const weighted = ratioOf(sample.weighted);
    const plain = ratioOf(sample.plain);
    expect(Math.abs(weighted.mean - value)).toBeLessThan(4 * weighted.error);
    expect(Math.abs(plain.mean - behavior)).toBeLessThan(4 * plain.error);
  });
});

describe('the binomial test', () => {
  it('has the tails of ten coins', () => {
    expect(upperTail(8, 10, 0.5)).toBeCloseTo(56 / 1024, 12);
    expect(lowerTail(2, 10, 0.5)).toBeCloseTo(56 / 1024, 12);
    expect(upperTail(0, 10, 0.5)).toBe(1);
  });

  it('calls 100 misses of 1,000 too many at 5 %, 62 not, and 20 too few', () => {
    expect(isTooMany(100, 1000, 0.05, 1e-4)).toBe(true);
    expect(isTooMany(62, 1000, 0.05, 1e-4)).toBe(false);
    expect(isTooFew(20, 1000, 0.05, 1e-4)).toBe(true);
    expect(isTooFew(45, 1000, 0.05, 1e-4)).toBe(false);
  });
});
