import { invariant } from '../../check.ts';
import { assertShapes, type BanditLog, type EvaluationPolicy } from '../bandit-log.ts';

/**
 * A log of sessions (trajectories) in columns: the rows of a session stand together, in the order of its steps.
 * Everything a `BanditLog` says of a row holds here too; all rows of a session belong to one unit.
 */
export interface SequentialLog extends BanditLog {
  readonly sessionCount: number;
  /** Session j holds the rows starts[j] … starts[j + 1] − 1, at least one; its length is sessionCount + 1. */
  readonly starts: Int32Array;
  /** γ ∈ (0, 1]: what the next step counts. */
  readonly discount: number;
  /** By session, 1 where it is only a part: it went on after its last row. All whole without it. */
  readonly isCutOff?: Uint8Array;
  /** The state of every row, where states are few and known: 0 … count − 1. */
  readonly states?: { readonly indices: Int32Array; readonly count: number };
}

export const sessionLength = (log: SequentialLog, session: number): number =>
  log.starts[session + 1] - log.starts[session];

export const unitOfSession = (log: SequentialLog, session: number): number => log.units[log.starts[session]];

/** H, the number of steps of the longest session. */
export function horizonOf(log: SequentialLog): number {
  let longest = 0;
  for (let j = 0; j < log.sessionCount; j++) longest = Math.max(longest, sessionLength(log, j));
  return longest;
}

/** Adds `term(j)` of every session to its unit. */
export function sumSessionsByUnit(log: SequentialLog, term: (session: number) => number): Float64Array {
  const sums = new Float64Array(log.unitCount);
  for (let j = 0; j < log.sessionCount; j++) sums[unitOfSession(log, j)] += term(j);
  return sums;
}

/** Shapes that do not fit are a bug of the caller, not trouble with the data. */
export function assertSessions(log: SequentialLog, policy: EvaluationPolicy): void {
  assertShapes(log, policy);
  const { starts, sessionCount, discount, states } = log;
  invariant(starts.length === sessionCount + 1, 'one start per session and the end');
  invariant(starts[0] === 0 && starts[sessionCount] === log.rounds, 'sessions cover every row');
  invariant(discount > 0 && discount <= 1, 'a discount in (0, 1]');
  invariant(log.isCutOff === undefined || log.isCutOff.length === sessionCount, 'a flag per session');
  for (let j = 0; j < sessionCount; j++) {
    invariant(starts[j + 1] > starts[j], 'no session is empty');
    for (let i = starts[j]; i < starts[j + 1]; i++) {
      invariant(log.units[i] === log.units[starts[j]], 'a session belongs to one unit');
    }
  }
  if (states === undefined) return;
  invariant(states.indices.length === log.rounds, 'one state per row');
  for (const s of states.indices) invariant(s >= 0 && s < states.count, 'a state below their count');
}
