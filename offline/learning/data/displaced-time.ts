import { AllotError } from '../../../src/core/errors.ts';
import { compileEncoder } from '../../../src/core/policy/encoder.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { solveSymmetric } from '../../evaluation/solve-symmetric.ts';
import { fitLinearEncoder } from './encoder-fit.ts';

export interface DisplacedTimeOptions {
  /** `regression`: linear in the encoded features; `group`: one number per activity group, shrunk to that of all. */
  readonly method?: 'regression' | 'group';
  /** Ridge penalty of the regression, in rows; pseudo-rows of the overall mean in the group form. */
  readonly shrinkage?: number;
}

/** Fewer randomised rows than this in either arm: no estimate. */
const minimumRows = 30;

/**
 * What allocating displaces, causally: d(x) = E[y | null, x] − E[y | allocate, x], in the unit of response y (for
 * instance the seconds of short video that a live stream takes the place of). A trailing mean of y would say how much
 * there is, not how much of it goes away.
 *
 * Both conditional means are weighted least squares of y on (1, φ(x), group) over rows where the policy (not a rule)
 * chose and the outcome is known, each row weighted by 1/P(its arm | x); arms are null and "anything else" as logged. The
 * weights make both regressions live in the population of all states: where the linear form is wrong, d is still the best
 * linear approximation of the effect there. Valid when the logged probabilities are right and both arms were possible;
 * must not be trusted at features where one arm hardly ever was. d may be negative.
 *
 * @param rows the rows that may be learned from: training rows, never validation or test
 * @param response name of y
 * @returns one value for every row of the dataset, not only for `rows`
 * Refuses (`config_invalid`) an unknown response, a surface without a null action, fewer than 30 usable rows in an arm.
 * Source: inverse-propensity weighting, Horvitz and Thompson 1952; the split of rewards is learning.md "From log to dataset".
 */
export function displacedTime(
  dataset: Dataset,
  rows: Int32Array,
  response: string,
  options: DisplacedTimeOptions = {},
): Float64Array {
  const { method = 'regression', shrinkage = 20 } = options;
  const sample = randomisedRows(dataset, rows, response);
  const predict =
    method === 'group' ? byGroup(dataset, sample, shrinkage) : byRegression(dataset, rows, sample, shrinkage);
  return Float64Array.from({ length: dataset.rows }, (_, row) => predict(row));
}

/** One arm's randomised rows, with y and the weight 1/P(arm | x). */
interface Arm {
  readonly rows: number[];
  readonly values: number[];
  readonly weights: number[];
}

interface Sample {
  readonly none: Arm;
  readonly allocate: Arm;
}

function randomisedRows(dataset: Dataset, rows: Int32Array, response: string): Sample {
  const { surface } = dataset.manifest;
  const column = dataset.responses.get(response);
  if (column === undefined || surface.nullAction === null)
    throw new AllotError(
      'config_invalid',
      column === undefined
        ? `the surface has no response named ${response}`
        : 'displaced time needs a null action to compare with',
    );
  const nullIndex = surface.actions.indexOf(surface.nullAction);
  const none: Arm = { rows: [], values: [], weights: [] };
  const allocate: Arm = { rows: [], values: [], weights: [] };
  for (const row of rows) {
    if (dataset.isComplete[row] === 0 || dataset.isForced[row] === 1) continue;
    const probability = armProbability(dataset, row, nullIndex);
    if (!(probability > 0 && probability < 1)) continue;
    const arm = dataset.actions[row] === nullIndex ? none : allocate;
    arm.rows.push(row);
    arm.values.push(column[row]);
    arm.weights.push(1 / probability);
  }
  const fewest = Math.min(none.rows.length, allocate.rows.length);
  if (fewest < minimumRows)
    throw new AllotError(
      'config_invalid',
      `displaced time of ${response}: only ${fewest} randomised training rows in one arm; at least ${minimumRows} are needed`,
    );
  return { none, allocate };
}

/** P(arm of the logged action | x): P(null) or 1 − P(null), where the distribution was logged; else the propensity. */
function armProbability(dataset: Dataset, row: number, nullIndex: number): number {
  const actionCount = dataset.manifest.surface.actions.length;
  const pNull = dataset.probabilities[row * actionCount + nullIndex];
  const isNull = dataset.actions[row] === nullIndex;
  if (Number.isNaN(pNull)) return dataset.propensities[row];
  return isNull ? pNull : 1 - pNull;
}

/** d of a group = the weighted means' difference, each drawn to the overall one by `shrinkage` rows. */
function byGroup(dataset: Dataset, { none, allocate }: Sample, shrinkage: number): (row: number) => number {
  const groups = 1 + dataset.groups.reduce((a, b) => Math.max(a, b), 0);
  const means = [none, allocate].map((arm) => {
    const mean = weightedMeanOf(arm, () => true);
    const meanWeight = arm.weights.reduce((a, b) => a + b, 0) / arm.weights.length;
    return Array.from({ length: groups }, (_, g) => {
      const own = weightedMeanOf(arm, (row) => dataset.groups[row] === g);
      const prior = shrinkage * meanWeight;
      const total = own.weight + prior;
      return total === 0 ? mean.value : (own.value * own.weight + mean.value * prior) / total;
    });
  });
  return (row) => means[0][dataset.groups[row]] - means[1][dataset.groups[row]];
}

function weightedMeanOf(arm: Arm, keep: (row: number) => boolean): { value: number; weight: number } {
  let sum = 0;
  let weight = 0;
  arm.rows.forEach((row, i) => {
    if (!keep(row)) return;
    sum += arm.weights[i] * arm.values[i];
    weight += arm.weights[i];
  });
  return { value: weight === 0 ? 0 : sum / weight, weight };
}

/** Two weighted ridge regressions with unpenalised intercepts; the difference of their predictions. */
function byRegression(
  dataset: Dataset,
  rows: Int32Array,
  { none, allocate }: Sample,
  shrinkage: number,
): (row: number) => number {
  const encoder = fitLinearEncoder(dataset, dataset.manifest.surface, rows);
  const encode = compileEncoder(encoder);
  const groups = dataset.manifest.surface.groups?.names.length ?? 1;
  const size = 1 + encoder.width + (groups > 1 ? groups : 0);
  const inputs = new Float32Array(encoder.width);
  const regressors = (row: number, out: Float64Array): void => {
    encode(dataset.features[row], dataset.defaulted[row], inputs);
    out.fill(0);
    out[0] = 1;
    out.set(inputs, 1);
    if (groups > 1) out[1 + encoder.width + dataset.groups[row]] = 1;
  };
  const models = [none, allocate].map((arm) => weightedRidge(arm, size, regressors, shrinkage));
  const x = new Float64Array(size);
  return (row) => {
    regressors(row, x);
    return x.reduce((sum, xi, i) => sum + xi * (models[0][i] - models[1][i]), 0);
  };
}

/** β = (XᵀWX + ρ w̄ I)⁻¹ XᵀWy, intercept first and unpenalised. */
function weightedRidge(
  arm: Arm,
  size: number,
  regressors: (row: number, out: Float64Array) => void,
  ridge: number,
): Float64Array {
  const gram = new Float64Array(size * size);
  const moment = new Float64Array(size);
  const x = new Float64Array(size);
  arm.rows.forEach((row, n) => {
    regressors(row, x);
    for (let i = 0; i < size; i += 1) {
      const scaled = arm.weights[n] * x[i];
      if (scaled === 0) continue;
      moment[i] += scaled * arm.values[n];
      for (let j = 0; j < size; j += 1) gram[i * size + j] += scaled * x[j];
    }
  });
  const meanWeight = arm.weights.reduce((a, b) => a + b, 0) / arm.weights.length;
  for (let i = 1; i < size; i += 1) gram[i * size + i] += ridge * meanWeight;
  return solveSymmetric(gram, moment);
}
