import { isForcedRow } from '../bandit-log.ts';
import type { Trouble } from '../trouble.ts';
import { statesMissing } from './marginalised-is.ts';
import type { SessionView } from './session-view.ts';

/** A vector by its entries that are not 0; an index may stand twice. */
export interface SparseVector {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/** φ on the log. */
export interface DiceFeatures {
  readonly width: number;
  /** φ(s, a) of the row and the action served. */
  readonly ofRow: (row: number) => SparseVector;
  /** φ(s, π) = Σₐ π(a∣s) φ(s, a) at the row's state. */
  readonly underPolicy: (row: number) => SparseVector;
  /** Share of Σ φ(s, π) over all rows on cells that the log never shows; 0 with given features. */
  readonly unseenShare: number;
}

/** More unknowns than this take minutes to solve for, and have a handful of rows each. */
const MAX_WIDTH = 600;

export function diceFeatures(view: SessionView): DiceFeatures | Trouble {
  const { policy, settings } = view;
  if (policy.kind !== 'distribution') return distributionMissing;
  const features = settings.dice.features === undefined ? oneHot(view) : given(view);
  if ('width' in features && features.width > MAX_WIDTH) {
    return {
      code: 'too_many_cells',
      reason: `the log has ${features.width} cells of (step, state, action); at most ${MAX_WIDTH} can be solved for`,
      needed: 'fewer states, or features of states and actions',
    };
  }
  return features;
}

/** One-hot over the cells (step, state, action) that the log shows; others have no ratio and are left out. */
function oneHot(view: SessionView): DiceFeatures | Trouble {
  const { log, settings } = view;
  const { states } = log;
  if (states === undefined) return statesMissing;
  const step = stepOfRow(view);
  const actionCount = actionCountOf(view);
  const cellOf = (row: number, action: number): number =>
    ((settings.dice.knowsStep ? step[row] * states.count : 0) + states.indices[row]) * actionCount + action;
  const known = new Map<number, number>();
  for (let row = 0; row < log.rounds; row++) {
    const cell = cellOf(row, log.actions[row]);
    if (!known.has(cell)) known.set(cell, known.size);
  }
  let unseen = 0;
  for (let row = 0; row < log.rounds; row++) {
    for (let a = 0; a < actionCount; a++) {
      if (!known.has(cellOf(row, a))) unseen += chanceOf(view, row, a) / log.rounds;
    }
  }
  const vector = (row: number, of: (action: number) => number): SparseVector => {
    const indices: number[] = [];
    const values: number[] = [];
    for (let a = 0; a < actionCount; a++) {
      const index = known.get(cellOf(row, a));
      const value = of(a);
      if (index === undefined || value === 0) continue;
      indices.push(index);
      values.push(value);
    }
    return { indices, values };
  };
  return {
    width: known.size,
    ofRow: (row) => vector(row, (a) => Number(a === log.actions[row])),
    underPolicy: (row) => vector(row, (a) => chanceOf(view, row, a)),
    unseenShare: unseen,
  };
}

function given(view: SessionView): DiceFeatures {
  const { width, values } = view.settings.dice.features ?? { width: 0, values: new Float64Array(0) };
  const actionCount = actionCountOf(view);
  const indices = Array.from({ length: width }, (_, f) => f);
  const at = (row: number, action: number, f: number): number =>
    values[(row * actionCount + action) * width + f];
  return {
    width,
    ofRow: (row) => ({ indices, values: indices.map((f) => at(row, view.log.actions[row], f)) }),
    underPolicy: (row) => ({
      indices,
      values: indices.map((f) => {
        let sum = 0;
        for (let a = 0; a < actionCount; a++) sum += chanceOf(view, row, a) * at(row, a, f);
        return sum;
      }),
    }),
    unseenShare: 0,
  };
}

const actionCountOf = ({ policy }: SessionView): number =>
  policy.kind === 'distribution' ? policy.actionCount : 0;

/** π(a∣s); a forced row has no choice. */
function chanceOf({ log, policy }: SessionView, row: number, action: number): number {
  if (policy.kind !== 'distribution') return NaN;
  if (isForcedRow(log, row)) return Number(action === log.actions[row]);
  return policy.probabilities[row * policy.actionCount + action];
}

function stepOfRow({ log }: SessionView): Int32Array {
  const steps = new Int32Array(log.rounds);
  for (let j = 0; j < log.sessionCount; j++) {
    for (let i = log.starts[j]; i < log.starts[j + 1]; i++) steps[i] = i - log.starts[j];
  }
  return steps;
}

const distributionMissing: Trouble = {
  code: 'distribution_needed',
  reason:
    'the next state’s features under π need its probability of every action; only that of the logged one is given',
  needed: 'the evaluation distribution over all actions',
};
