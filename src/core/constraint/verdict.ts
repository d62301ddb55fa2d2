import type { ConstraintSpec } from '../surface/surface.ts';

export type ConstraintVerdict = 'satisfied' | 'violated' | 'undecided';

/**
 * What an interval for a constrained quantity says about its threshold. At-most: satisfied when the whole interval is
 * ≤ threshold, violated when all of it is above; at-least the other way round; anything else, and any missing bound,
 * is undecided: no evidence is never a pass.
 */
export function constraintVerdict(
  constraint: Pick<ConstraintSpec, 'direction' | 'threshold'>,
  interval: { readonly lower: number; readonly upper: number },
): ConstraintVerdict {
  const { direction, threshold } = constraint;
  const { lower, upper } = interval;
  if (!(lower <= upper)) return 'undecided';
  if (direction === 'at-most') {
    if (upper <= threshold) return 'satisfied';
    return lower > threshold ? 'violated' : 'undecided';
  }
  if (lower >= threshold) return 'satisfied';
  return upper < threshold ? 'violated' : 'undecided';
}
