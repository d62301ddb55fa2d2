import { unreadable, type Cells, type TabularRow } from './columns.ts';
import { readCsv } from './read-csv.ts';
import { readJsonl } from './read-jsonl.ts';
import { readParquet } from './read-parquet.ts';

export type { TabularRow } from './columns.ts';

export type TabularFormat = 'csv' | 'jsonl' | 'parquet';

/** By the ending of the name: .csv, .jsonl or .ndjson (all also .gz), .parquet. */
export function formatOf(file: string): TabularFormat {
  const name = file.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.csv')) return 'csv';
  if (name.endsWith('.jsonl') || name.endsWith('.ndjson')) return 'jsonl';
  if (file.toLowerCase().endsWith('.parquet')) return 'parquet';
  const rule = 'must end in .csv, .csv.gz, .jsonl, .jsonl.gz, .ndjson or .parquet';
  throw unreadable(file, { field: 'file', rule });
}

/**
 * Every row of a file as an object, streaming. Cells of a CSV are text; those of JSON Lines and Parquet keep their type.
 *
 * @throws AllotError `log_unreadable` naming file, line and rule
 */
export async function* readRows(file: string): AsyncGenerator<TabularRow> {
  const format = formatOf(file);
  if (format === 'jsonl') yield* readJsonl(file);
  else yield* named(format === 'csv' ? readCsv(file) : readParquet(file));
}

async function* named(rows: AsyncIterable<Cells>): AsyncGenerator<TabularRow> {
  let header: readonly string[] | null = null;
  for await (const { cells, line } of rows) {
    if (header === null) {
      header = cells.map(String);
      continue;
    }
    const values: Record<string, unknown> = {};
    for (let j = 0; j < header.length; j++) values[header[j]] = cells[j];
    yield { values, line };
  }
}
