import { effectiveSampleSize } from '../../src/core/ope/health.ts';
import type { SessionSide } from '../../src/core/ope/sequential/marginal-dr.ts';
import type { Dataset } from '../dataset/dataset.ts';

/** Steps to look back, longest first; Infinity: the product of weights over the whole session so far. */
const LOOKBACKS = [Infinity, 8, 4, 2, 1, 0] as const;
/** What a longer look back may cost: of the effective sample without any, this share must be left. */
const LEAST_SHARE = 0.5;

/**
 * ωₜ = ρ(sₜ₋ₖ) wₜ₋ₖ … wₜ (products of weights up to step k) with the longest k that leaves half of the effective sample, by
 * unit, that k = 0 has. The fitted ρ errs where states hide what matters; the longer the look back, the less it is asked. The
 * choice looks at weights only, never at a response, so it leaves intervals as they are.
 *
 * @param ratios ρ(s) of every row
 * @param weights w of every row
 */
export function longestLookback(
  dataset: Dataset,
  ratios: Float64Array,
  weights: Float64Array,
): Pick<SessionSide, 'ratios' | 'lookback'> {
  const withLookback = (lookback: number): Float64Array => visits(dataset, ratios, weights, lookback);
  const enough = LEAST_SHARE * effectiveUnits(dataset, withLookback(0));
  for (const lookback of LOOKBACKS) {
    const found = withLookback(lookback);
    if (effectiveUnits(dataset, found) >= enough) return { ratios: found, lookback };
  }
  return { ratios: withLookback(0), lookback: 0 };
}

function visits(
  { nextRow, rows }: Dataset,
  ratios: Float64Array,
  weights: Float64Array,
  lookback: number,
): Float64Array {
  const found = new Float64Array(rows);
  let start = 0;
  for (let row = 0; row < rows; row++) {
    if (row === 0 || nextRow[row - 1] !== row) start = row;
    const from = Math.max(start, row - lookback);
    // The first row of a session is reached by every policy alike, so nothing has to be fitted there.
    let product = row - lookback > start ? ratios[from] : 1;
    for (let i = from; i <= row; i++) product *= weights[i];
    found[row] = product;
  }
  return found;
}

function effectiveUnits({ units, unitCount }: Dataset, visited: Float64Array): number {
  const sums = new Float64Array(unitCount);
  visited.forEach((visit, row) => (sums[units[row]] += visit));
  return effectiveSampleSize(sums);
}
