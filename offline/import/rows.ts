import { formatOf, readRows as readTabularRows } from '../tabular/read-rows.ts';

/** One row of a foreign log: its place, for messages, and its cells as text (null: empty). */
export interface SourceRow {
  /** `log.csv, line 17` */
  readonly where: string;
  readonly values: Readonly<Record<string, string | null>>;
}

/** Every row of a CSV, JSONL or Parquet file, streaming; `check` sees the columns of the first one. */
export async function* readRows(
  file: string,
  check: (columns: readonly string[]) => void = () => undefined,
): AsyncIterable<SourceRow> {
  const lineWord = formatOf(file) === 'parquet' ? 'row' : 'line';
  let isFirst = true;
  for await (const { values, line } of readTabularRows(file)) {
    if (isFirst) check(Object.keys(values));
    isFirst = false;
    const entries = Object.entries(values).map(([name, value]) => [name, asText(value)] as const);
    yield { where: `${file}, ${lineWord} ${line}`, values: Object.fromEntries(entries) };
  }
}

function asText(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}
