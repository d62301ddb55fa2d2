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

/** c of the prior that expects gross deviations: with two variants of equal share any share is as likely as any other. */
const GROSS_PRIOR_UNITS = 2;

/**
 * Do first-assigned units arrive in the declared shares? The sequential multinomial test with constant shares (those that vary:
 * `statistics/sequential-multinomial.ts`); P(alarm, ever) ≤ α under the declared shares.
 *
 *     BF = ½ BF_c=100 + ½ BF_c=2
 *
 * The first finds small deviations of many units, the second gross ones of few: fifteen lost units, all of one variant, where
 * the first alone asks for fifty. Both are martingales of mean 1, so their mean is one too.
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
  const none = noArrivals(observed.length);
  const small = addArrivals(none, observed, expected).logBayesFactor;
  const gross = addArrivals(none, observed, expected, GROSS_PRIOR_UNITS).logBayesFactor;
  const sequentialPValue = Math.min(1, 2 / (Math.exp(small) + Math.exp(gross)));
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
