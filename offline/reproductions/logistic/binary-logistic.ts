import { invariant } from '../../../src/core/check.ts';
import { solveSymmetric } from '../../evaluation/solve-symmetric.ts';

export interface BinaryInput {
  /** Rows to fit on. */
  readonly rows: Int32Array;
  readonly width: number;
  /** Contexts, all rows × width. */
  readonly x: Float64Array;
  /** One of `actionCount`, per row; enters as a one-hot vector. */
  readonly actions: Int32Array;
  readonly actionCount: number;
  /** 0 or 1. */
  readonly outcomes: Float64Array;
  readonly inverseRegularisation: number;
}

/** θ (width), then one coefficient per action, then the intercept. */
export type BinaryModel = Float64Array;

const ITERATIONS = 25;

/**
 * Logistic regression of a binary outcome on (x, one-hot action): logit q̂ = θ·x + β_a + b, penalty (|θ|² + |β|²)/(2C), by
 * Newton's method. Converges in a handful of steps; with the penalty the Hessian is positive definite.
 */
export function fitBinary(input: BinaryInput): BinaryModel {
  const { width, actionCount, inverseRegularisation } = input;
  const size = width + actionCount + 1;
  const penalty = 1 / inverseRegularisation;
  const model = new Float64Array(size);
  for (let step = 0; step < ITERATIONS; step++) {
    const { gradient, hessian } = derivatives(input, model);
    for (let j = 0; j < size - 1; j++) {
      gradient[j] += penalty * model[j];
      hessian[j * size + j] += penalty;
    }
    const move = solveSymmetric(hessian, gradient);
    for (let j = 0; j < size; j++) model[j] -= move[j];
    if (move.every((v) => Math.abs(v) < 1e-9)) return model;
  }
  invariant(model.every(Number.isFinite), 'Newton’s method converges');
  return model;
}

function derivatives(input: BinaryInput, model: BinaryModel) {
  const { rows, width, x, actions, actionCount, outcomes } = input;
  const size = width + actionCount + 1;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  // A row has width + 2 entries that are not 0: its context, its action and the intercept.
  const places = new Int32Array(width + 2);
  const values = new Float64Array(width + 2);
  for (let j = 0; j < width; j++) places[j] = j;
  places[width + 1] = size - 1;
  values[width] = 1;
  values[width + 1] = 1;
  for (const i of rows) {
    for (let j = 0; j < width; j++) values[j] = x[i * width + j];
    places[width] = width + actions[i];
    const p = predictBinary(model, x, i, width, actions[i]);
    const error = p - outcomes[i];
    const curvature = p * (1 - p);
    for (let j = 0; j < places.length; j++) {
      gradient[places[j]] += error * values[j];
      const row = places[j] * size;
      for (let k = 0; k < places.length; k++) hessian[row + places[k]] += curvature * values[j] * values[k];
    }
  }
  return { gradient, hessian };
}

/** q̂(x, a) of row i's context and any action. */
export function predictBinary(
  model: BinaryModel,
  x: Float64Array,
  i: number,
  width: number,
  action: number,
): number {
  let score = model[width + action] + model[model.length - 1];
  for (let j = 0; j < width; j++) score += model[j] * x[i * width + j];
  return 1 / (1 + Math.exp(-score));
}
