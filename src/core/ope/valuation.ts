import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { compensatedSum } from '../math/compensated-sum.ts';
import { resampleTotals } from './bootstrap.ts';
import { influencesByUnit } from './delta-method.ts';
import type { Estimator, RowColumns, RowTerm } from './estimator.ts';
import type { EstimateRefusal } from './report.ts';
import { rewardModelValues } from './reward-model.ts';
import { refusalOf, type Trouble } from './trouble.ts';
import { sumByUnit } from './unit-sums.ts';

/** One response under one estimator, reduced to the sums of every unit. */
export interface Valuation {
  readonly response: string;
  readonly estimator: Estimator;
  readonly columns: readonly Float64Array[];
  readonly value: number;
}

export interface ValuationInput {
  readonly log: BanditLog;
  readonly policy: EvaluationPolicy;
  readonly weights: Float64Array;
  readonly estimators: readonly Estimator[];
  /** q̂ by response, rounds × K. */
  readonly rewardModels: ReadonlyMap<string, Float64Array>;
  readonly locate: (row: number) => string;
}

/** Every response under every estimator: unit sums, or the reason why not. Shared columns are computed once. */
export function valuate(input: ValuationInput): (Valuation | EstimateRefusal)[] {
  const shared = new Map<string, Float64Array>();
  const results: (Valuation | EstimateRefusal)[] = [];
  for (const response of input.log.responses.keys()) {
    const { rows, responseTrouble, modelTrouble } = rowColumns(input, response);
    const own = new Map<string, Float64Array>();
    for (const estimator of input.estimators) {
      const trouble = responseTrouble ?? (estimator.needsRewardModel ? modelTrouble : null);
      if (trouble !== null) results.push(refusalOf(response, estimator.id, trouble));
      else results.push(valuation(input.log, rows, response, estimator, (t) => (t.isShared ? shared : own)));
    }
  }
  return results;
}

function valuation(
  log: BanditLog,
  rows: RowColumns,
  response: string,
  estimator: Estimator,
  cacheOf: (term: RowTerm) => Map<string, Float64Array>,
): Valuation {
  const columns = estimator.terms.map((term) => {
    const cache = cacheOf(term);
    const known = cache.get(term.name);
    if (known !== undefined) return known;
    const column = sumByUnit(log.units, log.unitCount, (i) => term.of(rows, i));
    cache.set(term.name, column);
    return column;
  });
  return { response, estimator, columns, value: estimator.value(columns.map(compensatedSum)) };
}

function rowColumns(
  { log, policy, weights, rewardModels, locate }: ValuationInput,
  response: string,
): { rows: RowColumns; responseTrouble: Trouble | null; modelTrouble: Trouble | null } {
  const responses = log.responses.get(response) ?? new Float64Array(0);
  const none = new Float64Array(0);
  const rows = { rounds: log.rounds, weights, responses, modelUnderPolicy: none, modelOfAction: none };
  const responseTrouble = notFinite(responses, 'response_invalid', `the response ${response}`, locate);
  const model = rewardModels.get(response);
  if (model === undefined) return { rows, responseTrouble, modelTrouble: modelMissing(response) };
  if (policy.kind === 'logged-action') return { rows, responseTrouble, modelTrouble: distributionMissing };
  const { underPolicy, ofAction } = rewardModelValues(log, policy, model);
  const what = `the reward model of ${response}`;
  return {
    rows: { ...rows, modelUnderPolicy: underPolicy, modelOfAction: ofAction },
    responseTrouble,
    modelTrouble:
      notFinite(underPolicy, 'reward_model_invalid', what, locate) ??
      notFinite(ofAction, 'reward_model_invalid', what, locate),
  };
}

function notFinite(
  values: Float64Array,
  code: string,
  what: string,
  locate: (row: number) => string,
): Trouble | null {
  const row = values.findIndex((value) => !Number.isFinite(value));
  if (row < 0) return null;
  const reason = `${locate(row)}: ${what} must be a finite number, it is ${values[row]}`;
  return { code, reason, needed: 'a finite number on every row (a missing outcome is not a zero)' };
}

const modelMissing = (response: string): Trouble => ({
  code: 'reward_model_missing',
  reason: `there is no reward model for ${response}`,
  needed: 'predictions q̂(x, a) of every action on every row, cross-fitted by unit',
});

const distributionMissing: Trouble = {
  code: 'distribution_needed',
  reason:
    'q̂(x, π) needs the evaluated policy’s probability of every action; only that of the logged one is given',
  needed: 'the evaluation distribution over all actions',
};

/** ψₖ of every unit. */
export const influences = ({ estimator, columns }: Valuation): Float64Array =>
  influencesByUnit(columns, estimator.gradient(columns.map(compensatedSum)));

/** The values of every valuation in the same resamples (so their differences are paired). */
export function resampledValues(
  valuations: readonly Valuation[],
  options: { readonly resamples: number; readonly seed: number },
): Float64Array[] {
  const index = new Map<Float64Array, number>();
  for (const { columns } of valuations) {
    for (const column of columns) if (!index.has(column)) index.set(column, index.size);
  }
  const { resamples, totals } = resampleTotals([...index.keys()], options);
  return valuations.map(({ estimator, columns }) => {
    const places = columns.map((column) => (index.get(column) ?? 0) * resamples);
    const values = new Float64Array(resamples);
    const sums = new Float64Array(places.length);
    for (let b = 0; b < resamples; b++) {
      for (let j = 0; j < places.length; j++) sums[j] = totals[places[j] + b];
      values[b] = estimator.value(sums);
    }
    return values;
  });
}
