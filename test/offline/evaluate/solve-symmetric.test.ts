import { describe, expect, it } from 'vitest';
import { solveSymmetric } from '../../../offline/evaluation/solve-symmetric.ts';

describe('solveSymmetric', () => {
  it('solves a positive definite system', () => {
    const x = solveSymmetric(Float64Array.of(4, 2, 2, 3), Float64Array.of(2, 5));
    expect(x[0]).toBeCloseTo(-0.5, 12);
    expect(x[1]).toBeCloseTo(2, 12);
  });

  it('gives 0 to a column that another one already explains', () => {
    const x = solveSymmetric(Float64Array.of(1, 1, 1, 1), Float64Array.of(3, 3));
    expect([...x]).toEqual([3, 0]);
  });

  it('refuses a matrix of another size', () => {
    expect(() => solveSymmetric(new Float64Array(3), new Float64Array(2))).toThrow(
      /3 entries for 2 unknowns/,
    );
  });
});
