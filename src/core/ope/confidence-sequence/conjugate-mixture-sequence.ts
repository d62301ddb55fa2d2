import { tailError, type IntervalOptions, type Support } from '../intervals/interval-result.ts';
import { GammaExponentialLower } from './gamma-exponential-lower.ts';
import { MirroredSequence } from './mirrored-sequence.ts';
import { oneSidedRho } from './mixture-boundaries.ts';
import type { Prior } from './prediction.ts';

export interface ConjugateMixtureOptions extends IntervalOptions {
  readonly support: Support;
  /** Σ (x − x̂)² on the unit scale at which the sequence is tightest: units × their variance / width². */
  readonly varianceTunedAt: number;
  /** Prediction of an observation (on the unit scale) from the past; ½ with the weight of one unless told. */
  readonly prior?: Prior | undefined;
}

/**
 * Conjugate-mixture empirical-Bernstein confidence sequence for the mean of bounded observations: `GammaExponentialLower` of
 * x for the lower end and of 1 − x for the upper one, **each at α/2** for two sides; one side alone at α.
 *
 * Valid at all times for every distribution on the support; tight around `varianceTunedAt` and of the order √(V ln V) after.
 * confseq 0.0.11 halves α twice for two sides (α/4 each: valid, too wide). Source: Howard et al. 2021, theorem 4.
 */
export class ConjugateMixtureSequence extends MirroredSequence<GammaExponentialLower> {
  constructor(options: ConjugateMixtureOptions) {
    const { prior = { mean: 0.5, weight: 1 } } = options;
    const delta = tailError(options);
    const rho = oneSidedRho(options.varianceTunedAt, delta);
    super('cs-conjugate-mixture', options, {
      below: new GammaExponentialLower(delta, rho, prior),
      above: new GammaExponentialLower(delta, rho, { ...prior, mean: 1 - prior.mean }),
    });
  }
}
