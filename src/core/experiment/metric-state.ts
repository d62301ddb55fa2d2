import type { Effect } from './effect.ts';
import type { VerdictState } from './experiment.ts';

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
  if (effect === null) return { state: 'no data', reason: 'too few units with a closed outcome window' };
  const { lower, upper } = rule.kind === 'limit' ? effect.level : effect.difference;
  const isLowGood = rule.kind === 'limit' ? rule.direction === 'at-most' : rule.better === 'lower';
  const bar = barOf(rule);
  // Mirrored where low is good, so that one comparison serves both directions.
  const [worst, best, line] = isLowGood ? [-upper, -lower, -bar] : [lower, upper, bar];
  const shown = `[${round(lower)}, ${round(upper)}]`;
  const what =
    rule.kind === 'limit' ? `level ${shown}, limit ${round(bar)}` : `difference ${shown}, bar ${round(bar)}`;
  if (rule.kind === 'limit' ? worst >= line : worst > line) return { state: 'pass', reason: what };
  if (best < line) return { state: 'fail', reason: what };
  return { state: 'inconclusive', reason: what };
}

function barOf(rule: MetricRule): number {
  if (rule.kind === 'limit') return rule.threshold;
  if (rule.kind === 'improve') return 0;
  return rule.better === 'higher' ? -rule.margin : rule.margin;
}

const round = (x: number): string => x.toPrecision(4);
