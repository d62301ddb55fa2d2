import { isForcedRow, type EvaluationPolicy } from '../bandit-log.ts';
import type { Locate, Trouble } from '../trouble.ts';
import type { SequentialLog } from './sequential-log.ts';

/** Given values of one response, in the row order of the log; discounted like the log, from the row's step to the end. */
export interface ValueTables {
  /** Q(s, a), rounds × K in row-major order. */
  readonly actionValues?: Float64Array;
  /** V(s), one per row. Read only where V cannot be computed as Σₐ π(a∣s) Q(s, a). */
  readonly stateValues?: Float64Array;
}

/** Q and V as the estimators read them. */
export interface RowValues {
  /** V(s_t). */
  readonly ofState: Float64Array;
  /** Q(s_t, a_t). */
  readonly ofAction: Float64Array;
}

/**
 * V(s) = Σₐ π(a∣s) Q(s, a) and Q(s, a) on every row. On a forced row π has no choice, so V(s) = Q(s, a).
 *
 * Doubly robust estimators stay unbiased for any Q because V is exactly this mean. With V alone, Q(s, a) := V(s) is such
 * a Q (a baseline that does not know the action); with π of the logged action only, that is what is used.
 */
export function rowValues(
  log: SequentialLog,
  policy: EvaluationPolicy,
  tables: ValueTables | undefined,
  locate: Locate,
): RowValues | Trouble {
  const { actionValues, stateValues } = tables ?? {};
  if (actionValues !== undefined && policy.kind === 'distribution') {
    const values = fromActionValues(log, policy, actionValues);
    return (
      notFinite(values.ofState, 'Σ π Q', locate) ?? notFinite(values.ofAction, 'Q(s, a)', locate) ?? values
    );
  }
  if (stateValues !== undefined) {
    return notFinite(stateValues, 'V(s)', locate) ?? { ofState: stateValues, ofAction: stateValues };
  }
  return actionValues === undefined ? tablesMissing : distributionMissing;
}

function fromActionValues(
  log: SequentialLog,
  policy: EvaluationPolicy & { readonly kind: 'distribution' },
  q: Float64Array,
): RowValues {
  const k = policy.actionCount;
  const ofState = new Float64Array(log.rounds);
  const ofAction = new Float64Array(log.rounds);
  for (let i = 0; i < log.rounds; i++) {
    ofAction[i] = q[i * k + log.actions[i]];
    if (isForcedRow(log, i)) {
      ofState[i] = ofAction[i];
      continue;
    }
    // A zero probability must not meet a NaN prediction of an action that cannot be taken.
    for (let a = i * k; a < (i + 1) * k; a++) {
      if (policy.probabilities[a] !== 0) ofState[i] += policy.probabilities[a] * q[a];
    }
  }
  return { ofState, ofAction };
}

function notFinite(values: Float64Array, what: string, locate: Locate): Trouble | null {
  const row = values.findIndex((value) => !Number.isFinite(value));
  if (row < 0) return null;
  return {
    code: 'action_values_invalid',
    reason: `${locate(row)}: ${what} must be a finite number, it is ${values[row]}`,
    needed: 'a finite value on every row',
  };
}

const tablesMissing: Trouble = {
  code: 'action_values_missing',
  reason: 'there are no values Q(s, a) or V(s) for this response',
  needed: 'Q(s, a) of every action on every row (or V(s)), fitted on other units',
};

const distributionMissing: Trouble = {
  code: 'distribution_needed',
  reason:
    'V(s) = Σ π Q needs the evaluated policy’s probability of every action; only that of the logged one is given',
  needed: 'the evaluation distribution over all actions, or V(s) beside Q(s, a)',
};
