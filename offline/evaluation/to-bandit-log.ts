import type { BanditLog } from '../../src/core/ope/bandit-log.ts';
import type { Dataset } from '../dataset/dataset.ts';

/** The columns that off-policy evaluation reads; shares memory with the dataset. */
export function toBanditLog(dataset: Dataset): BanditLog {
  const isDisclosed = !dataset.probabilities.some(Number.isNaN);
  return {
    rounds: dataset.rows,
    actions: dataset.actions,
    propensities: dataset.propensities,
    responses: dataset.responses,
    units: dataset.units,
    unitCount: dataset.unitCount,
    isForced: dataset.isForced,
    ...(isDisclosed ? { behaviorProbabilities: dataset.probabilities } : {}),
  };
}
