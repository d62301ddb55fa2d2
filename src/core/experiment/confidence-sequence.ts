import { invariant } from '../check.ts';
import { mixtureReach, sequenceRatio } from './statistics/normal-mixture.ts';

/**
 * How many standard errors an asymptotic confidence sequence reaches after n independent units:
 *
 *     h(n) = √( (1 + r) (ln(1 + 1/r) + 2 ln(1/α)) ),   r = ρ(n*)/n,   ρ(n*) = n* / (2 ln(1/α) + ln(1 + 2 ln(1/α)))
 *
 * `estimate ± h(n) · se` holds at all n at once with probability 1 − α, in the limit, so it may be looked at as often
 * as one likes; n* is where it is tightest. Only for n at or above a minimum (the limit must have begun), and with
 * units that enter once. Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2021, "Time-uniform central limit
 * theory and asymptotic confidence sequences", Theorem 2.2 and Appendix B.2.
 *
 * @param units n ≥ 1, independent units so far.
 * @param alpha α in (0, 1), two-sided error over all looks.
 * @param tunedAt n* ≥ 1, the number of units to be tightest at.
 */
export function confidenceSequenceReach(units: number, alpha: number, tunedAt: number): number {
  invariant(
    units >= 1 && tunedAt >= 1 && alpha > 0 && alpha < 1,
    'a confidence sequence needs n, n* ≥ 1, α in (0, 1)',
  );
  return mixtureReach(sequenceRatio(units, tunedAt, alpha), alpha);
}
