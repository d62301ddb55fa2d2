import { AllotError } from '../core/errors.ts';

export type ErrorClass = 'data' | 'retryable' | 'bug';

/**
 * SQLSTATE classes that blame the rows: 22 data exception (NUL or lone surrogate in text, number out of range), 23
 * integrity constraint, 54 program limit (an id too long for an index, nesting too deep).
 */
const DATA = new Set(['22', '23', '54']);

/**
 * Classes that pass: 08 connection, 40 rollback (deadlock), 53 resources (full disk, connections), 55 lock not available, 57
 * operator (shutdown, time-out), 58 system; and 28, 3D (wrong password, no such database), where a person must act and
 * nothing may be thrown away meanwhile.
 */
const RETRYABLE = new Set(['08', '28', '3D', '40', '53', '55', '57', '58']);

/** A read-only server (after a failover); a transaction that was idle for too long. */
const RETRYABLE_CODES = new Set(['25006', '25P03']);

/** Node's own codes, and what `pg` says without a code. */
const NETWORK = /^(ECONN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENETDOWN)/;
const CLIENT =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|connection error|Client was closed|Cannot use a pool after/;

/** Whether the rows, the moment or our own code is to blame. */
export function classifyError(error: unknown): ErrorClass {
  if (!(error instanceof Error)) return 'bug';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    if (NETWORK.test(code)) return 'retryable';
    if (DATA.has(code.slice(0, 2))) return 'data';
    if (RETRYABLE.has(code.slice(0, 2)) || RETRYABLE_CODES.has(code)) return 'retryable';
  }
  if (error instanceof AggregateError)
    return error.errors.some((e) => classifyError(e) === 'retryable') ? 'retryable' : 'bug';
  return CLIENT.test(error.message) ? 'retryable' : 'bug';
}

/** What callers of the stores see; a refusal of our own passes unchanged. */
export function toAllotError(error: unknown): unknown {
  if (error instanceof AllotError) return error;
  const cause = { cause: error };
  switch (classifyError(error)) {
    case 'retryable':
      return new AllotError('store_unavailable', whyNotNow(error), cause);
    case 'data':
      return new AllotError('invalid_request', whichValue(error), cause);
    case 'bug':
      return new AllotError('internal', 'the database refused a statement', cause);
  }
}

/** What PostgreSQL says itself names tables, types and stored values: that stays in the cause, away from who sent the value. */
function whichValue(error: unknown): string {
  const { column, constraint } = error as { readonly column?: string; readonly constraint?: string };
  const at = column ?? constraint;
  return at === undefined ? 'the database refuses a value' : `the database refuses a value: ${at}`;
}

/** 53200 does not pass by itself where a statement needs more locks than the server was given room for. */
const whyNotNow = (error: unknown): string =>
  (error as { code?: unknown }).code === '53200'
    ? 'the database is out of shared memory; raise its max_locks_per_transaction'
    : 'the database does not answer; try again';

/** Runs `work`, giving its failures the names of the catalogue. */
export async function mapErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toAllotError(error);
  }
}
