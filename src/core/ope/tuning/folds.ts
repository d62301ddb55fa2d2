import { createRandom } from '../../math/random.ts';
import type { RowSubset } from '../row-subset.ts';

export interface TuningFolds {
  readonly tuning: RowSubset;
  readonly estimation: RowSubset;
  readonly tuningUnits: number;
  readonly estimationUnits: number;
}

/**
 * Splits the units of a log in halves, at random: one chooses a hyper-parameter, the other gives the value and its
 * interval. Whatever chose λ saw no row of the estimate, so the interval does not pay for the choice.
 */
export function tuningFolds(units: Int32Array, unitCount: number, seed: number): TuningFolds {
  const random = createRandom(seed).fork('tuning folds');
  const isTuning = new Uint8Array(unitCount);
  let tuningUnits = 0;
  for (let k = 0; k < unitCount; k++) {
    if (random.uniform() >= 0.5) continue;
    isTuning[k] = 1;
    tuningUnits++;
  }
  return {
    tuning: { name: 'tuning fold', includes: (i) => isTuning[units[i]] === 1 },
    estimation: { name: 'estimation fold', includes: (i) => isTuning[units[i]] === 0 },
    tuningUnits,
    estimationUnits: unitCount - tuningUnits,
  };
}
