import { differenceOfBounds } from '../../../src/core/ope/intervals/difference-of-bounds.ts';
import {
  isIntervalRefusal,
  refuseInterval,
  type IntervalResult,
} from '../../../src/core/ope/intervals/interval-result.ts';
import {
  isRefusal,
  type Estimate,
  type EstimateRefusal,
  type Interval,
} from '../../../src/core/ope/report.ts';
import type { Answer, EstimateAnswer } from '../ope-result.ts';
import { usualIntervals, type IntervalMethod, type KnownBounds } from '../question.ts';
import type { ReducedEstimate } from '../reductions.ts';
import { boundedInterval } from './bounded-intervals.ts';
import { reductionInterval, type ResamplingSettings } from './reduction-intervals.ts';
import type { WeightedUnits } from './weighted-units.ts';

/** Weighted units of an estimate, with the clip and the range that bound them; null where no such bound is known. */
export interface BoundedSide {
  readonly units: WeightedUnits;
  readonly clip: number;
  readonly bounds: KnownBounds;
}

export interface IntervalSources extends ResamplingSettings {
  readonly methods: readonly IntervalMethod[];
  readonly reductions: readonly ReducedEstimate[];
  /** Of one estimate, and of the opponent's where estimates are differences. */
  readonly sidesOf: (reduced: ReducedEstimate) => readonly BoundedSide[] | null;
}

/** Every estimate with the intervals that were asked for, in that order, and a reason for each that may not be given. */
export function attachIntervals(
  estimates: readonly (Estimate | EstimateRefusal)[],
  sources: IntervalSources,
): Answer[] {
  if (isUsual(sources.methods)) return [...estimates];
  return estimates.map((estimate) => {
    if (isRefusal(estimate)) return estimate;
    const reduced = sources.reductions.find(
      ({ response, estimator }) => response === estimate.response && estimator === estimate.estimator,
    );
    const results = sources.methods.map((method) => intervalOf(method, estimate, reduced, sources));
    const refusals = results.filter(isIntervalRefusal);
    const answer: EstimateAnswer = {
      ...estimate,
      intervals: results.filter((result): result is Interval => !isIntervalRefusal(result)),
      ...(refusals.length === 0 ? {} : { intervalRefusals: refusals }),
    };
    return answer;
  });
}

export const isUsual = (methods: readonly IntervalMethod[]): boolean =>
  methods.length === usualIntervals.length && methods.every((method, i) => method === usualIntervals[i]);

function intervalOf(
  method: IntervalMethod,
  estimate: Estimate,
  reduced: ReducedEstimate | undefined,
  sources: IntervalSources,
): IntervalResult {
  const { level } = sources;
  const had = estimate.intervals.find((interval) => interval.method === method);
  if (had !== undefined) return had;
  if (reduced === undefined || method === 'bootstrap-percentile' || method === 'delta-normal') {
    const reason =
      'the estimate has no such interval (some resample carries no weight, or there is one unit)';
    return refuseInterval(method, level, 'bootstrap_undefined', reason, 'more units that carry weight');
  }
  const found = reductionInterval(method, reduced, sources);
  if (found !== null) return found;
  const sides = sources.sidesOf(reduced);
  if (sides === null || sides.length === 0) {
    const reason = 'it bounds a sum of weights times responses with known ends, and this estimator is none';
    const needed = 'ips (tis of sessions), or an interval by unit such as bootstrap-bca';
    return refuseInterval(method, level, 'not_for_estimator', reason, needed);
  }
  return boundedOf(method, sides, sources);
}

/** Of one side at the level, or of a difference from bounds of both sides. */
function boundedOf(
  method: IntervalMethod,
  sides: readonly BoundedSide[],
  { level, seed }: IntervalSources,
): IntervalResult {
  const at = (side: BoundedSide, tail: number): IntervalResult =>
    boundedInterval(method, { ...side, level: 1 - 2 * tail, seed });
  const [left, right] = sides;
  if (right === undefined) return at(left, (1 - level) / 2);
  return differenceOfBounds(
    (tail) => at(left, tail),
    (tail) => at(right, tail),
    { method, level },
  );
}
