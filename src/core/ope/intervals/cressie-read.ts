import { invariant } from '../../check.ts';
import { studentTQuantile } from '../../math/student-t.ts';
import type { CressieReadSums } from './cressie-read-sums.ts';
import {
  refuseInterval,
  tailError,
  type IntervalOptions,
  type IntervalRefusal,
  type IntervalResult,
  type Support,
} from './interval-result.ts';

export interface CressieReadOptions extends IntervalOptions {
  /** Smallest and largest *possible* weight, min < 1 < max; max may be Infinity. */
  readonly weights: Support;
  /** Declared range of the response. */
  readonly responses: Support;
}

const METHOD = 'cressie-read';
/** A weight is a quotient: it may leave its range by the last bits. */
const ROUNDING = 1e-12;

/**
 * Point estimate of the same family: Q puts mass (−γ − β wᵢ)/(n + 1) on row i and the rest on one unseen row, such that
 * Σ Q = 1 and Σ Q w = 1; V̂ = Σ Q w r + (mass of w that is missing) · mean r. It uses that the mean weight is 1, so it needs
 * no self-normalisation and stays close to the responses' range.
 *
 * Source: Karampatziakis, Langford and Mineiro 2019, "Empirical likelihood for contextual bandits" (Cressie–Read −2).
 */
export function cressieReadEstimate(sums: CressieReadSums, weights: Support): number {
  invariant(weights.min < 1 && weights.max > 1, 'the possible weights lie around 1');
  const { n, w, ww, wr, wwr } = sums;
  if (n === 0) return Number.NaN;
  const unseen = unseenWeight(sums, weights);
  let gamma = -(1 + n) / n;
  let beta = 0;
  if (unseen !== Infinity) {
    const a = (unseen + w) / (1 + n);
    const b = (unseen * unseen + ww) / (1 + n);
    gamma = (b - a) / (a * a - b);
    beta = (1 - a) / (a * a - b);
  }
  const missing = Math.max(0, 1 - (-gamma * w - beta * ww) / (1 + n));
  return (-gamma * wr - beta * wwr) / (1 + n) + (missing * sums.r) / n;
}

/** Where the unseen row must lie for the mean weight to be 1: above when the log's mean is below, and the reverse. */
const unseenWeight = ({ n, w }: CressieReadSums, weights: Support): number =>
  w < n ? weights.max : weights.min;

/**
 * Cressie–Read profile interval: the smallest and largest Σ Q w r over distributions Q on the n rows and one unseen row
 * (of extreme weight w_f, of extreme response r_f) with Σ Q w = 1 whose power divergence (λ = −2) from the uniform one is within
 * F(1, n) of the least. With means over the n + 1 rows it is a regression of w r on w, of slope B and residual variance V:
 *
 *   x̂ = mean(w r) + B (1 − mean w),   bound = x̂ − √( V · [ (G + F)/(n + 1) − (1 − mean w)²/var w ] )
 *
 * G the least divergence, F the quantile of F(1, n) (two-sided 1 − α); the worse of w_f = w_min and w_max counts.
 *
 * Asymptotic (χ²₁ profile), for independent rows or equal-sized units. It knows that the mean weight is 1 and where weights
 * and responses end: shorter than the Gaussian one and inside the response's range. Not to be trusted for clipped
 * weights (their mean is not 1) or very few rows with weight. A range that the data contradict is refused.
 * Source: as above; VW estimators, `cressieread.Interval`.
 */
export function cressieRead(sums: CressieReadSums, options: CressieReadOptions): IntervalResult {
  const { level, sides = 'two-sided', weights, responses } = options;
  const trouble = unusable(sums, options);
  if (trouble !== null) return trouble;
  const quantile = studentTQuantile(1 - tailError(options), sums.n) ** 2;
  const budget = (quantile + leastDivergence(sums, weights)) / (1 + sums.n);
  const lower = lowerBound(sums, budget, weights, responses.min, 1);
  const upper = -lowerBound(sums, budget, weights, responses.max, -1);
  const inRange = (x: number): number => Math.min(responses.max, Math.max(responses.min, x));
  return {
    method: METHOD,
    level,
    lower: sides === 'upper' ? responses.min : inRange(lower),
    upper: sides === 'lower' ? responses.max : inRange(upper),
  };
}

function unusable(
  sums: CressieReadSums,
  { level, weights, responses }: CressieReadOptions,
): IntervalRefusal | null {
  invariant(weights.min < 1 && weights.max > 1, 'the possible weights lie around 1');
  if (sums.n === 0) return refuseInterval(METHOD, level, 'too_few_units', 'there are no rows', 'a row');
  if (!Number.isFinite(sums.wwrr)) {
    return refuseInterval(METHOD, level, 'contribution_invalid', 'a row is not a number', 'finite rows');
  }
  const isInside =
    sums.smallestWeight >= weights.min * (1 - ROUNDING) &&
    sums.largestWeight <= weights.max * (1 + ROUNDING) &&
    sums.smallestResponse >= responses.min &&
    sums.largestResponse <= responses.max;
  if (isInside) return null;
  const reason =
    `weights reach from ${sums.smallestWeight} to ${sums.largestWeight}, ` +
    `responses from ${sums.smallestResponse} to ${sums.largestResponse}`;
  const needed = 'ranges of weights and responses that hold for every row';
  return refuseInterval(METHOD, level, 'support_violated', reason, needed);
}

/** G: the divergence of the best Q that has Σ Q w = 1, nothing asked of the response. */
function leastDivergence(sums: CressieReadSums, weights: Support): number {
  const { n, w, ww } = sums;
  const unseen = unseenWeight(sums, weights);
  if (unseen === Infinity) return 1 + 1 / n;
  const mean = (unseen + w) / (1 + n);
  const variance = (unseen * unseen + ww) / (1 + n) - mean * mean;
  return ((1 + n) * (mean - 1) ** 2) / variance;
}

/** The least Σ Q w (sign · r) over both ends of the unseen weight; −∞ when no Q fits. */
function lowerBound(
  sums: CressieReadSums,
  budget: number,
  weights: Support,
  response: number,
  sign: 1 | -1,
): number {
  const candidates = [weights.min, weights.max]
    .map((unseen) => (unseen === Infinity ? farLimit(sums, response) : atUnseen(sums, unseen, response)))
    .flatMap((at) => {
      if (at === null) return [];
      const square = Math.max(0, at.residualVariance) * (budget - at.spent);
      // A budget overspent by rounding alone is no contradiction.
      return square < -1e-18 ? [] : [sign * at.value - Math.sqrt(Math.max(0, square))];
    });
  return candidates.length === 0 ? -Infinity : Math.min(...candidates);
}

interface AtUnseen {
  readonly value: number;
  readonly residualVariance: number;
  /** (1 − mean w)² / var w. */
  readonly spent: number;
}

function atUnseen(sums: CressieReadSums, unseen: number, response: number): AtUnseen | null {
  const n1 = 1 + sums.n;
  const mean = (unseen + sums.w) / n1;
  const variance = (unseen * unseen + sums.ww) / n1 - mean * mean;
  if (!(variance > 0)) return null;
  const weighted = (unseen * response + sums.wr) / n1;
  const covariance = (unseen * unseen * response + sums.wwr) / n1 - mean * weighted;
  const weightedVariance = ((unseen * response) ** 2 + sums.wwrr) / n1 - weighted * weighted;
  return {
    value: weighted + ((1 - mean) * covariance) / variance,
    residualVariance: weightedVariance - covariance ** 2 / variance,
    spent: (1 - mean) ** 2 / variance,
  };
}

/** The limit w_f → ∞: the unseen row takes what mass of w is missing, at no probability. */
function farLimit({ n, w, ww, wr, wwr, wwrr }: CressieReadSums, response: number): AtUnseen {
  const squares = response * response * ww - 2 * response * wwr + wwrr;
  return {
    value: response + (wr - w * response) / n,
    residualVariance: squares / (1 + n) - (response * w - wr) ** 2 / (n * (1 + n)),
    spent: 1 / n,
  };
}
