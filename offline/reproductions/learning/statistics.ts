import { studentTQuantile } from '../../../src/core/math/student-t.ts';

const LEVEL = 0.95;

/** A mean over seeds with its Student interval, t_{n−1} s/√n; one seed has no interval, only a value. */
export interface SeedMean {
  readonly mean: number;
  readonly lower: number | null;
  readonly upper: number | null;
  /** Standard deviation between seeds, divisor n − 1; null for one seed. */
  readonly spread: number | null;
  readonly seeds: number;
}

export function seedMean(values: readonly number[]): SeedMean {
  const seeds = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / seeds;
  if (seeds < 2) return { mean, lower: null, upper: null, spread: null, seeds };
  const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (seeds - 1));
  const half = (studentTQuantile((1 + LEVEL) / 2, seeds - 1) * spread) / Math.sqrt(seeds);
  return { mean, lower: mean - half, upper: mean + half, spread, seeds };
}

export type Standing = 'above' | 'below' | 'undecided';

/** The difference of two methods over the seeds that both finished; same units and noise within a seed. */
export interface Paired extends SeedMean {
  /** Whether the interval excludes 0, and on which side; one seed decides nothing. */
  readonly standing: Standing;
}

export function paired(first: ReadonlyMap<number, number>, second: ReadonlyMap<number, number>): Paired {
  const differences = [...first].flatMap(([seed, value]) => {
    const other = second.get(seed);
    return other === undefined ? [] : [value - other];
  });
  const mean = seedMean(differences);
  return { ...mean, standing: standingOf(mean) };
}

function standingOf({ lower, upper, mean, spread }: SeedMean): Standing {
  if (lower === null || upper === null) return 'undecided';
  // Identical runs differ by nothing, in every seed: that is not a difference.
  if (spread === 0 && mean === 0) return 'undecided';
  return lower > 0 ? 'above' : upper < 0 ? 'below' : 'undecided';
}
