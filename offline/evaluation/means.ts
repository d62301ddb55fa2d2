import type { Dataset } from '../dataset/dataset.ts';
import type { MeanResponse } from './evaluation-result.ts';

/**
 * Mean of every response over the rows, r̄ = Σ r / n, with its standard error by unit:
 * se² = Σ_k (R_k − r̄ n_k)² / n², with a unit's sums R_k and row counts n_k.
 */
export function meanResponses(dataset: Dataset): MeanResponse[] {
  return [...dataset.responses].map(([response, values]) => {
    const rows = values.length;
    const value = values.reduce((sum, r) => sum + r, 0) / rows;
    const deviations = new Float64Array(dataset.unitCount);
    values.forEach((r, row) => (deviations[dataset.units[row]] += r - value));
    const squares = deviations.reduce((sum, deviation) => sum + deviation * deviation, 0);
    return { response, value, standardError: Math.sqrt(squares) / rows, rows };
  });
}
