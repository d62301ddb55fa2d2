import { AllotError } from '../../src/core/errors.ts';
import { shown } from '../../src/core/check.ts';
import type { TabularRow } from '../tabular/read-rows.ts';

/** A refusal that names the file, the line, the column, the rule and what stood there. */
export function cellError(file: string, row: TabularRow, column: string, rule: string): AllotError {
  const value = row.values[column];
  return new AllotError(
    'log_unreadable',
    `${file}:${row.line}: column "${column}" ${rule} (found: ${JSON.stringify(shown(value ?? null))})`,
    { violations: [{ field: column, rule, value: shown(value ?? null) }] },
  );
}

export function textAt(file: string, row: TabularRow, column: string): string {
  const value = row.values[column];
  if (value === undefined || value === null || (value === '' && column !== '')) {
    throw cellError(file, row, column, value === undefined ? 'is missing' : 'must not be empty');
  }
  return String(value);
}

export function numberAt(file: string, row: TabularRow, column: string): number {
  const value = row.values[column];
  const number = typeof value === 'number' ? value : Number(textAt(file, row, column));
  if (!Number.isFinite(number)) throw cellError(file, row, column, 'must be a finite number');
  return number;
}

export function propensityAt(file: string, row: TabularRow, column: string): number {
  const value = numberAt(file, row, column);
  if (!(value > 0 && value <= 1)) throw cellError(file, row, column, 'must be a propensity in (0, 1]');
  return value;
}
