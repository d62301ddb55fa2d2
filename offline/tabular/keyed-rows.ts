import { unreadable, type ColumnRequest, type TabularColumns } from './columns.ts';

/** A column that a command needs, with the flag that names it. */
export interface NeededColumn {
  readonly flag: string;
  /** undefined: the flag was not given. */
  readonly name: string | undefined;
}

/** Refuses a needed column that was not named, and says which columns there are to name. */
export function refuseUnnamed(
  file: string,
  header: readonly string[],
  needed: readonly NeededColumn[],
): void {
  const missing = needed.find(({ name }) => name === undefined);
  if (missing === undefined) return;
  const known = header.length <= 40 ? header.join(', ') : `${header.slice(0, 40).join(', ')}, …`;
  throw unreadable(file, {
    field: missing.flag,
    rule: `must name a column; the file has ${known}`,
  });
}

/** One request per column and type, in the given order. */
export function requestsOf(
  texts: readonly (string | undefined)[],
  numbers: readonly (string | undefined)[],
): ColumnRequest[] {
  const wanted: ColumnRequest[] = [];
  const add = (names: readonly (string | undefined)[], type: ColumnRequest['type']): void => {
    for (const name of names)
      if (name !== undefined && !wanted.some((w) => w.name === name && w.type === type))
        wanted.push({ name, type, missing: 'nan' });
  };
  add(texts, 'text');
  add(numbers, 'number');
  return wanted;
}

/** The text of a key column; every row has one. A column that was not named is one key for all. */
export function keyOf(table: TabularColumns, name: string | undefined, row: number): string | null {
  if (name === undefined) return null;
  const value = table.texts.get(name)?.[row] ?? null;
  if (value === null) throw unreadable(table.locate(row), { field: name, rule: 'must not be empty' });
  return value;
}

export const numberOf = (table: TabularColumns, name: string | undefined, row: number): number =>
  name === undefined ? NaN : (table.numbers.get(name)?.[row] ?? NaN);

/** A count, NaN where it is missing; a negative one is no count. */
export function countOf(table: TabularColumns, name: string | undefined, row: number): number {
  const count = numberOf(table, name, row);
  if (count < 0) {
    throw unreadable(table.locate(row), { field: name ?? '', rule: 'must be at least 0', value: count });
  }
  return count;
}

/** A time as a number, or a date as milliseconds; what cannot be ordered is refused with its line. */
export function timeOf(table: TabularColumns, name: string | undefined, row: number): number {
  if (name === undefined) return 0;
  const text = keyOf(table, name, row) ?? '';
  const time = Number.isFinite(Number(text)) ? Number(text) : Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw unreadable(table.locate(row), { field: name, rule: 'must be a number or a date', value: text });
}

/** The column as a person wrote it: numbers stay numbers, dates become ISO texts. */
export function timeLabels(
  table: TabularColumns,
  name: string | undefined,
): (time: number) => number | string {
  const texts = name === undefined ? [] : (table.texts.get(name) ?? []);
  const isNumeric = texts.every((text) => text === null || Number.isFinite(Number(text)));
  return (time) => (isNumeric ? time : new Date(time).toISOString());
}
