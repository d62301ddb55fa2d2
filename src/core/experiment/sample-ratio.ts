import { invariant } from '../check.ts';
import { chiSquareSurvival } from '../math/chi-square.ts';
import { logGamma } from '../math/gamma.ts';

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
 * Do first-assigned units arrive in the declared shares? Sequential multinomial test with a Dirichlet(c · θ) prior:
 *
 *     ln BF_n = ln B(c θ + S) − ln B(c θ) − Σ S_i ln θ_i,   alarm when BF_n ≥ 1/α
 *
 * Under the declared shares θ the Bayes factor is a martingale with mean 1, so P(alarm, ever) ≤ α (Ville).
 * Source: Lindon & Malek 2020, "Anytime-valid inference for multinomial count data", eq. 8.
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
  const sequentialPValue = Math.min(1, Math.exp(-logBayesFactor(observed, expected, total)));
  return {
    state: sequentialPValue <= alpha ? 'mismatch' : 'ok',
    observed,
    expected,
    sequentialPValue,
    chiSquarePValue: chiSquareTest(observed, expected, total),
    alpha,
  };
}

/** Weight of the prior, in units: small enough to learn fast, large enough not to chase the first few. */
const PRIOR_UNITS = 100;

function logBayesFactor(observed: readonly number[], expected: readonly number[], total: number): number {
  let log = logGamma(PRIOR_UNITS) - logGamma(PRIOR_UNITS + total);
  observed.forEach((count, i) => {
    const prior = PRIOR_UNITS * expected[i];
    log += logGamma(prior + count) - logGamma(prior) - count * Math.log(expected[i]);
  });
  return log;
}

function chiSquareTest(observed: readonly number[], expected: readonly number[], total: number): number {
  const statistic = observed.reduce((sum, count, i) => {
    const mean = total * expected[i];
    return sum + (count - mean) ** 2 / mean;
  }, 0);
  return chiSquareSurvival(statistic, observed.length - 1);
}
