import type { Policy } from '../../src/core/policy/policy.ts';
import { serveProbabilities } from '../../src/core/policy/serve.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { Dataset } from '../dataset/dataset.ts';

/** π^served over the logged states, and how it came about. */
export interface ServedPolicy {
  /** n × K row-major, the surface's action order. */
  readonly probabilities: Float64Array;
  /** The candidate's own pacing factor f ∈ [0, 1]; 1 on a surface without pacing. */
  readonly pacingFactor: number;
  /** Mean probability of allocating anything; NaN on a surface without a null action. */
  readonly shareOfActions: number;
}

/** What the service's counters had capped is not among the dataset's eligible actions: nothing is left to count. */
const noCounts = (): number => 0;

/**
 * What the candidate would have served in every logged state: its artifact through the same code as in
 * serving, with logged eligibility, feature caps, the exploration floor and its **own** pacing factor, not the
 * one that was logged. Pacing and floor are affine in f, so the mean allocation is s(f) = s(0) + f (s(1) − s(0))
 * and the fixed point of s(f) = min(target, s(1)) has a closed form.
 */
export function servedPolicy(policy: Policy, surface: Surface, dataset: Dataset): ServedPolicy {
  const unpaced = serveAll(policy, surface, dataset, 1);
  const unpacedShare = shareOf(unpaced, surface);
  const target = surface.pacing?.targetShare ?? 1;
  if (!(unpacedShare > target)) {
    return { probabilities: unpaced, pacingFactor: 1, shareOfActions: unpacedShare };
  }
  const floorShare = shareOf(serveAll(policy, surface, dataset, 0), surface);
  const pacingFactor = Math.max(0, (target - floorShare) / (unpacedShare - floorShare));
  const probabilities = serveAll(policy, surface, dataset, pacingFactor);
  return { probabilities, pacingFactor, shareOfActions: shareOf(probabilities, surface) };
}

function serveAll(policy: Policy, surface: Surface, dataset: Dataset, pacingFactor: number): Float64Array {
  const actions = surface.actions.length;
  const all = new Float64Array(dataset.rows * actions);
  const policyProbabilities = new Float64Array(actions);
  for (let row = 0; row < dataset.rows; row++) {
    const start = row * actions;
    policy.probabilities(dataset.features[row], dataset.defaulted[row], policyProbabilities);
    const eligible = surface.actions.map((_, action) => dataset.eligible[start + action] === 1);
    serveProbabilities(
      {
        surface,
        policyProbabilities,
        eligible,
        values: dataset.features[row],
        unitCounts: noCounts,
        pacingFactor,
      },
      all.subarray(start, start + actions),
    );
  }
  return all;
}

/** Mean of 1 − P(null); NaN where there is no null action. */
function shareOf(probabilities: Float64Array, surface: Surface): number {
  if (surface.nullAction === null) return Number.NaN;
  const actions = surface.actions.length;
  let allocated = 0;
  for (let row = 0; row < probabilities.length; row += actions) allocated += 1 - probabilities[row];
  return (allocated * actions) / probabilities.length;
}
