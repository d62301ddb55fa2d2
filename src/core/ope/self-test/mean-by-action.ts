import { createRandom } from '../../math/random.ts';
import type { RewardModelFitter } from './self-test-types.ts';

const FOLDS = 3;

/**
 * The simplest q̂: the mean response of every action, cross-fitted by unit; the overall mean where a fold has no such row.
 * For logs without contexts, and as a stand-in where the real q̂ came ready-made and cannot be refitted.
 */
export const meanByAction: RewardModelFitter = ({ log, policy }, response) => {
  const k = policy.actionCount;
  const values = log.responses.get(response) ?? new Float64Array(0);
  const random = createRandom(3);
  const fold = Int32Array.from({ length: log.unitCount }, () => random.integer(FOLDS));
  const sums = new Float64Array(FOLDS * (k + 1));
  const counts = new Float64Array(FOLDS * (k + 1));
  for (let i = 0; i < log.rounds; i++) {
    const from = fold[log.units[i]] * (k + 1);
    for (const cell of [from + log.actions[i], from + k]) {
      sums[cell] += values[i];
      counts[cell] += 1;
    }
  }
  const outside = (cells: Float64Array, held: number, a: number): number => {
    let total = 0;
    for (let f = 0; f < FOLDS; f++) if (f !== held) total += cells[f * (k + 1) + a];
    return total;
  };
  const means = Float64Array.from({ length: FOLDS * k }, (_, cell) => {
    const [held, a] = [Math.floor(cell / k), cell % k];
    const column = outside(counts, held, a) > 0 ? a : k;
    return outside(sums, held, column) / Math.max(1, outside(counts, held, column));
  });
  return Float64Array.from({ length: log.rounds * k }, (_, j) => {
    const held = fold[log.units[Math.floor(j / k)]];
    return means[held * k + (j % k)];
  });
};
