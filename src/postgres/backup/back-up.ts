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

/**
 * Every table as of one moment, into `folder`, which exists; the manifest comes last and makes it a backup. One transaction holds the
 * moment; each table, each partition, is read in another one of that moment, so that no more than one is locked at a time, however many
 * days there are. Retention waits meanwhile: it would drop a day between two tables.
 */
export function backUpDatabase(url: string, folder: string, now: Date): Promise<BackupManifest> {
  return mapErrors(() =>
    withClient(url, (keeper) =>
      withClient(url, async (reader) => {
        await keeper.query('begin isolation level repeatable read read only');
        await keeper.query(
          'lock table only decisions, only exposures, only interactions in access share mode',
        );
        const exported = await keeper.query<{ snapshot: string }>('select pg_export_snapshot() as snapshot');
        const { snapshot } = exported.rows[0];
        const tables: BackupManifest['tables'] = [];
        for (const table of await backedUpTables(keeper))
          tables.push(await backUpTable(reader, snapshot, table, folder));
        const { rows } = await keeper.query<{ name: string }>('select name from migrations order by id');
        const manifest: BackupManifest = {
          format: 'allot-backup',
          formatVersion: 1,
          createdAt: now.toISOString(),
          migrations: rows.map(({ name }) => name),
          days: [...(await partitionDays(keeper))],
          tables,
        };
        await keeper.query('commit');
        await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
        return manifest;
      }),
    ),
  );
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = backupClient(url);
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function backUpTable(
  client: pg.ClientBase,
  snapshot: string,
  { name, columns, parts }: BackedUpTable,
  folder: string,
): Promise<BackupManifest['tables'][number]> {
  const file = `${name}.copy.gz`;
  const list = columns.map(quoted).join(', ');
  let rows = 0;
  async function* read(): AsyncGenerator<Buffer> {
    for (const part of parts) {
      await client.query(
        `begin isolation level repeatable read read only; set transaction snapshot '${snapshot}'`,
      );
      const copied = copyOut(client, `copy (select ${list} from ${quoted(part)}) to stdout`);
      yield* copied.bytes as AsyncIterable<Buffer>;
      rows += await copied.rows;
      await client.query('commit');
    }
  }
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(
    read,
    createGzip({ level: 4 }),
    hashed,
    createWriteStream(join(folder, file), { mode: 0o600 }),
  );
  return { name, columns: [...columns], rows, file, sha256: hash.digest('hex') };
}
