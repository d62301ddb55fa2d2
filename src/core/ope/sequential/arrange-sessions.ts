import { refuse, violation } from '../../check.ts';
import type { BanditLog, EvaluationPolicy } from '../bandit-log.ts';
import type { Locate } from '../trouble.ts';
import type { SequentialLog } from './sequential-log.ts';

/** What turns rows into sessions. All columns are in the order of the rows of the log. */
export interface SessionColumns {
  /** Any labels; equal labels are one session. */
  readonly sessions: ArrayLike<string | number>;
  /** Orders the rows of a session: step numbers or times. Where all sessions start at one integer, gaps are refused. */
  readonly steps: ArrayLike<number>;
  readonly discount: number;
  /** Without it a session is its own unit. */
  readonly units?: { readonly indices: Int32Array; readonly count: number };
  /** 1 on the last row of a session that really ended; 0 there says it was cut off. All ended without it. */
  readonly terminals?: ArrayLike<number>;
  /** A state's label per row. */
  readonly states?: ArrayLike<string | number>;
  readonly locate?: Locate;
}

export interface ArrangedSessions {
  readonly log: SequentialLog;
  /** Row i of the arranged log is row order[i] of the input: `arrangeRows` brings other columns along. */
  readonly order: Int32Array;
}

/**
 * Sorts the rows of a log into sessions: sessions in order of appearance, their rows by step.
 *
 * Refuses (`log_unreadable`) a step that is not a number, a step that a session has twice, a session of two units, and a
 * gap in numbered steps: a product of weights with one factor missing is wrong from there on.
 */
export function arrangeSessions(log: BanditLog, columns: SessionColumns): ArrangedSessions {
  const locate = columns.locate ?? ((row: number) => `row ${row}`);
  const session = numbered(columns.sessions, log.rounds);
  const { steps } = columns;
  for (let i = 0; i < log.rounds; i++) {
    if (!Number.isFinite(steps[i])) refuseRow(locate(i), 'the step must be a number', steps[i]);
  }
  const order = Int32Array.from({ length: log.rounds }, (_, i) => i).sort(
    (a, b) => session.indices[a] - session.indices[b] || steps[a] - steps[b],
  );
  const starts = startsOf(order, session);
  checkSteps(order, starts, steps, locate);
  const unitOfRow = columns.units?.indices ?? session.indices;
  for (let i = 1; i < order.length; i++) {
    const [previous, row] = [order[i - 1], order[i]];
    if (session.indices[row] === session.indices[previous] && unitOfRow[row] !== unitOfRow[previous]) {
      refuseRow(locate(row), 'a session belongs to one unit', undefined);
    }
  }
  const unitCount = columns.units?.count ?? session.count;
  const sessions = { sessionCount: session.count, starts, discount: columns.discount };
  const rows = arrangedColumns(log, order);
  const optional = optionalColumns(columns, order, starts, log.rounds);
  return {
    log: { ...rows, ...sessions, units: arranged(unitOfRow, order), unitCount, ...optional },
    order,
  };
}

/** A column, or a table of `width` columns in row-major order, in the order of the arranged log. */
export function arrangeRows(values: Float64Array, order: Int32Array, width = 1): Float64Array {
  const rows = new Float64Array(values.length);
  for (let i = 0; i < order.length; i++) {
    for (let a = 0; a < width; a++) rows[i * width + a] = values[order[i] * width + a];
  }
  return rows;
}

export const arrangePolicy = (policy: EvaluationPolicy, order: Int32Array): EvaluationPolicy => ({
  ...policy,
  probabilities: arrangeRows(
    policy.probabilities,
    order,
    policy.kind === 'distribution' ? policy.actionCount : 1,
  ),
});

interface Numbered {
  readonly indices: Int32Array;
  readonly count: number;
}

function numbered(labels: ArrayLike<string | number>, rows: number): Numbered {
  const known = new Map<string | number, number>();
  const indices = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    let index = known.get(labels[i]);
    if (index === undefined) known.set(labels[i], (index = known.size));
    indices[i] = index;
  }
  return { indices, count: known.size };
}

function startsOf(order: Int32Array, session: Numbered): Int32Array {
  const starts = new Int32Array(session.count + 1);
  for (const row of order) starts[session.indices[row] + 1]++;
  for (let j = 0; j < session.count; j++) starts[j + 1] += starts[j];
  return starts;
}

function checkSteps(order: Int32Array, starts: Int32Array, steps: ArrayLike<number>, locate: Locate): void {
  const first = order.length === 0 ? 0 : steps[order[0]];
  let isNumbered = Number.isInteger(first);
  for (let j = 0; j + 1 < starts.length; j++) isNumbered &&= steps[order[starts[j]]] === first;
  for (let j = 0; j + 1 < starts.length; j++) {
    for (let i = starts[j] + 1; i < starts[j + 1]; i++) {
      const [step, before] = [steps[order[i]], steps[order[i - 1]]];
      if (step === before) refuseRow(locate(order[i]), 'a session has every step once', step);
      if (isNumbered && starts.length > 2 && step !== before + 1) {
        refuseRow(locate(order[i]), `the step after ${before} must be ${before + 1}`, step);
      }
    }
  }
}

function refuseRow(row: string, rule: string, value: unknown): void {
  refuse('log_unreadable', [violation(row, rule, value)]);
}

function arrangedColumns(log: BanditLog, order: Int32Array): Omit<BanditLog, 'units' | 'unitCount'> {
  const behavior = log.behaviorProbabilities;
  return {
    rounds: log.rounds,
    actions: arranged(log.actions, order),
    propensities: arrangeRows(log.propensities, order),
    responses: new Map([...log.responses].map(([name, values]) => [name, arrangeRows(values, order)])),
    ...(log.isForced === undefined
      ? {}
      : { isForced: Uint8Array.from(order, (row) => log.isForced?.[row] ?? 0) }),
    ...(behavior === undefined || log.rounds === 0
      ? {}
      : { behaviorProbabilities: arrangeRows(behavior, order, behavior.length / log.rounds) }),
  };
}

const arranged = (values: Int32Array, order: Int32Array): Int32Array =>
  Int32Array.from(order, (row) => values[row]);

function optionalColumns(
  columns: SessionColumns,
  order: Int32Array,
  starts: Int32Array,
  rows: number,
): Pick<SequentialLog, 'isCutOff' | 'states'> {
  const { terminals, states } = columns;
  const found = states === undefined ? null : numbered(states, rows);
  return {
    ...(terminals === undefined
      ? {}
      : { isCutOff: Uint8Array.from(starts.subarray(1), (end) => Number(terminals[order[end - 1]] === 0)) }),
    ...(found === null ? {} : { states: { indices: arranged(found.indices, order), count: found.count } }),
  };
}
