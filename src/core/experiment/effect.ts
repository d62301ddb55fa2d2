import type { RatioEstimate } from './ratio-statistics.ts';
import type { Contrast } from './statistics/contrast.ts';
import { relativeEffect, type RelativeEffect } from './statistics/relative-effect.ts';
import { testInterval, type TestMethod } from './statistics/test-interval.ts';

export interface IntervalEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  readonly method: 'asymptotic-confidence-sequence' | 'msprt' | 'fixed-horizon';
  readonly units: number;
}

export interface TestOptions {
  /** Two-sided error, over all looks for the sequential methods. */
  readonly alpha: number;
  readonly method: TestMethod;
}

export interface Effect {
  readonly control: RatioEstimate;
  readonly treatment: RatioEstimate;
  /** R_treatment − R_control; Welch, stratified and adjusted where there are strata and covariates. */
  readonly difference: IntervalEstimate;
  /** The difference as a share of control (Fieller); null where control is not proven above 0. */
  readonly relative: RelativeEffect | null;
  /** The treatment's own mean, for limits on its level. */
  readonly level: IntervalEstimate;
}

/** The effect of a contrast, absolute and relative, each with an interval of the wanted method. */
export function differenceOf(
  compared: Contrast,
  options: TestOptions,
): { readonly difference: IntervalEstimate; readonly relative: RelativeEffect | null } {
  const difference = intervalOf(compared, options);
  if (compared.standardError === 0) return { difference, relative: null };
  const reach = (difference.upper - difference.value) / compared.standardError;
  const { control, treatment, comparedErrors: errors } = compared;
  const relative = relativeEffect(
    { ...control, standardError: errors.control },
    { ...treatment, standardError: errors.treatment },
    reach,
  );
  return { difference, relative };
}

const methodNames = {
  'confidence-sequence': 'asymptotic-confidence-sequence',
  msprt: 'msprt',
  fixed: 'fixed-horizon',
} as const;

export function intervalOf(
  estimate: {
    readonly value: number;
    readonly standardError: number;
    readonly units: number;
    readonly degrees: number;
  },
  { alpha, method }: TestOptions,
): IntervalEstimate {
  const { value, standardError, units } = estimate;
  const known = { value, standardError, level: 1 - alpha, method: methodNames[method.kind], units };
  // Without spread (a constant response) every reach is 0.
  if (standardError === 0) return { ...known, lower: value, upper: value };
  const { lower, upper } = testInterval(estimate, method, alpha);
  return { ...known, lower, upper };
}
