import type { BanditLog } from '../bandit-log.ts';
import { standardError } from '../delta-method.ts';
import { shownNumber, type Estimator } from '../estimator.ts';
import { createEstimator } from '../estimators.ts';
import { hyperParameterOf, type HyperParameterName } from '../hyper-parameters.ts';
import { normalQuantile } from '../../math/normal.ts';
import type { BanditEstimatorId } from '../report.ts';
import type { RowSubset } from '../row-subset.ts';
import { influences, isValuation, valuate, type Valuation, type ValuationInput } from '../valuation.ts';
import { scaledToUnit } from './scale.ts';
import { chooseByProxy, mseProxy, type WeightMoments } from './mse-proxy.ts';
import { chooseBySlope } from './slope.ts';
import { sumByUnit } from '../unit-sums.ts';

export type TuningMethod = 'slope' | 'mse-proxy';

/** δ of both methods: SLOPE's intervals are one-sided at 1 − δ, the proxy's bias bound fails with δ. */
export const TUNING_DELTA = 0.1;

export interface TuningQuestion {
  readonly id: BanditEstimatorId;
  readonly response: string;
  /** Candidates, from the most shrinkage to none. */
  readonly grid: readonly number[];
  readonly method: TuningMethod;
  /** Rows that may choose; null: all. */
  readonly subset: RowSubset | null;
}

/**
 * The grid's best setting of an estimator for one response, judged on `subset` only.
 *
 * @returns the setting, or null where the response or its model cannot be used (the estimate is then refused too)
 */
export function tune(input: ValuationInput, question: TuningQuestion): number | null {
  const { id, grid, method, subset } = question;
  const name = hyperParameterOf[id];
  if (name === null) return null;
  const candidates = grid.map((value) => createEstimator(id, { [name]: value }));
  const valuations = valuationsOf(input, question, candidates);
  if (valuations === null) return null;
  const errors = valuations.map((valuation) => standardError(influences(valuation)));
  if (method === 'slope') {
    const z = normalQuantile(1 - TUNING_DELTA);
    return grid[chooseBySlope(valuations.map(({ value }, i) => ({ value, halfWidth: z * errors[i] })))];
  }
  const unshrunk = valuationsOf(input, question, [createEstimator(id, { [name]: noShrinkage[name] })]);
  const reference = unshrunk === null ? NaN : unshrunk[0].value;
  const moments = weightMoments(input.log, input.weights, subset);
  const proxies = valuations.map(({ value }, i) =>
    mseProxy({ value, standardError: errors[i] }, reference, moments, TUNING_DELTA),
  );
  return grid[chooseByProxy(proxies)];
}

const noShrinkage: Readonly<Record<HyperParameterName, number>> = {
  clip: Infinity,
  switchThreshold: Infinity,
  drosLambda: Infinity,
  subGaussianLambda: 0,
};

/** The candidates' valuations with the response scaled to [0, 1]; null where any is refused. */
function valuationsOf(
  input: ValuationInput,
  { response, subset }: TuningQuestion,
  candidates: readonly Estimator[],
): Valuation[] | null {
  const resolved = candidates.map((estimator) => ({ estimator, subset, notes: [] }));
  const results = valuate({ ...scaledToUnit(input, response), resolve: () => resolved });
  const valuations = results.filter(isValuation);
  const isComplete =
    valuations.length === results.length && valuations.every((v) => Number.isFinite(v.value));
  return isComplete ? valuations : null;
}

/** Moments of the weight per unit, in units of a row: a unit's sum over the mean number of rows per unit. */
function weightMoments(log: BanditLog, weights: Float64Array, subset: RowSubset | null): WeightMoments {
  const included = (i: number): number => (subset === null || subset.includes(i) ? 1 : 0);
  const rows = sumByUnit(log.units, log.unitCount, included);
  const sums = sumByUnit(log.units, log.unitCount, (i) => included(i) * weights[i]);
  let units = 0;
  let rowCount = 0;
  let squares = 0;
  let largest = 0;
  for (let k = 0; k < sums.length; k++) {
    if (rows[k] === 0) continue;
    units++;
    rowCount += rows[k];
    squares += sums[k] * sums[k];
    largest = Math.max(largest, sums[k]);
  }
  const perUnit = rowCount / units;
  return { units, meanSquare: squares / units / (perUnit * perUnit), largest: largest / perUnit };
}

/** How a chosen setting is echoed. */
export const tunedHyperParameters = (name: HyperParameterName, value: number, method: TuningMethod) =>
  ({ [name]: shownNumber(value), tuning: `auto-${method}` }) as const;
