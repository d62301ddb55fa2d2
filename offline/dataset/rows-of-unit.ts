import { DuckDBInstance } from '@duckdb/node-api';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from './manifest.ts';

/**
 * Rows of a unit in a snapshot; 0 for another tenant's and where there is no folder, null where the folder cannot be read as a
 * snapshot: damaged, or not finished.
 */
export async function rowsOfUnit(directory: string, tenant: string, unitId: string): Promise<number | null> {
  if (!existsSync(directory)) return 0;
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
