import { invariant } from '../../check.ts';
import { betaQuantile } from '../../math/incomplete-beta.ts';
import { refuseInterval, tailError, type IntervalOptions, type IntervalResult } from './interval-result.ts';

const METHOD = 'clopper-pearson';

/**
 * Clopper–Pearson interval of a share: s successes in n trials give [B(δ; s, n − s + 1), B(1 − δ; s + 1, n − s)], B(p; a, b)
 * the p-quantile of a beta variable, δ = α/2 for two sides and α for one; 0 at s = 0, 1 at s = n.
 *
 * Exact (never below its level) for independent, *unweighted*, 0/1 outcomes only: the log's own rate, a share of units.
 * Never for weighted ones: "successes / largest weight seen" (VW estimators) is not a binomial count, and the largest weight
 * seen is no support. Source: Clopper and Pearson 1934.
 */
export function clopperPearson(successes: number, trials: number, options: IntervalOptions): IntervalResult {
  const { level, sides = 'two-sided' } = options;
  const isCount = Number.isInteger(successes) && Number.isInteger(trials);
  if (!isCount || trials < 1 || successes < 0 || successes > trials) {
    const reason = `${successes} of ${trials} is not a count of trials`;
    return refuseInterval(METHOD, level, 'not_binary', reason, 'whole numbers of successes and trials');
  }
  const delta = tailError(options);
  const rest = trials - successes;
  return {
    method: METHOD,
    level,
    lower: sides === 'upper' || successes === 0 ? 0 : betaQuantile(delta, successes, rest + 1),
    upper: sides === 'lower' || rest === 0 ? 1 : betaQuantile(1 - delta, successes + 1, rest),
  };
}

/** The same for a column of outcomes, one per unit; refused unless every outcome is 0 or 1 and every weight is 1. */
export function clopperPearsonOf(
  outcomes: Float64Array,
  options: IntervalOptions & { readonly weights?: Float64Array | undefined },
): IntervalResult {
  const { weights, level } = options;
  invariant(weights === undefined || weights.length === outcomes.length, 'a weight for every outcome');
  if (outcomes.some((outcome) => outcome !== 0 && outcome !== 1)) {
    const needed = 'outcomes of 0 or 1, one per unit';
    return refuseInterval(METHOD, level, 'not_binary', 'an outcome is neither 0 nor 1', needed);
  }
  if (weights?.some((w) => w !== 1) === true) {
    const reason = 'a weighted outcome is no count of successes';
    return refuseInterval(
      METHOD,
      level,
      'weighted',
      reason,
      'weights of 1; else empirical-bernstein or hcope',
    );
  }
  return clopperPearson(
    outcomes.reduce((sum, outcome) => sum + outcome, 0),
    outcomes.length,
    options,
  );
}
