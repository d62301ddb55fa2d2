import { ratio } from '../estimator.ts';
import { sessionCounts, logScales, stepColumns, type SessionView } from './session-view.ts';
import { stepWeights } from './session-sums.ts';
import type { RowValues } from './value-tables.ts';

/**
 * Sums for the weighted doubly robust estimators, with Bₜ = Σᵢ wⁱ₀:ₜ and B₋₁ = n:
 *
 *   Aₜ = Σᵢ wⁱ₀:ₜ (rⁱₜ − Q(sⁱₜ, aⁱₜ)),   Cₜ = Σᵢ wⁱ₀:ₜ₋₁ V(sⁱₜ)
 *
 * Columns: [n, B₀ … B_{H−1}, A₀ … A_{H−1}, C₀ … C_{H−1}].
 */
export function weightedColumns(
  view: SessionView,
  name: string,
  logWeights: Float64Array,
  { ofState, ofAction }: RowValues,
): readonly Float64Array[] {
  const scales = logScales(view, logWeights);
  const residuals = stepColumns(view, (row, isEnded, t) => {
    const weight = isEnded ? 0 : Math.exp(logWeights[row] - scales[t]);
    return weight === 0 ? 0 : weight * (view.responses[row] - ofAction[row]);
  });
  const baselines = stepColumns(view, (row, isEnded, t) => {
    if (isEnded) return 0;
    const before = t === 0 ? 1 : Math.exp(logWeights[row - 1] - scales[t - 1]);
    return before === 0 ? 0 : before * ofState[row];
  });
  return [sessionCounts(view), ...stepWeights(view, name, logWeights), ...residuals, ...baselines];
}

/**
 * Truncated returns: importance sampling up to step j, the value function from there on.
 *
 *   g_j = Σ_{t ≤ j} γᵗ (Aₜ/Bₜ + Cₜ/Bₜ₋₁) + γ^{j+1} C_{j+1}/B_j,   j = −1, 0, …, H − 1
 *
 * g₋₁ is the value function alone, g_{H−1} is WDR. Entry j + 1 of the result is g_j.
 */
export function truncatedReturns(totals: ArrayLike<number>, horizon: number, discount: number): Float64Array {
  const returns = new Float64Array(horizon + 1);
  let sum = 0;
  for (let t = 0; t <= horizon; t++) {
    const baseline =
      t === horizon ? 0 : discount ** t * ratio.value([totals[1 + 2 * horizon + t], totals[t]]);
    returns[t] = sum + baseline;
    if (t < horizon) sum += baseline + discount ** t * ratio.value([totals[1 + horizon + t], totals[1 + t]]);
  }
  return returns;
}

/** Σ_j x_j ∂g_j/∂totals; the weights x are held. */
export function truncatedGradient(
  totals: ArrayLike<number>,
  horizon: number,
  discount: number,
  x: ArrayLike<number>,
): number[] {
  const slopes = new Array<number>(1 + 3 * horizon).fill(0);
  // Aₜ/Bₜ enters every g_j with j ≥ t, Cₜ/Bₜ₋₁ every one with j ≥ t − 1.
  let rest = 0;
  for (let t = horizon - 1; t >= 0; t--) {
    rest += x[t + 1];
    const factor = discount ** t;
    const [a, b] = ratio.gradient([totals[1 + horizon + t], totals[1 + t]]);
    slopes[1 + horizon + t] += factor * rest * a;
    slopes[1 + t] += factor * rest * b;
    const [c, d] = ratio.gradient([totals[1 + 2 * horizon + t], totals[t]]);
    slopes[1 + 2 * horizon + t] += factor * (rest + x[t]) * c;
    slopes[t] += factor * (rest + x[t]) * d;
  }
  return slopes;
}
