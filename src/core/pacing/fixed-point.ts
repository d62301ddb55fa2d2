import { compensatedSum } from '../math/compensated-sum.ts';

/**
 * The factor at which a candidate's own pacing would settle, by bisection: f* = the largest f ∈ [0, 1] whose mean
 * allocation is at most the target, and 1 when the target is never reached. Valid for any share that does not fall
 * as f grows; 60 halvings leave an error below 1e-18.
 *
 * @param shareAt mean probability of allocating under factor f
 * @returns 0 when even f = 0 is above the target (the exploration floor alone is too much)
 */
export function pacingFixedPoint(shareAt: (factor: number) => number, target: number): number {
  if (shareAt(1) <= target) return 1;
  let low = 0;
  let high = 1;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (shareAt(middle) <= target) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The same for a policy over logged states: the mean of (1 − ε) f a_i + ε u_i equals min(target, its value at f = 1),
 * with a_i the policy's probability of allocating after eligibility and caps and u_i the share of allocating actions
 * among the feasible ones. That is linear in f, so a mean taken once is enough for the bisection.
 *
 * @param allocationProbabilities a_i
 * @param floor ε and u_i; without it the floor is left out
 */
export function ownPacingFactor(
  allocationProbabilities: Float64Array,
  target: number,
  floor?: { readonly epsilon: number; readonly allocatingShares: Float64Array },
): number {
  const n = allocationProbabilities.length;
  if (n === 0) return 1;
  const allocation = compensatedSum(allocationProbabilities) / n;
  const epsilon = floor?.epsilon ?? 0;
  const floorShare = floor === undefined ? 0 : (epsilon * compensatedSum(floor.allocatingShares)) / n;
  return pacingFixedPoint((f) => (1 - epsilon) * f * allocation + floorShare, target);
}
