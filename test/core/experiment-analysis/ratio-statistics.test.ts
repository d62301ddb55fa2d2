import { describe, expect, it } from 'vitest';
import {
  mergeStatistics,
  noStatistics,
  ratioEstimate,
  unitStatistics,
} from '../../../src/core/experiment/ratio-statistics.ts';
import { createRandom } from '../../../src/core/math/random.ts';

const all = (units: readonly (readonly [number, number])[]) =>
  units.map(([n, y]) => unitStatistics(n, y)).reduce(mergeStatistics, noStatistics);

describe('ratio statistics', () => {
  it('merge to the statistics of the concatenation', () => {
    const a = [[1, 2] as const, [3, 5] as const];
    const b = [[2, 7] as const];
    const [merged, whole] = [mergeStatistics(all(a), all(b)), all([...a, ...b])];
    expect(merged.units).toBe(whole.units);
    merged.mean.forEach((value, i) => expect(value).toBeCloseTo(whole.mean[i], 12));
    merged.squares.forEach((value, i) => expect(value).toBeCloseTo(whole.squares[i], 12));
  });

  it('have no estimate, rather than an error of 0, for fewer than two units', () => {
    expect(ratioEstimate(noStatistics)).toBeNull();
    expect(ratioEstimate(unitStatistics(4, 8))).toBeNull();
  });

  it('reduce to the mean and its error when every unit has one decision', () => {
    const estimate = ratioEstimate(
      all([
        [1, 2],
        [1, 4],
        [1, 9],
      ]),
    )!;
    expect(estimate.value).toBeCloseTo(5, 12);
    expect(estimate.standardError).toBeCloseTo(Math.sqrt(13 / 3), 12);
  });

  it('cover the true ratio at their level when responses of a unit are correlated', () => {
    const random = createRandom(21);
    let covered = 0;
    for (let run = 0; run < 400; run++) {
      const units = Array.from({ length: 120 }, () => {
        const n = 1 + random.integer(8);
        const level = 10 + 3 * random.normal();
        return [n, n * level + Math.sqrt(n) * random.normal()] as const;
      });
      const { value, standardError } = ratioEstimate(all(units))!;
      if (Math.abs(value - 10) <= 1.96 * standardError) covered++;
    }
    expect(covered / 400).toBeGreaterThan(0.91);
    expect(covered / 400).toBeLessThan(0.985);
  });
});
