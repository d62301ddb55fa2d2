import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { connectionSettings } from '../database.ts';
import { mapErrors } from '../errors.ts';
import { partitionDays } from '../retention.ts';
import { copyOut } from './copy-streams.ts';
import { type BackupManifest, MANIFEST } from './manifest.ts';
import { type BackedUpTable, backedUpTables, quoted } from './tables.ts';

/** No patience limits: a backup takes as long as the database is large. */
export const backupClient = (url: string): pg.Client =>
  new pg.Client({
    ...connectionSettings(url, { applicationName: 'allot-backup' }),
    statement_timeout: 0,
    query_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  });

/** Every table as of one moment, into `folder`, which exists; the manifest comes last and makes it a backup. */
export function backUpDatabase(url: string, folder: string, now: Date): Promise<BackupManifest> {
  return mapErrors(async () => {
    const client = backupClient(url);
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query('begin isolation level repeatable read read only');
      const tables: BackupManifest['tables'] = [];
      for (const table of await backedUpTables(client)) tables.push(await backUpTable(client, table, folder));
      const { rows } = await client.query<{ name: string }>('select name from migrations order by id');
      const manifest: BackupManifest = {
        format: 'allot-backup',
        formatVersion: 1,
        createdAt: now.toISOString(),
        migrations: rows.map(({ name }) => name),
        days: [...(await partitionDays(client))],
        tables,
      };
      await client.query('commit');
      await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
      return manifest;
    } finally {
      await client.end().catch(() => undefined);
    }
  });
}

async function backUpTable(
  client: pg.ClientBase,
  { name, columns }: BackedUpTable,
  folder: string,
): Promise<BackupManifest['tables'][number]> {
  const file = `${name}.copy.gz`;
  const list = columns.map(quoted).join(', ');
  const { bytes, rows } = copyOut(client, `copy (select ${list} from ${quoted(name)}) to stdout`);
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(
    bytes,
    createGzip({ level: 4 }),
    hashed,
    createWriteStream(join(folder, file), { mode: 0o600 }),
  );
  return { name, columns: [...columns], rows: await rows, file, sha256: hash.digest('hex') };
}
