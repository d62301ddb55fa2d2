import { invariant } from '../../check.ts';
import { ratio } from '../estimator.ts';

/**
 * An estimator on one response, reduced to the sums of every unit: V̂ = g(Σₖ S_k). The bootstrap by unit and the delta
 * method of `src/core/ope` need nothing else.
 */
export interface Reduction {
  readonly columns: readonly Float64Array[];
  /** g of the totals of the columns; NaN where it is not defined. */
  readonly value: (totals: ArrayLike<number>) => number;
  /** ∂g/∂totals. */
  readonly gradient: (totals: ArrayLike<number>) => readonly number[];
}

/** A/B with one numerator and one denominator per unit. */
export const ratioReduction = (numerators: Float64Array, denominators: Float64Array): Reduction => ({
  columns: [numerators, denominators],
  ...ratio,
});

/** Σₜ γᵗ Aₜ/Bₜ: a self-normalised estimate per step. */
export function ratioSumReduction(
  numerators: readonly Float64Array[],
  denominators: readonly Float64Array[],
  discount: number,
): Reduction {
  const steps = numerators.length;
  invariant(denominators.length === steps, 'a denominator per step');
  return {
    columns: [...numerators, ...denominators],
    value: (totals) => {
      let sum = 0;
      for (let t = 0; t < steps; t++) sum += discount ** t * ratio.value([totals[t], totals[steps + t]]);
      return sum;
    },
    gradient: (totals) => {
      const slopes = new Array<number>(2 * steps);
      for (let t = 0; t < steps; t++) {
        const [a, b] = ratio.gradient([totals[t], totals[steps + t]]);
        slopes[t] = discount ** t * a;
        slopes[steps + t] = discount ** t * b;
      }
      return slopes;
    },
  };
}
