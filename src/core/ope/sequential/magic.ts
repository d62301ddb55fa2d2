import { compensatedSum } from '../../math/compensated-sum.ts';
import { percentileInterval, resampleTotals } from '../bootstrap.ts';
import { influencesByUnit } from '../delta-method.ts';
import type { Reduction } from './reduction.ts';
import { isTrouble, type SequentialEstimator } from './sequential-estimator.ts';
import type { SessionView } from './session-view.ts';
import { simplexMinimum } from './simplex-minimum.ts';
import { truncatedGradient, truncatedReturns, weightedColumns } from './weighted-returns.ts';

/** At most this many truncated returns are mixed; of longer sessions they are spread evenly. */
const MAX_RETURNS = 25;
/** Two-sided level of the interval of WDR that a truncated return may leave before it counts as biased. */
const BIAS_LEVEL = 0.9;

/**
 * Model and guided importance sampling combining.
 *
 *   V̂ = Σ_j x_j g_j,   x = argmin_{x ∈ simplex} xᵀ (Ω + b bᵀ) x
 *
 * g_j mixes importance sampling up to step j with the value function from there on (`weighted-returns.ts`), from the
 * value function alone (j = −1) to WDR (j = H − 1). Ω is the covariance of the g_j, by units and the delta method (it
 * knows that the normalisation varies too); b_j is the signed distance of g_j from a 90 % percentile bootstrap interval
 * of WDR, made to contain WDR. The product b bᵀ is the outer one.
 *
 * Consistent when WDR or the value function is; close to the better of the two in between. A value function whose error
 * hides inside the interval of WDR is believed: that error is not in MAGIC's interval. Fails where both do, and where the
 * interval of WDR is itself too narrow (few sessions carry the weight).
 *
 * Its own standard error holds x; in the bootstrap the g_j and x are computed anew in each resample, while Ω and the
 * interval's distances to WDR are those of the whole log (a bootstrap in each resample would cost its square).
 *
 * Source: Thomas and Brunskill 2016 (ICML), section 6.
 */
export const magic: SequentialEstimator = {
  id: 'magic',
  estimand: 'per-session',
  needs: 'values',
  weights: 'session',
  echoes: ['discount'],
  note: {
    code: 'model_error_unseen',
    reason:
      'MAGIC leans on the value function as far as the interval of WDR allows; its own interval does not see the error of that function',
  },
  reduce: (view) => {
    const { values, horizon } = view;
    if (isTrouble(values)) return values;
    const { discount } = view.log;
    const columns = weightedColumns(view, 'plain', view.logWeights, values);
    const chosen = chosenReturns(horizon);
    const totals = columns.map(compensatedSum);
    const covariance = covarianceOf(columns, totals, horizon, discount, chosen);
    const slack = distancesToInterval(view, columns, totals);
    const mixOf = (returns: Float64Array): Float64Array =>
      spread(mix(returns, chosen, covariance, slack), chosen, horizon + 1);
    return {
      columns,
      value: (sums) => {
        const returns = truncatedReturns(sums, horizon, discount);
        if (returns.some((g) => !Number.isFinite(g))) return NaN;
        return mixOf(returns).reduce((sum, x, j) => sum + x * returns[j], 0);
      },
      gradient: (sums) =>
        truncatedGradient(sums, horizon, discount, mixOf(truncatedReturns(sums, horizon, discount))),
    } satisfies Reduction;
  },
};

/** Which entries of the truncated returns are mixed: the first (value function) and the last (WDR) always. */
function chosenReturns(horizon: number): number[] {
  const count = Math.min(horizon + 1, MAX_RETURNS);
  const all = Array.from({ length: count }, (_, p) => Math.round((p * horizon) / Math.max(count - 1, 1)));
  return [...new Set(all)];
}

/** Ω = K/(K − 1) Σₖ ψₖ ψₖᵀ with ψₖ the influence of unit k on every g_j, centred. */
function covarianceOf(
  columns: readonly Float64Array[],
  totals: readonly number[],
  horizon: number,
  discount: number,
  chosen: readonly number[],
): Float64Array {
  const units = columns[0].length;
  const influences = chosen.map((entry) => {
    const only = new Float64Array(horizon + 1);
    only[entry] = 1;
    const psi = influencesByUnit(columns, truncatedGradient(totals, horizon, discount, only));
    const mean = compensatedSum(psi) / units;
    return psi.map((value) => value - mean);
  });
  const m = chosen.length;
  const covariance = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < units; k++) sum += influences[i][k] * influences[j][k];
      covariance[i * m + j] = covariance[j * m + i] = (sum * units) / Math.max(units - 1, 1);
    }
  }
  return covariance;
}

/** How far the interval of WDR reaches below and above WDR, both ≥ 0. */
function distancesToInterval(
  view: SessionView,
  columns: readonly Float64Array[],
  totals: readonly number[],
): { readonly below: number; readonly above: number } {
  const { horizon, settings } = view;
  const { discount } = view.log;
  const center = truncatedReturns(totals, horizon, discount)[horizon];
  const resamples = settings.magicResamples;
  const drawn = resampleTotals(columns, { resamples, seed: settings.seed });
  const sums = new Float64Array(columns.length);
  const values = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    for (let j = 0; j < columns.length; j++) sums[j] = drawn.totals[j * resamples + b];
    values[b] = truncatedReturns(sums, horizon, discount)[horizon];
  }
  const interval = percentileInterval(values, BIAS_LEVEL);
  // Some resample carries no weight: nothing bounds WDR, so nothing can be called biased against it.
  if (interval === null) return { below: Infinity, above: Infinity };
  return { below: Math.max(0, center - interval.lower), above: Math.max(0, interval.upper - center) };
}

/** x over the chosen returns. */
function mix(
  returns: Float64Array,
  chosen: readonly number[],
  covariance: Float64Array,
  slack: { readonly below: number; readonly above: number },
): Float64Array {
  const center = returns[returns.length - 1];
  const bias = chosen.map((entry) => {
    const off = returns[entry] - center;
    if (off > slack.above) return off - slack.above;
    return off < -slack.below ? off + slack.below : 0;
  });
  const m = chosen.length;
  return simplexMinimum(
    covariance.map((value, at) => value + bias[Math.floor(at / m)] * bias[at % m]),
    m,
  );
}

function spread(x: Float64Array, chosen: readonly number[], length: number): Float64Array {
  const full = new Float64Array(length);
  chosen.forEach((entry, p) => (full[entry] = x[p]));
  return full;
}
