import {
  BOOLEAN,
  DOUBLE,
  DuckDBInstance,
  LIST,
  listValue,
  VARCHAR,
  type DuckDBAppender,
} from '@duckdb/node-api';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { quoted, type Column } from './columns.ts';
import type { SnapshotPart } from './manifest.ts';
import type { SnapshotRow } from './row.ts';

export interface ParquetWriter {
  append(row: SnapshotRow): Promise<void>;
  /** Writes what is left and tells all parts. */
  close(): Promise<readonly SnapshotPart[]>;
}

/** Parquet parts of at most `rowsPerPart` rows: a part is appended to an in-memory table, then copied out. */
export async function openParquetWriter(
  directory: string,
  columns: readonly Column[],
  rowsPerPart = 250_000,
): Promise<ParquetWriter> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const definition = columns.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ');
  const parts: SnapshotPart[] = [];
  let appender: DuckDBAppender | undefined;
  let inPart = 0;
  let total = 0;

  async function begin(): Promise<DuckDBAppender> {
    await connection.run(`create or replace table part (${definition})`);
    return await connection.createAppender('part');
  }

  async function flush(): Promise<void> {
    if (appender === undefined) return;
    appender.closeSync();
    appender = undefined;
    const file = `part-${String(parts.length).padStart(5, '0')}.parquet`;
    const path = join(directory, file);
    await connection.run(
      `copy (select * from part order by "row") to '${path.replaceAll("'", "''")}' (format parquet, compression zstd)`,
    );
    parts.push({ file, rows: inPart, sha256: await sha256OfFile(path) });
    inPart = 0;
  }

  return {
    async append(row) {
      appender ??= await begin();
      for (const column of columns) appendValue(appender, column, column.value(row, total));
      appender.endRow();
      inPart += 1;
      total += 1;
      if (inPart >= rowsPerPart) await flush();
    },
    async close() {
      try {
        if (total === 0) appender = await begin();
        await flush();
        return parts;
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
  };
}

function appendValue(appender: DuckDBAppender, { type }: Column, value: unknown): void {
  if (value === null || value === undefined) {
    appender.appendNull();
    return;
  }
  switch (type) {
    case 'VARCHAR':
      return appender.appendVarchar(value as string);
    case 'BIGINT':
      return appender.appendBigInt(BigInt(Math.trunc(value as number)));
    case 'INTEGER':
      return appender.appendInteger(value as number);
    case 'DOUBLE':
      return appender.appendDouble(value as number);
    case 'BOOLEAN':
      return appender.appendBoolean(value as boolean);
    case 'DOUBLE[]':
      return appender.appendList(listValue(value as number[]), LIST(DOUBLE));
    case 'BOOLEAN[]':
      return appender.appendList(listValue(value as boolean[]), LIST(BOOLEAN));
    case 'VARCHAR[]':
      return appender.appendList(listValue(value as string[]), LIST(VARCHAR));
  }
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
