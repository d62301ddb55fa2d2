import { AllotError, type Violation } from '../../src/core/errors.ts';
import { shown } from '../../src/core/check.ts';
import { textToNumber } from './text-to-number.ts';

/** Columns of a file, with a way to name any row for a person. */
export interface TabularColumns {
  readonly file: string;
  readonly rows: number;
  readonly numbers: ReadonlyMap<string, Float64Array>;
  /** null where the cell is empty or missing. */
  readonly texts: ReadonlyMap<string, readonly (string | null)[]>;
  /** `log.csv, line 17`. */
  readonly locate: (row: number) => string;
}

export interface ColumnRequest {
  readonly name: string;
  readonly type: 'number' | 'text';
  /** What an empty cell, null or NaN of a number column is: refused (the default), or NaN for the caller to judge. */
  readonly missing?: 'refuse' | 'nan';
}

/** A row as a list of cells; the first one of a source is its header. */
export interface Cells {
  readonly cells: readonly unknown[];
  /** Line of a text file (from 1), row of a Parquet file (from 1). */
  readonly line: number;
}

/** A row as an object. */
export interface TabularRow {
  readonly values: Readonly<Record<string, unknown>>;
  readonly line: number;
}

export function unreadable(where: string, violation: Violation): AllotError {
  const sent = violation.value === undefined ? '' : ` (found: ${JSON.stringify(shown(violation.value))})`;
  return new AllotError('log_unreadable', `${where}: ${violation.field}: ${violation.rule}${sent}`, {
    violations: [violation],
  });
}

/** Refuses columns that the file does not have, or has twice. */
export function columnIndexes(
  file: string,
  header: readonly string[],
  wanted: readonly string[],
): readonly number[] {
  return wanted.map((name) => {
    const index = header.indexOf(name);
    if (index < 0) {
      const known = header.length <= 40 ? header.join(', ') : `${header.slice(0, 40).join(', ')}, …`;
      throw unreadable(file, { field: name, rule: `the file has no such column; it has ${known}` });
    }
    if (header.indexOf(name, index + 1) >= 0) {
      throw unreadable(file, { field: name, rule: 'the file has this column twice' });
    }
    return index;
  });
}

/** Collects rows into typed columns; a cell that breaks its column's rule is refused with file and line. */
export class ColumnCollector {
  readonly #file: string;
  readonly #requests: readonly ColumnRequest[];
  readonly #lineWord: 'line' | 'row';
  readonly #numbers: Float64Array[];
  readonly #texts: (string | null)[][];
  #lines = new Int32Array(1024);
  #rows = 0;

  constructor(file: string, requests: readonly ColumnRequest[], lineWord: 'line' | 'row') {
    this.#file = file;
    this.#requests = requests;
    this.#lineWord = lineWord;
    this.#numbers = requests.map(({ type }) => new Float64Array(type === 'number' ? 1024 : 0));
    this.#texts = requests.map(() => []);
  }

  add(cells: readonly unknown[], line: number): void {
    if (this.#rows === this.#lines.length) this.#grow();
    const row = this.#rows++;
    this.#lines[row] = line;
    this.#requests.forEach((request, j) => {
      if (request.type === 'text') this.#texts[j].push(toText(cells[j]));
      else this.#numbers[j][row] = this.#number(request, cells[j], line);
    });
  }

  finish(): TabularColumns {
    const numbers = new Map<string, Float64Array>();
    const texts = new Map<string, readonly (string | null)[]>();
    this.#requests.forEach(({ name, type }, j) => {
      if (type === 'text') texts.set(name, this.#texts[j]);
      else numbers.set(name, this.#numbers[j].slice(0, this.#rows));
    });
    const lines = this.#lines;
    const locate = (row: number): string => `${this.#file}, ${this.#lineWord} ${lines[row]}`;
    return { file: this.#file, rows: this.#rows, numbers, texts, locate };
  }

  #number({ name, missing }: ColumnRequest, cell: unknown, line: number): number {
    const value = toNumber(cell);
    if (value !== undefined && !Number.isNaN(value)) return value;
    if (value !== undefined && missing === 'nan') return NaN;
    const where = `${this.#file}, ${this.#lineWord} ${line}`;
    throw unreadable(where, { field: name, rule: 'must be a number', value: cell ?? 'nothing' });
  }

  #grow(): void {
    const size = this.#lines.length * 2;
    const lines = new Int32Array(size);
    lines.set(this.#lines);
    this.#lines = lines;
    this.#numbers.forEach((column, j) => {
      if (this.#requests[j].type !== 'number') return;
      const grown = new Float64Array(size);
      grown.set(column);
      this.#numbers[j] = grown;
    });
  }
}

/** NaN for a cell that holds nothing; undefined for one that holds something else than a number. */
function toNumber(cell: unknown): number | undefined {
  if (cell === null || cell === undefined) return NaN;
  if (typeof cell === 'number') return Math.abs(cell) === Infinity ? undefined : cell;
  if (typeof cell === 'string') return textToNumber(cell.trim());
  return typeof cell === 'boolean' || typeof cell === 'bigint' ? Number(cell) : undefined;
}

function toText(cell: unknown): string | null {
  if (cell === null || cell === undefined || cell === '') return null;
  return typeof cell === 'string'
    ? cell
    : typeof cell === 'object'
      ? JSON.stringify(cell)
      : `${cell as number}`;
}
