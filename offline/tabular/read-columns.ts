import { ColumnCollector, columnIndexes, unreadable } from './columns.ts';
import type { Cells, ColumnRequest, TabularColumns } from './columns.ts';
import { readCsv } from './read-csv.ts';
import { readJsonl } from './read-jsonl.ts';
import { readParquet } from './read-parquet.ts';
import { formatOf } from './read-rows.ts';

type Choose = (header: readonly string[]) => readonly ColumnRequest[];

/**
 * Reads the wanted columns of a `.csv`, `.jsonl`, `.ndjson` (all also `.gz`) or `.parquet` file, streaming; memory
 * holds the wanted columns only.
 *
 * @param choose the columns, once the header is known (so that a caller can look for `prefix0 … prefixK-1`)
 * @returns number columns as Float64Array, text columns as strings or null, and the place of every row
 * @throws AllotError `log_unreadable` naming file, line and rule: no such file or column, a ragged row, a cell that is
 *   not a number
 */
export async function readChosenColumns(file: string, choose: Choose): Promise<TabularColumns> {
  const format = formatOf(file);
  if (format === 'jsonl') return jsonlColumns(file, choose);
  if (format === 'csv') return cellColumns(file, readCsv(file), choose, 'line');
  const narrowed = (header: readonly string[]): readonly string[] => {
    const names = [...new Set(choose(header).map(({ name }) => name))];
    columnIndexes(file, header, names);
    return names;
  };
  return cellColumns(file, readParquet(file, narrowed), choose, 'row');
}

/** The same for columns that are known by name; those in `numeric` are numbers, the others text. */
export function readColumns(
  file: string,
  names: readonly string[],
  options: { readonly numeric: readonly string[]; readonly allowMissing?: readonly string[] },
): Promise<TabularColumns> {
  return readChosenColumns(file, () =>
    names.map((name) => ({
      name,
      type: options.numeric.includes(name) ? 'number' : 'text',
      missing: options.allowMissing?.includes(name) === true ? 'nan' : 'refuse',
    })),
  );
}

async function cellColumns(
  file: string,
  rows: AsyncIterable<Cells>,
  choose: Choose,
  lineWord: 'line' | 'row',
): Promise<TabularColumns> {
  let collector: ColumnCollector | null = null;
  let indexes: readonly number[] = [];
  const wanted: unknown[] = [];
  for await (const { cells, line } of rows) {
    if (collector === null) {
      const header = cells.map(String);
      const requests = choose(header);
      indexes = columnIndexes(
        file,
        header,
        requests.map(({ name }) => name),
      );
      collector = new ColumnCollector(file, requests, lineWord);
      continue;
    }
    for (let j = 0; j < indexes.length; j++) wanted[j] = cells[indexes[j]];
    collector.add(wanted, line);
  }
  return (collector ?? new ColumnCollector(file, [], lineWord)).finish();
}

/** The keys of the first object are the columns; a later object must have the wanted ones (null for "missing"). */
async function jsonlColumns(file: string, choose: Choose): Promise<TabularColumns> {
  let collector: ColumnCollector | null = null;
  let names: readonly string[] = [];
  for await (const { values, line } of readJsonl(file)) {
    if (collector === null) {
      const requests = choose(Object.keys(values));
      names = requests.map(({ name }) => name);
      columnIndexes(file, Object.keys(values), names);
      collector = new ColumnCollector(file, requests, 'line');
    }
    const missing = names.find((name) => !(name in values));
    if (missing !== undefined) {
      throw unreadable(`${file}, line ${line}`, { field: missing, rule: 'the row has no such key' });
    }
    collector.add(
      names.map((name) => values[name]),
      line,
    );
  }
  if (collector === null) throw unreadable(file, { field: 'file', rule: 'has no rows' });
  return collector.finish();
}
