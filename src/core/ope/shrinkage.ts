import { isForcedRow, type BanditLog } from './bandit-log.ts';

/** ŵ(w): how an estimator changes an importance weight before it uses it. */
export interface Shrinkage {
  /** Unique for its values: columns are cached under it. */
  readonly name: string;
  readonly of: (weight: number) => number;
}

/** min(w, c); c = ∞ changes nothing. */
export const clipAt = (clip: number): Shrinkage => ({
  name: `clip ${clip}`,
  of: (weight) => Math.min(weight, clip),
});

/** ŵ of every row. A forced row keeps its 1: that weight is exact, so there is nothing to distrust. */
export function shrinkWeights(
  log: BanditLog,
  weights: Float64Array,
  shrinkage: Shrinkage | null,
): Float64Array {
  if (shrinkage === null) return weights;
  const shrunk = new Float64Array(weights.length);
  for (let i = 0; i < weights.length; i++) {
    shrunk[i] = isForcedRow(log, i) ? weights[i] : shrinkage.of(weights[i]);
  }
  return shrunk;
}

/** Share of rows whose weight a shrinkage changed. */
export function changedFraction(log: BanditLog, weights: Float64Array, shrinkage: Shrinkage): number {
  if (weights.length === 0) return 0;
  let changed = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!isForcedRow(log, i) && shrinkage.of(weights[i]) !== weights[i]) changed++;
  }
  return changed / weights.length;
}
