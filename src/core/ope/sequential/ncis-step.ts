import { sumByUnit } from '../unit-sums.ts';
import { ratioReduction } from './reduction.ts';
import type { SequentialEstimator } from './sequential-estimator.ts';
import { logStepWeight } from './session-weights.ts';
import { sharedColumns } from './session-view.ts';

/**
 * Normalised capped importance sampling, step flavour.
 *
 *   V̂ = Σ min(wₜ, c) rₜ / Σ min(wₜ, c)   over all rows; two-sided: wₜ held in [1/c, c]
 *
 * The mean response of a *decision* with the states as logged, undiscounted: it does not know that π changes later
 * states. Consistent for that without a clip; with one it is biased towards the log's own mean. It screens, it never
 * decides: against 39 online tests its correlation was .24 (Gilotte et al. 2018).
 *
 * Source: Swaminathan and Joachims 2015; Gilotte, Calauzènes, Nedelec, Abraham and Dollé 2018, section 5.
 */
export const ncisStep: SequentialEstimator = {
  id: 'ncis-step',
  estimand: 'per-decision',
  needs: 'nothing',
  weights: 'step',
  echoes: ['clip'],
  reduce: (view) => {
    const { log, policy, responses, settings } = view;
    const limit = Math.log(settings.clip);
    const weights = Float64Array.from({ length: log.rounds }, (_, row) => {
      const held = Math.min(logStepWeight(log, policy, row), limit);
      return Math.exp(settings.isTwoSided ? Math.max(held, -limit) : held);
    });
    const byUnit = (of: (row: number) => number) => sumByUnit(log.units, log.unitCount, of);
    return ratioReduction(
      byUnit((row) => (weights[row] === 0 ? 0 : weights[row] * responses[row])),
      sharedColumns(view, 'clipped/rows', () => [byUnit((row) => weights[row])])[0],
    );
  },
};
