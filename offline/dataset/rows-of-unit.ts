import { DuckDBInstance } from '@duckdb/node-api';
import { join } from 'node:path';
import { readManifest } from './manifest.ts';

/** Rows of a unit in a snapshot; 0 for another tenant's, null where the folder holds no snapshot that can be read. */
export async function rowsOfUnit(directory: string, tenant: string, unitId: string): Promise<number | null> {
  const manifest = await readManifest(directory).catch(() => null);
  if (manifest === null) return null;
  if (manifest.tenant !== tenant || manifest.parts.length === 0) return 0;
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const files = manifest.parts.map(({ file }) => `'${join(directory, file).replaceAll("'", "''")}'`);
    const reader = await connection.runAndReadAll(
      `select count(*) from read_parquet([${files.join(', ')}]) where unit_id = $1`,
      [unitId],
    );
    return Number(reader.getRows()[0]?.[0] ?? 0);
  } catch {
    return null;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
