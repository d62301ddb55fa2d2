import { AllotError, errorCatalogue, type ErrorCode, type Violation } from '../../../src/core/errors.ts';

/** An error as plain data: what crosses from a worker. */
export interface TaskFailure {
  readonly message: string;
  readonly stack: string | undefined;
  /** Of an `AllotError`. */
  readonly code: ErrorCode | null;
  readonly violations: readonly Violation[];
}

export function failureOf(error: unknown): TaskFailure {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  // By its code, not its class: the worker's AllotError is another object than ours.
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !(code in errorCatalogue))
    return { message, stack, code: null, violations: [] };
  return { message, stack, code: code as ErrorCode, violations: (error as AllotError).violations };
}

/** The same kind of error here, its message beginning with the name of the task. */
export function errorOf(name: string, failure: TaskFailure): Error {
  const { code, violations, stack } = failure;
  const message = `${name}: ${failure.message}`;
  const cause = new Error(failure.message);
  if (stack !== undefined) cause.stack = stack;
  return code === null ? new Error(message, { cause }) : new AllotError(code, message, { violations, cause });
}
