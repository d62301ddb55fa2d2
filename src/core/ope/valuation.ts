import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { compensatedSum } from '../math/compensated-sum.ts';
import { resampleTotals } from './bootstrap.ts';
import { influencesByUnit } from './delta-method.ts';
import type { Estimator, RowColumns, RowTerm } from './estimator.ts';
import type { EstimateRefusal, Warning } from './report.ts';
import { rewardModelValues } from './reward-model.ts';
import type { RowSubset } from './row-subset.ts';
import { shrinkWeights } from './shrinkage.ts';
import { refusalOf, type Trouble } from './trouble.ts';
import { sumByUnit } from './unit-sums.ts';

/** One response under one estimator, reduced to the sums of every unit. */
export interface Valuation {
  readonly response: string;
  readonly estimator: Estimator;
  /** Sums of the rows in `subset`: units without such a row have sums of 0 everywhere, their number of rows too. */
  readonly columns: readonly Float64Array[];
  readonly value: number;
  /** null: every row. */
  readonly subset: RowSubset | null;
  /** What the choice of the estimator's settings has to say. */
  readonly notes: readonly Warning[];
}

/** An estimator with its settings, on some of the rows. */
export interface ResolvedEstimator {
  readonly estimator: Estimator;
  readonly subset: RowSubset | null;
  readonly notes: readonly Warning[];
}

export interface ValuationInput {
  readonly log: BanditLog;
  readonly policy: EvaluationPolicy;
  /** w of every row, before any shrinkage: that is the estimator's. */
  readonly weights: Float64Array;
  readonly estimators: readonly Estimator[];
  /** Estimators of each response, where they differ by response; instead of `estimators`. */
  readonly resolve?: (response: string) => readonly ResolvedEstimator[];
  /** q̂ by response, rounds × K. */
  readonly rewardModels: ReadonlyMap<string, Float64Array>;
  /** q̂ by response as fitted for `mrdr`, rounds × K. */
  readonly mrdrModels?: ReadonlyMap<string, Float64Array>;
  readonly locate: (row: number) => string;
}

export const isValuation = (result: Valuation | EstimateRefusal): result is Valuation => 'columns' in result;

type Columns = Map<string, Float64Array>;

/** Every response under every estimator: unit sums, or the reason why not. Shared columns are computed once. */
export function valuate(input: ValuationInput): (Valuation | EstimateRefusal)[] {
  const resolve =
    input.resolve ?? (() => input.estimators.map((estimator) => ({ estimator, subset: null, notes: [] })));
  const shared: Columns = new Map();
  const shrunk: Columns = new Map();
  return [...input.log.responses.keys()].flatMap((response) => {
    const own: Columns = new Map();
    const models = new Map([false, true].map((isMrdr) => [isMrdr, modelColumns(input, response, isMrdr)]));
    const responseTrouble = troubleOfResponse(input, response);
    return resolve(response).map((resolved) => {
      const { estimator } = resolved;
      const model = models.get(estimator.rewardModel === 'mrdr') as ModelColumns;
      const trouble = responseTrouble ?? (estimator.needsRewardModel ? model.trouble : null);
      if (trouble !== null) return refusalOf(response, estimator.id, trouble);
      const rows = {
        rounds: input.log.rounds,
        weights: shrunkOnce(input, estimator, shrunk),
        responses: input.log.responses.get(response) ?? none,
        modelUnderPolicy: model.underPolicy,
        modelOfAction: model.ofAction,
      };
      return valuation(input.log, rows, response, resolved, (term) => (term.isShared ? shared : own));
    });
  });
}

const none = new Float64Array(0);

function shrunkOnce(
  { log, weights }: ValuationInput,
  { shrinkage }: Estimator,
  known: Columns,
): Float64Array {
  const name = shrinkage?.name ?? '';
  const found = known.get(name) ?? shrinkWeights(log, weights, shrinkage ?? null);
  known.set(name, found);
  return found;
}

function valuation(
  log: BanditLog,
  rows: RowColumns,
  response: string,
  { estimator, subset, notes }: ResolvedEstimator,
  cacheOf: (term: RowTerm) => Columns,
): Valuation {
  const setting = [estimator.shrinkage?.name, subset?.name, estimator.rewardModel].join('|');
  const columns = estimator.terms.map((term) => {
    const cache = cacheOf(term);
    const key = `${term.name}|${setting}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const of = (i: number): number => (subset === null || subset.includes(i) ? term.of(rows, i) : 0);
    const column = sumByUnit(log.units, log.unitCount, of);
    cache.set(key, column);
    return column;
  });
  const value = estimator.value(columns.map(compensatedSum));
  return { response, estimator, columns, value, subset, notes };
}

function troubleOfResponse({ log, locate }: ValuationInput, response: string): Trouble | null {
  const responses = log.responses.get(response) ?? none;
  return notFinite(responses, 'response_invalid', `the response ${response}`, locate);
}

interface ModelColumns {
  readonly underPolicy: Float64Array;
  readonly ofAction: Float64Array;
  readonly trouble: Trouble | null;
}

function modelColumns(input: ValuationInput, response: string, isMrdr: boolean): ModelColumns {
  const { log, policy, locate } = input;
  const model = (isMrdr ? input.mrdrModels : input.rewardModels)?.get(response);
  const unknown = { underPolicy: none, ofAction: none };
  if (model === undefined) return { ...unknown, trouble: modelMissing(response, isMrdr) };
  if (policy.kind === 'logged-action') return { ...unknown, trouble: distributionMissing };
  const values = rewardModelValues(log, policy, model);
  const what = `the reward model of ${response}`;
  const trouble =
    notFinite(values.underPolicy, 'reward_model_invalid', what, locate) ??
    notFinite(values.ofAction, 'reward_model_invalid', what, locate);
  return { ...values, trouble };
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

const modelMissing = (response: string, isMrdr: boolean): Trouble => ({
  code: 'reward_model_missing',
  reason: `there is no reward model${isMrdr ? ' fitted for mrdr' : ''} for ${response}`,
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
