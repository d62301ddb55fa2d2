import { DuckDBInstance } from '@duckdb/node-api';

/** The same table as Parquet; types are those that DuckDB finds in the whole file. */
export async function csvToParquet(csv: string, parquet: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`;
  try {
    await connection.run(
      `copy (select * from read_csv(${quoted(csv)}, header = true, sample_size = -1)) to ${quoted(parquet)} (format parquet, compression zstd)`,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
