import { chiSquareSurvival } from '../../src/core/math/chi-square.ts';
import { AllotError } from '../../src/core/errors.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { selectRows } from './select-rows.ts';

/** Below this p-value incompleteness is taken to depend on the action. */
const ALARM = 1e-4;

/**
 * Keeps the rows whose outcome is known. Refuses (`snapshot_invalid`) when the share of unknown outcomes depends on
 * the action (chi-square over actions, K − 1 degrees of freedom): dropping those rows would select on an effect.
 */
export function completeRows(dataset: Dataset): Dataset {
  const trouble = incompletenessByAction(dataset);
  if (trouble !== null) throw new AllotError('snapshot_invalid', trouble);
  return selectRows(dataset, (row) => dataset.isComplete[row] === 1);
}

function incompletenessByAction(dataset: Dataset): string | null {
  const actions = dataset.manifest.surface.actions;
  const total = new Float64Array(actions.length);
  const missing = new Float64Array(actions.length);
  for (let row = 0; row < dataset.rows; row++) {
    total[dataset.actions[row]] += 1;
    missing[dataset.actions[row]] += 1 - dataset.isComplete[row];
  }
  const share = missing.reduce((a, b) => a + b, 0) / Math.max(1, dataset.rows);
  if (share === 0 || share === 1) return null;
  let statistic = 0;
  let seen = 0;
  total.forEach((n, action) => {
    if (n === 0) return;
    seen += 1;
    statistic += (missing[action] - n * share) ** 2 / (n * share * (1 - share));
  });
  if (seen < 2 || chiSquareSurvival(statistic, seen - 1) >= ALARM) return null;
  const shares = actions.map(
    (name, action) => `${name} ${((100 * missing[action]) / total[action]).toFixed(1)} %`,
  );
  return `the share of decisions without a complete outcome differs by action: ${shares.join(', ')}`;
}
