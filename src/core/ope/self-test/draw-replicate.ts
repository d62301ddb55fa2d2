import type { Random } from '../../math/random.ts';
import { isForcedRow, type BanditLog } from '../bandit-log.ts';
import type { DistributionPolicy, Replicate } from './self-test-types.ts';
import { rowsByUnit, type World } from './world.ts';

export interface ReplicateSource {
  readonly log: BanditLog;
  readonly policy: DistributionPolicy;
  /** μ(·∣x), rounds × K. */
  readonly behavior: Float64Array;
  readonly response: string;
  readonly world: World;
}

/**
 * A new log of the same shape: units are drawn with replacement with all their contexts, actions anew from μ(·∣x), outcomes
 * from the world. A unit that is drawn twice becomes two units. Forced rows keep their action.
 */
export function drawReplicate(source: ReplicateSource, random: Random): Replicate {
  const { log, policy, behavior, response } = source;
  const k = policy.actionCount;
  const { start, rows: members } = rowsByUnit(log);
  const rows: number[] = [];
  const units: number[] = [];
  for (let unit = 0; unit < log.unitCount; unit++) {
    const drawn = random.integer(log.unitCount);
    for (let at = start[drawn]; at < start[drawn + 1]; at++) {
      rows.push(members[at]);
      units.push(unit);
    }
  }
  const wide = (values: Float64Array): Float64Array => {
    const picked = new Float64Array(rows.length * k);
    rows.forEach((row, i) => picked.set(values.subarray(row * k, (row + 1) * k), i * k));
    return picked;
  };
  const actions = Int32Array.from(rows, (row) =>
    isForcedRow(log, row) ? log.actions[row] : drawAction(behavior, row * k, k, random.uniform()),
  );
  const { isForced } = log;
  return {
    rows: Int32Array.from(rows),
    policy: { ...policy, probabilities: wide(policy.probabilities) },
    log: {
      rounds: rows.length,
      actions,
      propensities: Float64Array.from(rows, (row, i) =>
        isForcedRow(log, row) ? log.propensities[row] : behavior[row * k + actions[i]],
      ),
      responses: new Map([[response, drawOutcomes(source.world, rows, units, actions, k, random)]]),
      units: Int32Array.from(units),
      unitCount: log.unitCount,
      behaviorProbabilities: wide(behavior),
      ...(isForced === undefined ? {} : { isForced: Uint8Array.from(rows, (row) => isForced[row]) }),
    },
  };
}

/** Inverse of the distribution function; rounding never picks an action without a chance. */
function drawAction(probabilities: Float64Array, from: number, k: number, u: number): number {
  let mass = 0;
  let last = 0;
  for (let a = 0; a < k; a++) {
    if (probabilities[from + a] <= 0) continue;
    mass += probabilities[from + a];
    last = a;
    if (u < mass) return a;
  }
  return last;
}

function drawOutcomes(
  { means, residuals, range }: World,
  rows: readonly number[],
  units: readonly number[],
  actions: Int32Array,
  k: number,
  random: Random,
): Float64Array {
  const meanOf = (i: number): number => means[rows[i] * k + actions[i]];
  if (residuals === null || range !== null) {
    const { low, high } = range ?? { low: 0, high: 1 };
    const isHigh = (i: number): boolean => random.uniform() * (high - low) < meanOf(i) - low;
    return Float64Array.from(rows, (_, i) => (isHigh(i) ? high : low));
  }
  const { values, start, rows: members } = residuals;
  let donor = 0;
  let offset = 0;
  return Float64Array.from(rows, (_, i) => {
    if (i === 0 || units[i] !== units[i - 1]) {
      // One donor for all rows of a unit: what they have in common stays common.
      do donor = random.integer(start.length - 1);
      while (start[donor] === start[donor + 1]);
      offset = random.integer(start[donor + 1] - start[donor]);
    }
    const at = start[donor] + (offset++ % (start[donor + 1] - start[donor]));
    return meanOf(i) + values[members[at]];
  });
}
