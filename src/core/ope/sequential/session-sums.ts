import { ratioReduction, ratioSumReduction, type Reduction } from './reduction.ts';
import { sumSessionsByUnit, type SequentialLog } from './sequential-log.ts';
import { logScales, sharedColumns, stepColumns, type SessionView } from './session-view.ts';

export const lastRow = (log: SequentialLog, session: number): number => log.starts[session + 1] - 1;

/** G = Σₜ γᵗ rₜ of one session. */
export function discountedReturn({ log, responses }: SessionView, session: number): number {
  let sum = 0;
  let factor = 1;
  for (let i = log.starts[session]; i < log.starts[session + 1]; i++) {
    sum += factor * responses[i];
    factor *= log.discount;
  }
  return sum;
}

/**
 * Σᵢ Wᵢ Gᵢ / Σᵢ Wᵢ with the weight of whole sessions.
 *
 * @param name of these weights, for columns that several responses share
 */
export function selfNormalisedReturns(view: SessionView, name: string, logWeights: Float64Array): Reduction {
  const { log } = view;
  let largest = -Infinity;
  for (let j = 0; j < log.sessionCount; j++) largest = Math.max(largest, logWeights[lastRow(log, j)]);
  const scale = Number.isFinite(largest) && Math.abs(largest) > 500 ? largest : 0;
  const weightOf = (j: number): number => Math.exp(logWeights[lastRow(log, j)] - scale);
  const weights = sharedColumns(view, `${name}/session`, () => [sumSessionsByUnit(log, weightOf)]);
  const returns = sumSessionsByUnit(log, (j) => {
    const weight = weightOf(j);
    return weight === 0 ? 0 : weight * discountedReturn(view, j);
  });
  return ratioReduction(returns, weights[0]);
}

/** Σₜ γᵗ Σᵢ wⁱₜ rⁱₜ / Σᵢ wⁱₜ with a weight per step; ended sessions keep their weight and earn nothing. */
export function selfNormalisedSteps(view: SessionView, name: string, logWeights: Float64Array): Reduction {
  const scales = logScales(view, logWeights);
  const numerators = stepColumns(view, (row, isEnded, t) => {
    const weight = isEnded ? 0 : Math.exp(logWeights[row] - scales[t]);
    return weight === 0 ? 0 : weight * view.responses[row];
  });
  return ratioSumReduction(numerators, stepWeights(view, name, logWeights), view.log.discount);
}

/** Σ of a unit's weights at each step, ended sessions included. */
export function stepWeights(
  view: SessionView,
  name: string,
  logWeights: Float64Array,
): readonly Float64Array[] {
  return sharedColumns(view, `${name}/steps`, () => {
    const scales = logScales(view, logWeights);
    return stepColumns(view, (row, _, t) => Math.exp(logWeights[row] - scales[t]));
  });
}
