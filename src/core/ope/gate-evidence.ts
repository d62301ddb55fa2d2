import type { ResponseSpec } from '../surface/surface.ts';
import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { pairedDifference, type Opponent } from './difference.ts';
import { estimatesIn, evaluateLog, type OpeOptions } from './evaluate-log.ts';
import {
  isRefusal,
  type BanditEstimatorId,
  type Estimate,
  type EstimateRefusal,
  type Warning,
} from './report.ts';
import { isWeakness } from './trouble.ts';

/** A two-sided bound on a quantity, or the reason why there is none. */
export type Bounds =
  | { readonly lower: number; readonly upper: number; readonly weaknesses: readonly Warning[] }
  | { readonly unknown: string };

export interface EvidenceInput {
  readonly log: BanditLog;
  readonly candidate: EvaluationPolicy;
  readonly estimator: BanditEstimatorId;
  readonly options: Omit<OpeOptions, 'estimators'>;
}

/** The interval that decides: percentile bootstrap by unit. */
const DECIDING = 'bootstrap-percentile';

/**
 * V(candidate) − V(champion) of one response. Without a clip: the paired bootstrap. With a clip both sides are biased,
 * so their conservative bounds are combined, each at half the error.
 */
export function differenceBounds(input: EvidenceInput, champion: Opponent, response: ResponseSpec): Bounds {
  if (input.options.clip !== undefined) return combined(input, champion, response);
  const log = only(input.log, response.name, (r) => r);
  const options = { ...input.options, estimators: [input.estimator] };
  return boundsOf(pairedDifference(log, input.candidate, champion, options)[0]);
}

function combined(input: EvidenceInput, champion: Opponent, response: ResponseSpec): Bounds {
  const half = { ...input, options: { ...input.options, level: (1 + input.options.level) / 2 } };
  const mine = responseBounds(half, response);
  const theirs =
    champion === 'behavior'
      ? behaviorBounds(half, response)
      : responseBounds({ ...half, candidate: champion }, response);
  if ('unknown' in mine) return mine;
  if ('unknown' in theirs) return theirs;
  return {
    lower: mine.lower - theirs.upper,
    upper: mine.upper - theirs.lower,
    weaknesses: [...mine.weaknesses, ...theirs.weaknesses],
  };
}

function behaviorBounds(input: EvidenceInput, response: ResponseSpec): Bounds {
  const { log } = input;
  const zero = only(log, response.name, (r) => r);
  const identity: EvaluationPolicy = { kind: 'logged-action', probabilities: log.propensities };
  const { clip: _clip, rewardModels: _models, ...options } = input.options;
  return boundsOf(evaluateLog(zero, identity, { ...options, estimators: ['ips'] }).estimates[0]);
}

/**
 * Bounds of a response r ∈ [min, max] that stay valid when weights are clipped or normalised, because a lower bound of
 * a non-negative response is conservative:
 *
 *   lower = min + LCB(E[w (r − min)]),   upper = max − LCB(E[w (max − r)])
 */
export function responseBounds(input: EvidenceInput, response: ResponseSpec): Bounds {
  const { min, max, name } = response;
  const outside = (input.log.responses.get(name) ?? new Float64Array(0)).find((r) => r < min || r > max);
  if (outside !== undefined)
    return { unknown: `a value of ${outside} is outside its declared [${min}, ${max}]` };
  const above = lowerBound(input, name, (r) => r - min);
  const below = lowerBound(input, name, (r) => max - r);
  if (typeof above === 'string') return { unknown: above };
  if (typeof below === 'string') return { unknown: below };
  return { lower: min + above.lower, upper: max - below.lower, weaknesses: above.weaknesses };
}

function lowerBound(
  { log, candidate, estimator, options }: EvidenceInput,
  name: string,
  map: (r: number) => number,
): { lower: number; weaknesses: readonly Warning[] } | string {
  const model = options.rewardModels?.get(name);
  const rewardModels = new Map(model === undefined ? [] : [[name, model.map(map)] as const]);
  const report = evaluateLog(only(log, name, map), candidate, {
    ...options,
    rewardModels,
    estimators: [estimator],
  });
  const bounds = boundsOf(estimatesIn(report)[0] ?? report.estimates[0]);
  return 'unknown' in bounds ? bounds.unknown : bounds;
}

function boundsOf(result: Estimate | EstimateRefusal): Bounds {
  if (isRefusal(result)) return { unknown: `${result.refusal.code}: ${result.refusal.reason}` };
  const interval = result.intervals.find(({ method }) => method === DECIDING);
  if (interval === undefined) return { unknown: 'there is no bootstrap interval' };
  return { lower: interval.lower, upper: interval.upper, weaknesses: result.warnings.filter(isWeakness) };
}

/** The log with one response, mapped. */
function only(log: BanditLog, name: string, map: (r: number) => number): BanditLog {
  const responses = log.responses.get(name) ?? new Float64Array(0);
  return { ...log, responses: new Map([[name, responses.map(map)]]) };
}

/**
 * Mean probability of not doing nothing under π, over the logged states: Σ over rows of 1 − π(null∣x), divided by the
 * rows. Known from π alone, so it has no weight and no interval. null when π is known for the logged action only.
 */
export function shareOfActions(
  log: BanditLog,
  policy: EvaluationPolicy,
  nullAction: number | null,
): number | null {
  if (policy.kind === 'logged-action' || log.rounds === 0) return null;
  if (nullAction === null) return 1;
  let share = 0;
  for (let i = 0; i < log.rounds; i++) {
    const isForced = log.isForced?.[i] === 1;
    const none = isForced
      ? Number(log.actions[i] === nullAction)
      : policy.probabilities[i * policy.actionCount + nullAction];
    share += 1 - none;
  }
  return share / log.rounds;
}
