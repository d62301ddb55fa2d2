import { refuseInterval, isIntervalRefusal, type IntervalResult, type Sides } from './interval-result.ts';
import { perDecisionContributions, type ContributionBound, type Contributions } from './support.ts';

/** A lower bound of the mean of non-negative contributions with one-sided error `tail`. */
export type LowerBoundOfMean = (contributions: Contributions, tail: number) => IntervalResult;

export interface ResponseSums {
  /** Σ wᵢ rᵢ, Σ wᵢ and n_k of every unit, weights clipped at `bound.largestWeight`. */
  readonly weightedResponses: Float64Array;
  readonly weights: Float64Array;
  readonly rows: Float64Array;
}

/**
 * Bounds of V for a response r ∈ [min, max] that a clip can only widen:
 *
 *   lower = min + LCB(E[w (r − min)]),   upper = max − LCB(E[w (max − r)])
 *
 * Both expectations are of terms ≥ 0, so the bias of a clip (downwards) is on the safe side. For a cost c ∈ [0, c_max] the
 * upper bound is c_max − LCB(E[w (c_max − c)]). Half the error each for two sides. Finite-sample whenever the bound is.
 *
 * Not the same as LCB and UCB of E[w r]: the upper one would bound the clipped target, not V.
 * Source: judging.md; the reflection is that of Thomas et al. 2015.
 *
 * @param boundOf for instance `(c, tail) => hcope(c.values, { support: c.support, level: 1 - tail, sides: 'lower', seed })`
 */
export function responseInterval(
  sums: ResponseSums,
  bound: ContributionBound,
  boundOf: LowerBoundOfMean,
  options: { readonly method: string; readonly level: number; readonly sides?: Sides | undefined },
): IntervalResult {
  const { method, level, sides = 'two-sided' } = options;
  const { min, max } = bound.response;
  if (!Number.isFinite(min) || !Number.isFinite(max)) {
    const needed = 'the declared smallest and largest response';
    return refuseInterval(method, level, 'support_unknown', 'the range of the response is not known', needed);
  }
  const tail = sides === 'two-sided' ? (1 - level) / 2 : 1 - level;
  const range = { ...bound, response: { min: 0, max: max - min } };
  const above = sums.weightedResponses.map((wr, k) => wr - min * sums.weights[k]);
  const below = sums.weightedResponses.map((wr, k) => max * sums.weights[k] - wr);
  const lower =
    sides === 'upper' ? min : endOf(boundOf(perDecisionContributions(above, sums.rows, range), tail));
  const upper =
    sides === 'lower' ? 0 : endOf(boundOf(perDecisionContributions(below, sums.rows, range), tail));
  if (typeof lower !== 'number') return { ...lower, method, level };
  if (typeof upper !== 'number') return { ...upper, method, level };
  return {
    method,
    level,
    lower: sides === 'upper' ? min : Math.min(max, min + lower),
    upper: sides === 'lower' ? max : Math.max(min, max - upper),
  };
}

const endOf = (result: IntervalResult) => (isIntervalRefusal(result) ? result : result.lower);
