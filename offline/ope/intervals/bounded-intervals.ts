import { OffPolicySequence } from '../../../src/core/ope/confidence-sequence/off-policy-sequence.ts';
import { clopperPearsonOf } from '../../../src/core/ope/intervals/clopper-pearson.ts';
import { cressieReadSums } from '../../../src/core/ope/intervals/cressie-read-sums.ts';
import { cressieRead } from '../../../src/core/ope/intervals/cressie-read.ts';
import { empiricalBernstein } from '../../../src/core/ope/intervals/empirical-bernstein.ts';
import { hcope } from '../../../src/core/ope/intervals/hcope.ts';
import { hoeffding } from '../../../src/core/ope/intervals/hoeffding.ts';
import {
  refuseInterval,
  type IntervalResult,
  type Support,
} from '../../../src/core/ope/intervals/interval-result.ts';
import { responseInterval, type LowerBoundOfMean } from '../../../src/core/ope/intervals/response-bounds.ts';
import type { IntervalMethod, KnownBounds } from '../question.ts';
import type { WeightedUnits } from './weighted-units.ts';

export interface BoundedQuestion {
  readonly units: WeightedUnits;
  /** Infinity: not clipped. */
  readonly clip: number;
  readonly bounds: KnownBounds;
  readonly level: number;
  readonly seed: number;
}

/** Bounds that rest on what is known beforehand: the range of the response, the largest weight, a mean weight of 1. */
export function boundedInterval(method: IntervalMethod, question: BoundedQuestion): IntervalResult {
  const { level, bounds, units } = question;
  if (method === 'clopper-pearson') return exactShare(units, level);
  const range = bounds.rewardRange;
  if (range === undefined) {
    const reason = 'the range of the response is not known; one read off the log would be no bound';
    return refuseInterval(method, level, 'support_unknown', reason, '--reward-range min,max');
  }
  if (bounds.maxWeight !== undefined && units.largestWeight > bounds.maxWeight * (1 + 1e-9)) {
    const reason = `a weight is ${units.largestWeight}, above the declared largest of ${bounds.maxWeight}`;
    return refuseInterval(method, level, 'support_violated', reason, 'a bound that holds for every weight');
  }
  const trouble = rowsTrouble(method, question);
  if (trouble !== null) return trouble;
  if (method === 'cressie-read') return profile(question, range);
  if (method === 'cs-off-policy') return sequence(units, range, level);
  return finiteSample(method, question, range);
}

const UNBOUNDED = 1e300;

/** Finite-sample in the number of units: ends are safe whatever the clip did (`responseInterval`). */
function finiteSample(method: IntervalMethod, question: BoundedQuestion, response: Support): IntervalResult {
  const { units, clip, bounds, level, seed } = question;
  const known = Math.min(clip, bounds.maxWeight ?? Infinity);
  if (known === Infinity && method !== 'hcope') {
    const reason = 'weights have no known bound';
    const needed = '--clip c, or --max-weight w with w = 1 / (smallest exploration probability), or hcope';
    return refuseInterval(method, level, 'support_unknown', reason, needed);
  }
  const boundOf: LowerBoundOfMean = ({ values, support }, tail) => {
    const options = { support, level: 1 - tail, sides: 'lower' } as const;
    if (method === 'hcope') return hcope(values, { ...options, seed });
    return method === 'hoeffding' ? hoeffding(values, options) : empiricalBernstein(values, options);
  };
  // HCOPE's truncation stands in for a bound; the support only has to be a number.
  const largestWeight = Math.min(known, UNBOUNDED);
  const mostRowsPerUnit = bounds.maxRowsPerUnit ?? units.rows.reduce((a, b) => Math.max(a, b), 1);
  return responseInterval(units, { largestWeight, response, mostRowsPerUnit }, boundOf, { method, level });
}

function rowsTrouble(
  method: IntervalMethod,
  { units, bounds, level }: BoundedQuestion,
): IntervalResult | null {
  const most = units.rows.reduce((a, b) => Math.max(a, b), 1);
  if (bounds.maxRowsPerUnit !== undefined && most > bounds.maxRowsPerUnit) {
    const reason = `a unit has ${most} rows, more than the declared ${bounds.maxRowsPerUnit}`;
    return refuseInterval(method, level, 'support_violated', reason, 'the most rows that a unit can have');
  }
  const isEqual = units.rows.every((rows) => rows === most);
  if (isEqual || (method !== 'cressie-read' && method !== 'cs-off-policy')) return null;
  const reason = `units have different numbers of rows (up to ${most}), and this interval holds for units of one size`;
  return refuseInterval(
    method,
    level,
    'units_of_different_size',
    reason,
    'one row per unit, or another interval',
  );
}

/** Every unit as one row: w = W_k/m and r = Σ w r / Σ w keep the means of w r and of w. */
function asRows({ weightedResponses, weights, rows }: WeightedUnits): {
  readonly w: Float64Array;
  readonly r: Float64Array;
} {
  return {
    w: weights.map((sum, k) => sum / rows[k]),
    // A unit without weight counts with its weight of 0; its response is then never multiplied by anything.
    r: weightedResponses.map((sum, k) => (weights[k] === 0 ? 0 : sum / weights[k])),
  };
}

/** Rounding of Σ w r / Σ w must not leave the declared range. */
const within = ({ min, max }: Support, value: number): number => {
  const slack = 1e-9 * (max - min);
  if (value < min && value >= min - slack) return min;
  return value > max && value <= max + slack ? max : value;
};

function profile({ units, clip, bounds, level }: BoundedQuestion, responses: Support): IntervalResult {
  if (clip !== Infinity && units.largestWeight >= clip) {
    const reason = 'it rests on a mean weight of 1, and clipped weights have another';
    return refuseInterval('cressie-read', level, 'clipped', reason, 'the same without --clip');
  }
  const { w, r } = asRows(units);
  const filled = r.map((value, k) => within(responses, units.weights[k] === 0 ? responses.min : value));
  const weights = { min: 0, max: bounds.maxWeight ?? Infinity };
  return cressieRead(cressieReadSums(w, filled), { level, weights, responses });
}

/** Anytime-valid in the order of the log. */
function sequence(units: WeightedUnits, responses: Support, level: number): IntervalResult {
  const { w, r } = asRows(units);
  const stream = new OffPolicySequence({ level, responses });
  w.forEach((weight, k) => stream.add(weight, within(responses, weight === 0 ? responses.min : r[k])));
  return stream.interval();
}

function exactShare(units: WeightedUnits, level: number): IntervalResult {
  const refuseFor = (code: string, reason: string, needed: string): IntervalResult =>
    refuseInterval('clopper-pearson', level, code, reason, needed);
  if (!units.isUnweighted) {
    const reason = 'a weighted outcome is no count of successes';
    return refuseFor(
      'weighted',
      reason,
      'weights of 1 (the policy of the log); else empirical-bernstein or hcope',
    );
  }
  if (units.rows.some((rows) => rows !== 1)) {
    const reason = 'some unit has several rows, so rows are no independent trials';
    return refuseFor('not_binary', reason, 'one row per unit');
  }
  return clopperPearsonOf(units.weightedResponses, { level });
}
