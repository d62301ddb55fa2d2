import { invariant } from '../../check.ts';
import { createRandom } from '../../math/random.ts';
import { bernsteinReach } from './empirical-bernstein.ts';
import {
  refuseInterval,
  tailError,
  unusableContributions,
  type IntervalOptions,
  type IntervalResult,
  type Support,
} from './interval-result.ts';
import { momentsOf } from './moments.ts';
import { unusableSupport } from './support.ts';

export interface HcopeOptions extends IntervalOptions {
  /** `min` must be known; `max` may be Infinity for a lower bound alone (the truncation stands in for it). */
  readonly support?: Support | undefined;
  /** Chooses which units find the truncation point. */
  readonly seed: number;
  /** Share of units that find it, in (0, 1). */
  readonly tuningShare?: number | undefined;
}

const METHOD = 'hcope';
const TUNING_SHARE = 0.05;

/**
 * High-confidence off-policy evaluation: with Y = min(X, c) for X ≥ 0,
 *
 *   LCB = Ȳ − √(2 s²_Y ln(2/δ) / n) − 7 c ln(2/δ) / (3 (n − 1)),   E[Y] ≤ E[X],
 *
 * the truncation point c chosen on a held-out split of units (the c that would give the best bound there, were the other
 * units like them), the bound computed on the rest. X − support.min is what is truncated, so any known lower end will do;
 * the upper bound is support.max − LCB(support.max − X).
 *
 * Holds for every n and any tail above; made for heavy-tailed weights without a clip, where c stands far below the largest
 * possible weight. A bad draw of the split makes it wide, never wrong. Half the error for each of two sides.
 * Source: Thomas, Theocharous and Ghavamzadeh 2015 (AAAI), "High-confidence off-policy evaluation", theorem 1 with one
 * common truncation point; the split (1/20) is theirs.
 */
export function hcope(contributions: Float64Array, options: HcopeOptions): IntervalResult {
  const { support, level, sides = 'two-sided', tuningShare = TUNING_SHARE } = options;
  invariant(tuningShare > 0 && tuningShare < 1, 'a tuning share in (0, 1)');
  const tuned = Math.max(2, Math.round(contributions.length * tuningShare));
  const trouble =
    unusableContributions(METHOD, contributions, level, tuned + 2) ??
    unusableFor(contributions, support, level, sides === 'lower');
  if (trouble !== null || support === undefined) return trouble as IntervalResult;
  const shuffled = shuffle(contributions, options.seed);
  const delta = tailError(options);
  const { min, max } = support;
  const above = (): number =>
    min +
    lowerBound(
      shuffled.map((x) => x - min),
      tuned,
      delta,
    );
  const below = (): number =>
    max -
    lowerBound(
      shuffled.map((x) => max - x),
      tuned,
      delta,
    );
  return {
    method: METHOD,
    level,
    lower: sides === 'upper' ? min : Math.min(max, above()),
    upper: sides === 'lower' ? max : Math.max(min, below()),
  };
}

function unusableFor(values: Float64Array, support: Support | undefined, level: number, isLower: boolean) {
  if (!isLower || support === undefined || support.max !== Infinity) {
    return unusableSupport(METHOD, values, support, level);
  }
  const needed = 'the smallest contribution that a unit can make';
  if (!Number.isFinite(support.min)) {
    return refuseInterval(METHOD, level, 'support_unknown', 'no finite lower end was given', needed);
  }
  if (values.every((x) => x >= support.min)) return null;
  return refuseInterval(METHOD, level, 'support_violated', 'a unit is below the stated support', needed);
}

/** Truncation from the first `tuned` values, bound from the rest; never below 0, which is known. */
function lowerBound(values: Float64Array, tuned: number, delta: number): number {
  const rest = values.subarray(tuned);
  const c = truncationPoint(values.subarray(0, tuned), rest.length, delta);
  const { mean, variance } = momentsOf(rest.map((x) => Math.min(x, c)));
  return Math.max(0, mean - bernsteinReach(variance, rest.length, c, delta));
}

/**
 * The tuning value whose predicted bound is best. Beyond the largest tuning value only the price of c grows, so the search
 * ends there; of many values some 200 are tried.
 */
function truncationPoint(tuning: Float64Array, n: number, delta: number): number {
  const candidates = [...new Set(tuning)].filter((x) => x > 0).sort((a, b) => a - b);
  // Nothing above 0 was seen: any c > 0 is valid.
  if (candidates.length === 0) return 1;
  const step = Math.max(1, Math.floor(candidates.length / 200));
  let best = candidates[candidates.length - 1];
  let bestBound = -Infinity;
  for (let i = 0; i < candidates.length; i += step) {
    const c = candidates[i];
    const { mean, variance } = momentsOf(tuning.map((x) => Math.min(x, c)));
    const bound = mean - bernsteinReach(variance, n, c, delta);
    if (bound > bestBound) [best, bestBound] = [c, bound];
  }
  return best;
}

function shuffle(values: Float64Array, seed: number): Float64Array {
  const random = createRandom(seed).fork('hcope/split');
  const shuffled = values.slice();
  for (let k = shuffled.length - 1; k > 0; k--) {
    const other = random.integer(k + 1);
    [shuffled[k], shuffled[other]] = [shuffled[other], shuffled[k]];
  }
  return shuffled;
}
