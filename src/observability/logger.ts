import { pino } from 'pino';
import type { Logger } from '../service/ports/logger.ts';
import type { LogLevel } from './log-level.ts';

export type { Logger } from '../service/ports/logger.ts';

/** Secrets and whole bodies must never get this far; these are the names under which they would. */
const redactedFields = ['password', 'apiKey', 'authorization', 'secret', 'connectionString', 'databaseUrl'];

/** JSON lines on standard error: standard output belongs to answers (`--json`). */
export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
      redact: [...redactedFields, ...redactedFields.map((field) => `*.${field}`)],
    },
    // Written at once, so that the last words of a dying process are not lost in a buffer.
    process.stderr,
  );
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}
