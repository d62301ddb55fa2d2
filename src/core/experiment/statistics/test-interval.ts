import { invariant } from '../../check.ts';
import { studentTCdf, studentTQuantile } from '../../math/student-t.ts';
import { alwaysValidPValue, mixtureLogRatio, mixtureReach, sequenceRatio } from './normal-mixture.ts';

/**
 * How an effect is tested.
 *
 * `confidence-sequence`: asymptotic confidence sequence, valid at every look from a minimum of units on.
 * `msprt`: mixture sequential probability ratio test, likewise, with a mixture variance fixed in advance.
 * `fixed`: Welch's t, valid at one look that was declared beforehand.
 */
export type TestMethod =
  | { readonly kind: 'confidence-sequence'; readonly tunedAt: number }
  | { readonly kind: 'msprt'; readonly mixtureVariance: number }
  | { readonly kind: 'fixed' };

export interface Tested {
  /** Half the interval in standard errors. */
  readonly reach: number;
  readonly lower: number;
  readonly upper: number;
  /** Against no effect; always valid for the sequential methods (this look's, not the smallest so far). */
  readonly pValue: number;
}

export interface TestedEstimate {
  readonly value: number;
  /** Above 0. */
  readonly standardError: number;
  /** Of both arms together. */
  readonly units: number;
  readonly degrees: number;
}

/**
 * The interval value ∓ h·se of a test, and its p-value.
 *
 *     confidence-sequence, msprt:  h, Λ of `normal-mixture.ts`
 *     fixed:                       h = t_{1 − α/2}(ν),  p = 2 P(T_ν > |z|)
 *
 * Sources: Waudby-Smith et al. 2021; Johari, Pekelis & Walsh 2017/2022, eq. 4.6 for the sequential ones; Welch 1947.
 *
 * @param alpha two-sided, in (0, 1): over all looks for the sequential methods, of the one look for `fixed`.
 */
export function testInterval(estimate: TestedEstimate, method: TestMethod, alpha: number): Tested {
  const { value, standardError, units, degrees } = estimate;
  invariant(standardError > 0 && alpha > 0 && alpha < 1, 'an error above 0, α in (0, 1)');
  const z = value / standardError;
  if (method.kind === 'fixed') {
    const reach = studentTQuantile(1 - alpha / 2, degrees);
    return around(value, standardError, reach, 2 * studentTCdf(-Math.abs(z), degrees));
  }
  const r =
    method.kind === 'msprt'
      ? standardError ** 2 / method.mixtureVariance
      : sequenceRatio(units, method.tunedAt, alpha);
  return around(value, standardError, mixtureReach(r, alpha), alwaysValidPValue(mixtureLogRatio(z, r)));
}

function around(value: number, standardError: number, reach: number, pValue: number): Tested {
  const half = reach * standardError;
  return { reach, lower: value - half, upper: value + half, pValue };
}
