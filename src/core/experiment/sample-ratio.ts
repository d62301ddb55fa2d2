import { invariant } from '../check.ts';
import { addArrivals, chiSquarePValue, noArrivals } from './statistics/sequential-multinomial.ts';

export interface SampleRatioCheck {
  readonly state: 'ok' | 'mismatch' | 'no data';
  readonly observed: readonly number[];
  /** Declared shares, summing to 1. */
  readonly expected: readonly number[];
  /** Anytime-valid: min(1, 1 / Bayes factor); the verdict is blocked when it falls to `alpha`. */
  readonly sequentialPValue: number | null;
  /** Pearson's chi-square, for reading only: it is not valid under repeated looks. */
  readonly chiSquarePValue: number | null;
  readonly alpha: number;
}

/**
 * Do first-assigned units arrive in the declared shares? The sequential multinomial test with constant shares (those that vary:
 * `statistics/sequential-multinomial.ts`); P(alarm, ever) ≤ α under the declared shares.
 *
 * @param observed units first assigned to each variant, S_i.
 * @param expected θ_i > 0, summing to 1.
 * @param alpha error over all looks, in (0, 1).
 */
export function checkSampleRatio(
  observed: readonly number[],
  expected: readonly number[],
  alpha: number,
): SampleRatioCheck {
  invariant(observed.length === expected.length, 'one expected share for each count');
  const total = observed.reduce((a, b) => a + b, 0);
  if (total === 0) {
    return { state: 'no data', observed, expected, sequentialPValue: null, chiSquarePValue: null, alpha };
  }
  const { logBayesFactor } = addArrivals(noArrivals(observed.length), observed, expected);
  const sequentialPValue = Math.min(1, Math.exp(-logBayesFactor));
  const means = expected.map((share) => share * total);
  return {
    state: sequentialPValue <= alpha ? 'mismatch' : 'ok',
    observed,
    expected,
    sequentialPValue,
    chiSquarePValue: chiSquarePValue(observed, means),
    alpha,
  };
}
