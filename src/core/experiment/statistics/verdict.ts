import type { VerdictState } from '../experiment.ts';

/** What an interval is held against. */
export interface Bar {
  readonly at: number;
  readonly better: 'higher' | 'lower';
  /** Whether an interval that ends on the bar is already on the good side (limits: at most, at least). */
  readonly isInclusive?: boolean;
}

/** `pass` when the whole interval is on the good side of the bar, `fail` when it is on the bad side, else `inconclusive`. */
export function stateOf(
  { lower, upper }: { readonly lower: number; readonly upper: number },
  { at, better, isInclusive = false }: Bar,
): Exclude<VerdictState, 'no data'> {
  // Mirrored where low is good, so that one comparison serves both directions.
  const [worst, best, bar] = better === 'lower' ? [-upper, -lower, -at] : [lower, upper, at];
  if (isInclusive ? worst >= bar : worst > bar) return 'pass';
  return best < bar ? 'fail' : 'inconclusive';
}

/** Non-inferiority by a margin δ ≥ 0: the difference in the good direction stays above −δ. δ = 0 is superiority. */
export const marginBar = (better: 'higher' | 'lower', margin: number): Bar => ({
  at: better === 'higher' ? -margin : margin,
  better,
});
