import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type pg from 'pg';
import { AllotError } from '../../core/errors.ts';
import { mapErrors } from '../errors.ts';
import { makePartitions } from '../partitions.ts';
import { backupClient } from './back-up.ts';
import { copyInDays } from './copy-days.ts';
import { copyIn } from './copy-streams.ts';
import { type BackupManifest, readBackupManifest } from './manifest.ts';
import { backedUpTables, quoted } from './tables.ts';

/**
 * Fills an empty database of this version's schema from a backup: the days of the log first, a few at a time, as a transaction locks
 * every partition that it fills; then everything else in one transaction. A failure leaves the database empty, for another try; what a
 * killed restore left is marked, and the next one begins by removing it. A backup of an older version fits:
 * its columns are named, later ones take their defaults. `state_conflict` when the database holds anything or the backup
 * is of a newer version; `invalid_request` when a file is missing or altered, before anything is written. What else belongs to
 * the backup is put in its place by `alongside`, when the database is filled and only has to be committed: a journal beside an
 * empty database would be delivered into it, and nothing could be restored there any more.
 */
export async function restoreDatabase(
  url: string,
  folder: string,
  alongside: () => Promise<void>,
): Promise<BackupManifest> {
  const manifest = await readBackupManifest(folder);
  for (const { file, sha256 } of manifest.tables) await verify(join(folder, file), sha256);
  await mapErrors(async () => {
    const client = backupClient(url);
    client.on('error', () => undefined);
    await client.connect();
    try {
      await refuseNewer(client, manifest);
      if (await isUnfinished(client)) await empty(client);
      await refuseFilled(client);
      try {
        await fillAll(client, manifest, folder, alongside);
      } catch (error) {
        // Without its connection nothing can be removed: the mark stays, and the next restore does it.
        await client
          .query('rollback')
          .then(() => empty(client))
          .catch(() => undefined);
        throw error;
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  });
  return manifest;
}

async function fillAll(
  client: pg.ClientBase,
  manifest: BackupManifest,
  folder: string,
  alongside: () => Promise<void>,
): Promise<void> {
  await markUnfinished(client);
  await makePartitions(client, manifest.days);
  for (const table of manifest.tables.filter(isOfDays)) await fill(client, table, folder);
  await client.query('begin');
  await client.query('delete from control_revision');
  for (const table of manifest.tables.filter((t) => !isOfDays(t))) await fill(client, table, folder);
  await goOnCounting(client);
  await settleRuns(client);
  // Deciders that served another state of this database look again.
  await client.query('update control_revision set revision = revision + 1');
  await client.query('comment on table decisions is null');
  await alongside();
  await client.query('commit');
}

type Table = BackupManifest['tables'][number];

const ofDays = ['decisions', 'exposures', 'interactions'];
const isOfDays = ({ name }: Table): boolean => ofDays.includes(name);

const UNFINISHED = 'allot restore: not finished';

const markUnfinished = (client: pg.ClientBase): Promise<unknown> =>
  client.query(`comment on table decisions is '${UNFINISHED}'`);

async function isUnfinished(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ mark: string | null }>(
    `select obj_description('decisions'::regclass) as mark`,
  );
  return rows[0].mark === UNFINISHED;
}

/** Removes what an unfinished restore has filled in outside of its last transaction, a table at a time. */
async function empty(client: pg.ClientBase): Promise<void> {
  for (const { name, parts } of await backedUpTables(client))
    if (ofDays.includes(name)) for (const part of parts) await client.query(`drop table ${quoted(part)}`);
  await client.query('comment on table decisions is null');
}

async function verify(path: string, sha256: string): Promise<void> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw new AllotError('invalid_request', `${path} cannot be read`, { cause });
  }
  if (hash.digest('hex') !== sha256)
    throw new AllotError('invalid_request', `${path} was altered: it does not match the manifest`);
}

async function refuseNewer(client: pg.ClientBase, { migrations }: BackupManifest): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select name from migrations');
  const known = new Set(rows.map(({ name }) => name));
  const newer = migrations.filter((name) => !known.has(name));
  if (newer.length > 0)
    throw new AllotError(
      'state_conflict',
      `the backup is of a newer version of Allot (${newer.join(', ')}): install that one first`,
    );
}

async function refuseFilled(client: pg.ClientBase): Promise<void> {
  const tables = (await backedUpTables(client)).filter(({ name }) => name !== 'control_revision');
  for (const part of tables.flatMap(({ parts }) => parts)) {
    const { rows } = await client.query(`select from ${quoted(part)} limit 1`);
    if (rows.length > 0)
      throw new AllotError('state_conflict', `the database is not empty (${part}): restore into a new one`);
  }
}

async function fill(client: pg.ClientBase, table: Table, folder: string): Promise<void> {
  const { name, columns, file, rows } = table;
  const text = `copy ${quoted(name)} (${columns.map(quoted).join(', ')}) from stdin`;
  const source = createReadStream(join(folder, file)).pipe(createGunzip());
  const restored = isOfDays(table)
    ? await copyInDays(client, text, source)
    : await copyIn(client, text, source);
  if (restored !== rows)
    throw new AllotError('invalid_request', `${file}: ${restored} rows, the manifest says ${rows}`);
}

/**
 * Open runs: a backup of before 0007 does not say which are jobs (they will get one), and whoever ran one by hand does so no
 * more, or on another database.
 */
async function settleRuns(client: pg.ClientBase): Promise<void> {
  const open = `state in ('queued', 'running') and not is_job`;
  await client.query(`update runs set is_job = true where ${open} and created_by <> 'cli'`);
  await client.query(
    `update runs set state = 'failed', finished_at = now(), error = 'it was open in the backup, and was run by hand' where ${open}`,
  );
}

/** Identity columns go on behind the highest number restored. */
async function goOnCounting(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column from pg_attribute as a join pg_class as c on c.oid = a.attrelid
     where a.attidentity <> '' and c.relnamespace = 'public'::regnamespace`,
  );
  for (const { table, column } of rows) {
    await client.query(
      `select setval(pg_get_serial_sequence($1, $2), coalesce(max(${quoted(column)}), 0) + 1, false) from ${quoted(table)}`,
      [table, column],
    );
  }
}
