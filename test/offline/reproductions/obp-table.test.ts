import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { obpTable } from '../../../offline/reproductions/obp-table/study.ts';
import { drawBatch, drawWorld, publishedDesign } from '../../../offline/reproductions/obp-table/world.ts';
import { isProven } from '../../../offline/reproductions/study-table.ts';

const quiet = { step: () => undefined, advance: () => undefined, done: () => undefined };

describe('the published OBP table, in eight runs', () => {
  it('has every mean within two combined standard errors, Bonferroni over seven', async () => {
    const tables = await obpTable({ isShort: true, workers: 2, seed: 1, progress: quiet });
    expect(tables.map(({ rows }) => rows.length)).toEqual([7]);
    expect(
      isProven(tables),
      tables.flatMap(({ claims }) => claims.map(({ claim }) => claim)).join('\n'),
    ).toBe(true);
  });
});

describe('its world', () => {
  const random = createRandom(3);
  const world = drawWorld(publishedDesign, random);
  const batch = drawBatch(world, random.fork('batch'));
  const K = publishedDesign.actions;

  it('has reward scores of mean 0 and variance 1 over the batch', () => {
    const scores = batch.expected.map((q) => Math.log(q / (1 - q)));
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    const variance = scores.reduce((a, b) => a + (b - mean) ** 2, 0) / scores.length;
    expect(mean).toBeCloseTo(0, 9);
    expect(variance).toBeCloseTo(1, 9);
  });

  it('logs each round with softmax(β q)', () => {
    for (let i = 0; i < 50; i++) {
      const scores = Array.from({ length: K }, (_, a) => Math.exp(-3 * batch.expected[i * K + a]));
      const total = scores.reduce((a, b) => a + b, 0);
      expect(batch.propensities[i]).toBeCloseTo(scores[batch.actions[i]] / total, 12);
    }
  });

  it('has propensities that are how often actions are served: the mean of 1/p is K', () => {
    const inverse = batch.propensities.map((p) => 1 / p);
    const mean = inverse.reduce((a, b) => a + b, 0) / inverse.length;
    const sd = Math.sqrt(inverse.reduce((a, b) => a + (b - mean) ** 2, 0) / inverse.length);
    expect(Math.abs(mean - K)).toBeLessThan((4 * sd) / Math.sqrt(inverse.length));
  });

  it('is another world with another seed and the same one with the same', () => {
    const again = drawWorld(publishedDesign, createRandom(3));
    const other = drawWorld(publishedDesign, createRandom(4));
    expect(again.reward).toEqual(world.reward);
    expect(other.reward).not.toEqual(world.reward);
  });
});
