import { readChosenColumns } from '../tabular/read-columns.ts';

/** One row of a foreign log: its place, for messages, and its cells as text (null: empty). */
export interface SourceRow {
  /** `log.csv, line 17` */
  readonly where: string;
  readonly values: Readonly<Record<string, string | null>>;
}

/** Every row of a CSV, JSONL or Parquet file, with the columns that `choose` takes from the header. */
export async function* readRows(
  file: string,
  choose: (header: readonly string[]) => readonly string[] = (header) => header,
): AsyncIterable<SourceRow> {
  let columns: readonly string[] = [];
  const table = await readChosenColumns(file, (header) => {
    columns = choose(header);
    return columns.map((name) => ({ name, type: 'text' }));
  });
  for (let row = 0; row < table.rows; row++) {
    const values: Record<string, string | null> = {};
    for (const name of columns) values[name] = table.texts.get(name)?.[row] ?? null;
    yield { where: table.locate(row), values };
  }
}
