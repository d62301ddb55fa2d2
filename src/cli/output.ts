import { AllotError, type ErrorCode } from '../core/errors.ts';

/** Answers go to standard output, everything else to standard error: `--json` leaves exactly one object there. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** What a person reads when a command fails: the reason first, then every broken rule. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof AllotError)) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const lines = [`error: ${error.message} [${error.code}]`];
  if (error.violations.length > 1) {
    for (const { field, rule, value } of error.violations) {
      lines.push(`  ${field}: ${rule}${value === undefined ? '' : ` (got ${JSON.stringify(value)})`}`);
    }
  }
  return lines.join('\n');
}

/** What everybody may read of a failure; the rest may name files, hosts and statements. */
export function safeFailure(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  if (error instanceof AllotError) return { code: error.code, message: error.message };
  return { code: 'internal', message: 'something failed inside; the log says more' };
}

/** Rows as aligned columns; numbers are the caller's business. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
