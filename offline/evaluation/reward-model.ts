import { sipHash24 } from '../../src/core/math/siphash.ts';
import { lengthPrefixed } from '../../src/core/math/length-prefixed.ts';
import { solveSymmetric } from './solve-symmetric.ts';

/**
 * q̂(x, a), cross-fitted by unit: a unit's rows are predicted by a model that never saw the unit.
 *
 *     q̂_a = ridge regression of r on (1, φ(x)) over the rows with action a,   β = (XᵀX + λI)⁻¹ Xᵀr
 *
 * with an unpenalised intercept; an action with fewer than `minRows` rows in a fold falls back to the fold's
 * mean response. Linear on purpose: closed form, no tuning, and doubly robust estimates stay unbiased whatever
 * it gets wrong.
 */
export interface RewardModelInput {
  readonly rows: number;
  readonly width: number;
  /** n × width, encoded features. */
  readonly states: Float32Array;
  readonly actionCount: number;
  readonly actions: Int32Array;
  readonly rewards: Float64Array;
  /** Of every row. */
  readonly unitIds: readonly string[];
}

export interface RewardModelOptions {
  readonly folds: number;
  readonly ridge: number;
  readonly minRows: number;
}

export const rewardModelDefaults: RewardModelOptions = { folds: 3, ridge: 1, minRows: 30 };

const FOLD_KEY = new Uint8Array(16).fill(0x66);

/** n × K predictions, each from the fold that excludes the row's unit. */
export function crossFit(
  input: RewardModelInput,
  options: RewardModelOptions = rewardModelDefaults,
): Float64Array {
  const foldOfRow = input.unitIds.map(
    (unit) => sipHash24(FOLD_KEY, lengthPrefixed('fold', unit)).low % options.folds,
  );
  const predictions = new Float64Array(input.rows * input.actionCount);
  for (let fold = 0; fold < options.folds; fold++) {
    const isHeldOut = (row: number): boolean => foldOfRow[row] === fold;
    const models = Array.from({ length: input.actionCount }, (_, action) =>
      fitAction(input, action, isHeldOut, options),
    );
    for (let row = 0; row < input.rows; row++) {
      if (!isHeldOut(row)) continue;
      for (let action = 0; action < input.actionCount; action++) {
        predictions[row * input.actionCount + action] = predict(models[action], input, row);
      }
    }
  }
  return predictions;
}

/** β with the intercept first. */
function fitAction(
  input: RewardModelInput,
  action: number,
  isHeldOut: (row: number) => boolean,
  options: RewardModelOptions,
): Float64Array {
  const size = input.width + 1;
  const gram = new Float64Array(size * size);
  const moment = new Float64Array(size);
  const x = new Float64Array(size);
  x[0] = 1;
  let rows = 0;
  let foldRows = 0;
  let foldSum = 0;
  for (let row = 0; row < input.rows; row++) {
    if (isHeldOut(row)) continue;
    foldRows += 1;
    foldSum += input.rewards[row];
    if (input.actions[row] !== action) continue;
    rows += 1;
    for (let i = 0; i < input.width; i++) x[i + 1] = input.states[row * input.width + i];
    accumulate(gram, moment, x, input.rewards[row]);
  }
  if (rows < options.minRows) {
    const constant = new Float64Array(size);
    constant[0] = foldRows === 0 ? 0 : foldSum / foldRows;
    return constant;
  }
  for (let i = 1; i < size; i++) gram[i * size + i] += options.ridge;
  return solveSymmetric(gram, moment);
}

function accumulate(gram: Float64Array, moment: Float64Array, x: Float64Array, reward: number): void {
  const size = x.length;
  for (let i = 0; i < size; i++) {
    const xi = x[i];
    if (xi === 0) continue;
    moment[i] += xi * reward;
    for (let j = 0; j < size; j++) gram[i * size + j] += xi * x[j];
  }
}

function predict(model: Float64Array, input: RewardModelInput, row: number): number {
  let value = model[0];
  for (let i = 0; i < input.width; i++) value += model[i + 1] * input.states[row * input.width + i];
  return value;
}
