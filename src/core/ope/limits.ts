/** Where trouble begins. The defaults are those of `docs/ope.md`; whoever changes one says so in the output. */
export interface OpeLimits {
  /** Unusable when the mean weight is off 1 by more than this share AND by more than `meanWeightErrors` errors. */
  readonly meanWeightTolerance: number;
  readonly meanWeightErrors: number;
  /** Unusable when one unit holds more than this share of the weight. */
  readonly maxUnitShare: number;
  /** Unusable below this effective sample size, by unit. */
  readonly minEffectiveSampleSize: number;
  /** Unusable when more than this share of the evaluation policy is on actions that the log never shows. */
  readonly maxUnsupportedFraction: number;
  /** Unusable when the probabilities of a row miss 1 by more. */
  readonly sumTolerance: number;
  /** Weak below this effective sample size, by unit. */
  readonly weakEffectiveSampleSize: number;
  /** Weak when the mean weight is off 1 by more than this share (or by more than `meanWeightErrors` errors). */
  readonly weakMeanWeightTolerance: number;
  /** Weak above this share of unsupported evaluation mass. */
  readonly weakUnsupportedFraction: number;
  /** Weak when a response has fewer events than this among rows that carry weight. */
  readonly minEvents: number;
}

export const defaultLimits: OpeLimits = {
  meanWeightTolerance: 0.1,
  meanWeightErrors: 3,
  maxUnitShare: 0.2,
  minEffectiveSampleSize: 30,
  maxUnsupportedFraction: 0.1,
  sumTolerance: 1e-3,
  weakEffectiveSampleSize: 1000,
  weakMeanWeightTolerance: 0.05,
  weakUnsupportedFraction: 0.01,
  minEvents: 30,
};

/** The limits that differ from the defaults, for the output. */
export function changedLimits(limits: OpeLimits): Partial<OpeLimits> {
  const names = Object.keys(defaultLimits) as (keyof OpeLimits)[];
  return Object.fromEntries(
    names.filter((name) => limits[name] !== defaultLimits[name]).map((name) => [name, limits[name]]),
  );
}
