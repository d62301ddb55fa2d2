import { serveProbabilities } from '../../../src/core/policy/serve.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';

const noCounts = (): number => 0;

/**
 * π^served on some rows, from an actor's π(·|s) on them (rows × K): eligibility, feature caps, the policy's own pacing
 * factor and the exploration floor, through the code that serves. What a constraint is about is this, not the raw actor.
 */
export function servedRows(
  surface: Surface,
  dataset: Dataset,
  rows: Int32Array,
  probabilities: Float32Array,
): Float64Array {
  const free = serveAll(surface, dataset, rows, probabilities, 1);
  const share = shareOf(free, surface);
  const target = surface.pacing?.targetShare ?? 1;
  if (!(share > target)) return free;
  // Serving is affine in the pacing factor, so the fixed point is a mixture of the two ends.
  const none = serveAll(surface, dataset, rows, probabilities, 0);
  const least = shareOf(none, surface);
  const factor = Math.max(0, (target - least) / (share - least));
  return free.map((p, i) => none[i] + factor * (p - none[i]));
}

function serveAll(
  surface: Surface,
  dataset: Dataset,
  rows: Int32Array,
  probabilities: Float32Array,
  pacingFactor: number,
): Float64Array {
  const actions = surface.actions.length;
  const out = new Float64Array(rows.length * actions);
  const own = new Float64Array(actions);
  rows.forEach((row, i) => {
    own.set(probabilities.subarray(i * actions, (i + 1) * actions));
    normalise(own);
    serveProbabilities(
      {
        surface,
        policyProbabilities: own,
        eligible: surface.actions.map((_, a) => dataset.eligible[row * actions + a] === 1),
        values: dataset.features[row],
        unitCounts: noCounts,
        pacingFactor,
      },
      out.subarray(i * actions, (i + 1) * actions),
    );
  });
  return out;
}

/** Mean of 1 − P(null); NaN on a surface without a null action. */
function shareOf(served: Float64Array, surface: Surface): number {
  if (surface.nullAction === null) return Number.NaN;
  const actions = surface.actions.length;
  const nullIndex = surface.actions.indexOf(surface.nullAction);
  let share = 0;
  for (let i = 0; i < served.length; i += actions) share += 1 - served[i + nullIndex];
  return (share * actions) / served.length;
}

/** The actor's single precision leaves sums off by 1e-7. */
function normalise(p: Float64Array): void {
  const sum = p.reduce((a, b) => a + b, 0);
  for (let a = 0; a < p.length; a += 1) p[a] /= sum;
}
