import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';
import type { Cells } from './columns.ts';
import { asUnreadable } from './read-csv.ts';

/**
 * Reads a Parquet file chunk by chunk with DuckDB, in the order of the file: yields the header first, then every row,
 * numbered from 1. `choose` may narrow the columns, so that the others are never decoded.
 */
export async function* readParquet(
  file: string,
  choose: (header: readonly string[]) => readonly string[] = (header) => header,
): AsyncGenerator<Cells> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const types = await columnTypes(connection, file);
    const wanted = choose([...types.keys()]);
    yield { cells: wanted, line: 0 };
    const columns = wanted.map((name) => selected(name, types.get(name) ?? ''));
    if (columns.length > 0) yield* rowsOf(connection, `select ${columns.join(', ')} from ${source(file)}`);
  } catch (error) {
    throw asUnreadable(file, error);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function columnTypes(connection: DuckDBConnection, file: string): Promise<ReadonlyMap<string, string>> {
  const description = await connection.runAndReadAll(`describe select * from ${source(file)}`);
  return new Map(description.getRows().map((row) => [String(row[0]), String(row[1])]));
}

async function* rowsOf(connection: DuckDBConnection, sql: string): AsyncGenerator<Cells> {
  const result = await connection.stream(sql);
  let line = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const columns: DuckDBValue[][] = chunk.getColumns();
    for (let i = 0; i < chunk.rowCount; i++)
      yield { cells: columns.map((column) => column[i]), line: ++line };
  }
}

/**
 * Numbers as doubles (64-bit integers as they are: identifiers would lose digits), booleans, and anything else as text:
 * no other kind of cell is ever asked for.
 */
function selected(name: string, type: string): string {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  if (type === 'BOOLEAN' || /^U?(BIG|HUGE)INT/.test(type)) return quoted;
  if (/^(U?(TINY|SMALL)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL)/.test(type)) return `cast(${quoted} as double)`;
  return `cast(${quoted} as varchar)`;
}

const source = (file: string): string => `read_parquet('${file.replaceAll("'", "''")}')`;
