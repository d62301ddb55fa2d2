import { pino } from 'pino';
import type { Logger } from '../service/ports/logger.ts';
import { hideInText, hideSecrets } from './hide-secrets.ts';
import type { LogLevel } from './log-level.ts';

export type { Logger } from '../service/ports/logger.ts';

/**
 * JSON lines on standard error: standard output belongs to answers (`--json`). Secrets and whole bodies must never get this
 * far; the ones that do, in the error of a driver say, are hidden here.
 */
export function createLogger(level: LogLevel, sink: NodeJS.WritableStream = process.stderr): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod([fields, message], method) {
          method.call(this, hideSecrets(fields), hideInText(String(message)));
        },
      },
    },
    // Written at once, so that the last words of a dying process are not lost in a buffer.
    sink,
  );
}
