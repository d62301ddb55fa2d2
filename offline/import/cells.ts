import { shown } from '../../src/core/check.ts';
import { AllotError } from '../../src/core/errors.ts';
import { timeOf } from '../../src/core/iso-time.ts';
import { textToNumber } from '../tabular/text-to-number.ts';
import type { SourceRow } from './rows.ts';

/** A refusal that names the file, the line, the column, the rule and what stood there. */
export function cellError(row: SourceRow, column: string, rule: string): AllotError {
  const value = shown(row.values[column]);
  return new AllotError(
    'log_unreadable',
    `${row.where}: column "${column}" ${rule} (found: ${JSON.stringify(value)})`,
    { violations: [{ field: column, rule, value }] },
  );
}

export function textAt(row: SourceRow, column: string): string {
  const value = row.values[column];
  if (value === null || value === undefined) throw cellError(row, column, 'must not be empty');
  return value;
}

export function numberAt(row: SourceRow, column: string): number {
  const number = textToNumber(textAt(row, column).trim());
  if (number === undefined || Number.isNaN(number)) throw cellError(row, column, 'must be a finite number');
  return number;
}

export function propensityAt(row: SourceRow, column: string): number {
  const value = numberAt(row, column);
  if (!(value > 0 && value <= 1)) throw cellError(row, column, 'must be a propensity in (0, 1]');
  return value;
}

/** Milliseconds since the epoch, or an ISO date and time, UTC where it names no zone. */
export function timeAt(row: SourceRow, column: string): number {
  const text = textAt(row, column);
  const time = timeOf(text);
  if (time === undefined) throw cellError(row, column, 'must be epoch milliseconds or an ISO date and time');
  return time;
}
