import { sipHash24 } from '../../src/core/math/siphash.ts';
import { lengthPrefixed } from '../../src/core/math/length-prefixed.ts';
import { AllotError } from '../../src/core/errors.ts';
import { invariant } from '../../src/core/check.ts';
import { factorSymmetric } from './solve-symmetric.ts';

/** Rows of sessions with their encoded states; tabular where the encoding is one-hot and the ridge 0. */
export interface FittedQInput {
  readonly rows: number;
  readonly width: number;
  /** n × width. Sessions of a fixed length need the step among the features: what is left to earn depends on it. */
  readonly states: Float32Array;
  readonly actionCount: number;
  readonly actions: Int32Array;
  readonly rewards: Float64Array;
  /** Of every row. */
  readonly unitIds: readonly string[];
  /** The row of the session's next decision; −1: none. */
  readonly nextRow: Int32Array;
  /** 1 where the session really ended. A last row without it is cut off: it has no target and is not fitted. */
  readonly done: Uint8Array;
  readonly isForced?: Uint8Array;
  /** π(·∣s), n × K. */
  readonly policy: Float64Array;
  /** γ ∈ (0, 1]. */
  readonly discount: number;
}

export interface FittedQOptions {
  /** By unit; 1 fits on all rows, so that rows are predicted by a model that saw them (doubly robust then is biased). */
  readonly folds: number;
  readonly ridge: number;
  /** An action with fewer rows in a fold gets the mean target of all actions. */
  readonly minRows: number;
  readonly maxIterations: number;
  /** Stops when no value moves by more than this share of the largest reward. */
  readonly tolerance: number;
}

export const fittedQDefaults: FittedQOptions = {
  folds: 3,
  ridge: 1,
  minRows: 30,
  maxIterations: 1000,
  tolerance: 1e-6,
};

const FOLD_KEY = new Uint8Array(16).fill(0x71);

/**
 * Fitted Q evaluation under the expectation of π, cross-fitted by unit:
 *
 *   Q ← ridge regression of r + γ Σₐ′ π(a′∣s′) Q(s′, a′) on (1, φ(s)) per action, until it settles; r alone at the end
 *
 * The expectation is over all of π; by the action that π likes best, Q would value another, deterministic policy. On a
 * forced row π has no choice, so its value is that of the forced action.
 *
 * Linear on purpose: closed form, no tuning; doubly robust estimates stay unbiased whatever it gets wrong, fitted Q itself
 * does not. Bootstrapped regression of a policy far from the log can diverge: it then stops with `training_diverged`.
 *
 * Source: Le, Voloshin and Yue 2019 (ICML), algorithm 3.
 *
 * @returns Q(s, a), n × K: each row by the model that never saw its unit
 */
export function fitActionValues(
  input: FittedQInput,
  options: FittedQOptions = fittedQDefaults,
): Float64Array {
  const { rows, actionCount } = input;
  invariant(input.policy.length === rows * actionCount, 'π of every action on every row');
  invariant(input.discount > 0 && input.discount <= 1, 'a discount in (0, 1]');
  const foldOfRow = input.unitIds.map(
    (unit) => sipHash24(FOLD_KEY, lengthPrefixed('fold', unit)).low % options.folds,
  );
  const found = new Float64Array(rows * actionCount);
  for (let fold = 0; fold < options.folds; fold++) {
    const isFitted = (row: number): boolean => options.folds === 1 || foldOfRow[row] !== fold;
    const fitted = rowsWithTarget(input, isFitted);
    const all = settle(input, fitted, options);
    for (let row = 0; row < rows; row++) {
      if (foldOfRow[row] !== fold) continue;
      const at = row * actionCount;
      found.set(all.subarray(at, at + actionCount), at);
    }
  }
  return found;
}

/** Predictions n × K from targets, row by row. */
type Regressions = (targets: Float64Array) => Float64Array;

/** A cut-off row has no target; a held-out one must not even move the scale. */
function rowsWithTarget(input: FittedQInput, isFitted: (row: number) => boolean): Int32Array {
  const hasTarget = (row: number): boolean => input.nextRow[row] >= 0 || input.done[row] === 1;
  return Int32Array.from({ length: input.rows }, (_, row) => row).filter(
    (row) => isFitted(row) && hasTarget(row),
  );
}

function settle(input: FittedQInput, fitted: Int32Array, options: FittedQOptions): Float64Array {
  const fit = regressions(input, fitted, options);
  const scale = fitted.reduce((largest, row) => Math.max(largest, Math.abs(input.rewards[row])), 0);
  let stateValues: Float64Array = new Float64Array(input.rows);
  for (let iteration = 0; iteration < options.maxIterations; iteration++) {
    const actionValues = fit(targetsOf(input, stateValues));
    const next = expectation(input, actionValues);
    let moved = 0;
    for (let row = 0; row < input.rows; row++) {
      // NaN stays: a maximum with it is NaN.
      moved = Math.max(moved, Math.abs(next[row] - stateValues[row]));
    }
    stateValues = next;
    if (moved <= options.tolerance * scale) return actionValues;
    if (!(moved < 1e9 * scale)) break;
  }
  throw new AllotError(
    'training_diverged',
    `fitted Q did not settle in ${options.maxIterations} iterations; a smaller discount or a larger ridge may help`,
  );
}

function targetsOf({ rewards, nextRow, discount }: FittedQInput, stateValues: Float64Array): Float64Array {
  return rewards.map((r, row) => (nextRow[row] < 0 ? r : r + discount * stateValues[nextRow[row]]));
}

/** V(s) = Σₐ π(a∣s) Q(s, a). */
function expectation(input: FittedQInput, actionValues: Float64Array): Float64Array {
  const { rows, actionCount: k, policy, actions, isForced } = input;
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    if (isForced?.[row] === 1) values[row] = actionValues[row * k + actions[row]];
    else for (let a = row * k; a < (row + 1) * k; a++) values[row] += policy[a] * actionValues[a];
  }
  return values;
}

/** The left-hand sides do not change from one iteration to the next: each action's is factored once. */
function regressions(input: FittedQInput, fitted: Int32Array, options: FittedQOptions): Regressions {
  const size = input.width + 1;
  const designs = Array.from({ length: input.actionCount }, (_, action) => {
    const mine = fitted.filter((row) => input.actions[row] === action);
    if (mine.length < options.minRows) return null;
    return { rows: mine, solve: factorSymmetric(gramOf(input, mine, options.ridge), size) };
  });
  return (targets) => {
    const mean = fitted.reduce((sum, row) => sum + targets[row], 0) / Math.max(fitted.length, 1);
    const models = designs.map((design) => {
      if (design === null) return Float64Array.from({ length: size }, (_, i) => (i === 0 ? mean : 0));
      return design.solve(momentOf(input, design.rows, targets));
    });
    return predictAll(input, models);
  };
}

/** XᵀX + λI with an intercept first, which is not penalised. */
function gramOf(input: FittedQInput, rows: Int32Array, ridge: number): Float64Array {
  const { width, states } = input;
  const size = width + 1;
  const gram = new Float64Array(size * size);
  for (const row of rows) {
    gram[0]++;
    for (let i = 0; i < width; i++) {
      const x = states[row * width + i];
      if (x === 0) continue;
      gram[i + 1] += x;
      gram[(i + 1) * size] += x;
      for (let j = 0; j < width; j++) gram[(i + 1) * size + j + 1] += x * states[row * width + j];
    }
  }
  for (let i = 1; i < size; i++) gram[i * size + i] += ridge;
  return gram;
}

function momentOf({ width, states }: FittedQInput, rows: Int32Array, targets: Float64Array): Float64Array {
  const moment = new Float64Array(width + 1);
  for (const row of rows) {
    moment[0] += targets[row];
    for (let i = 0; i < width; i++) moment[i + 1] += states[row * width + i] * targets[row];
  }
  return moment;
}

function predictAll(input: FittedQInput, models: readonly Float64Array[]): Float64Array {
  const { rows, width, states } = input;
  const values = new Float64Array(rows * models.length);
  for (let row = 0; row < rows; row++) {
    models.forEach((model, action) => {
      let value = model[0];
      for (let i = 0; i < width; i++) value += model[i + 1] * states[row * width + i];
      values[row * models.length + action] = value;
    });
  }
  return values;
}
