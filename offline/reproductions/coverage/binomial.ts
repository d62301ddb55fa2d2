import { regularisedBeta } from '../../../src/core/math/incomplete-beta.ts';

/** P(X ≥ k) of X ~ Binomial(n, p) = I_p(k, n − k + 1). */
export const upperTail = (k: number, n: number, p: number): number =>
  k <= 0 ? 1 : regularisedBeta(p, k, n - k + 1);

/** P(X ≤ k). */
export const lowerTail = (k: number, n: number, p: number): number => 1 - upperTail(k + 1, n, p);

/**
 * Whether k of n misses refute an error of at most p: a one-sided binomial test at `level`, which the caller divides by the number
 * of cells that are read.
 */
export const isTooMany = (k: number, n: number, p: number, level: number): boolean =>
  upperTail(k, n, p) < level;

/** Whether so few misses refute an error of p. */
export const isTooFew = (k: number, n: number, p: number, level: number): boolean =>
  k < n * p && lowerTail(k, n, p) < level;
