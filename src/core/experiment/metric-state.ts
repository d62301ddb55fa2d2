import type { Effect } from './effect.ts';
import type { VerdictState } from './experiment.ts';
import { marginBar, stateOf, type Bar } from './statistics/verdict.ts';

/**
 * What a metric must show. `improve`: the treatment is better than control; `not-worse`: its difference in the good
 * direction stays above −margin; `limit`: the treatment's own mean stays on the right side of a threshold.
 */
export type MetricRule =
  | { readonly kind: 'improve'; readonly better: 'higher' | 'lower' }
  | { readonly kind: 'not-worse'; readonly better: 'higher' | 'lower'; readonly margin: number }
  | { readonly kind: 'limit'; readonly direction: 'at-most' | 'at-least'; readonly threshold: number };

export interface MetricState {
  readonly state: VerdictState;
  readonly reason: string;
}

/** pass and fail only when the whole interval is on one side; a missing effect is never a pass. */
export function metricState(rule: MetricRule, effect: Effect | null): MetricState {
  if (effect === null)
    return { state: 'no data', reason: 'too few units with a closed outcome window, or no two that differ' };
  const held = rule.kind === 'limit' ? effect.level : effect.difference;
  const bar = barOf(rule);
  const what = rule.kind === 'limit' ? 'mean' : 'treatment minus control';
  const reason = `${what} [${round(held.lower)}, ${round(held.upper)}], must be ${sideOf(bar)}`;
  return { state: stateOf(held, bar), reason };
}

function sideOf({ at, better, isInclusive }: Bar): string {
  const side = better === 'higher' ? ['above', 'at least'] : ['below', 'at most'];
  return `${side[isInclusive === true ? 1 : 0]} ${round(at)}`;
}

function barOf(rule: MetricRule): Bar {
  if (rule.kind !== 'limit') return marginBar(rule.better, rule.kind === 'improve' ? 0 : rule.margin);
  const better = rule.direction === 'at-most' ? 'lower' : 'higher';
  return { at: rule.threshold, better, isInclusive: true };
}

/** Four digits, without the zeros at the end. */
const round = (x: number): string => String(Number(x.toPrecision(4)));
