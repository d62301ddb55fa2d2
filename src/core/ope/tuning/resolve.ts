import { createEstimator } from '../estimators.ts';
import { hyperParameterOf, type HyperParameterName } from '../hyper-parameters.ts';
import { fixedSettings, type OpeOptions } from '../ope-options.ts';
import type { BanditEstimatorId, Warning } from '../report.ts';
import type { ResolvedEstimator, ValuationInput } from '../valuation.ts';
import { tuningFolds, type TuningFolds } from './folds.ts';
import { gridOf } from './grid.ts';
import { tune, tunedHyperParameters, type TuningMethod } from './tune.ts';

/**
 * The estimators of each response with their settings: given numbers as they are, and for `auto` the choice of one half of
 * the units, with value and interval from the other half.
 */
export function resolver(
  input: ValuationInput,
  ids: readonly BanditEstimatorId[],
  options: OpeOptions,
): (response: string) => readonly ResolvedEstimator[] {
  const given = fixedSettings(options);
  const method = options.tuning ?? 'slope';
  const { units, unitCount } = input.log;
  let known: TuningFolds | null = null;
  const folds = (): TuningFolds => (known ??= tuningFolds(units, unitCount, options.seed));
  return (response) =>
    ids.map((id) => {
      const name = autoSetting(id, options);
      const fixed = { estimator: createEstimator(id, given), subset: null, notes: [] };
      if (name === null) return fixed;
      const question = { id, response, grid: gridOf(name), method, subset: folds().tuning };
      const value = tune(input, question);
      return value === null ? fixed : tuned(id, name, value, method, folds());
    });
}

function autoSetting(id: BanditEstimatorId, options: OpeOptions): HyperParameterName | null {
  const name = hyperParameterOf[id];
  return name !== null && options[name] === 'auto' ? name : null;
}

function tuned(
  id: BanditEstimatorId,
  name: HyperParameterName,
  value: number,
  method: TuningMethod,
  folds: TuningFolds,
): ResolvedEstimator {
  const estimator = {
    ...createEstimator(id, { [name]: value }),
    hyperParameters: tunedHyperParameters(name, value, method),
  };
  return { estimator, subset: folds.estimation, notes: [tunedNote(name, value, method, folds)] };
}

const methodNames = { slope: 'SLOPE++', 'mse-proxy': 'the MSE proxy' } as const;

const tunedNote = (
  name: HyperParameterName,
  value: number,
  method: TuningMethod,
  { tuningUnits, estimationUnits }: TuningFolds,
): Warning => ({
  code: 'tuned_on_other_units',
  reason:
    `${name} = ${value} was chosen by ${methodNames[method]} on ${tuningUnits} units; value and interval are from ` +
    `the other ${estimationUnits}`,
});
