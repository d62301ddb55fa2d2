import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { readPassword } from './initialise.ts';
import type { Place } from './place.ts';
import { commandLine, isAlive } from './process-state.ts';

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

export const databaseUrl = (place: Place, port: number, database: string): string =>
  `postgres://allot:${readPassword(place)}@127.0.0.1:${port}/${database}`;

/** What postmaster.pid says (line 1 pid, line 4 port), whether or not it is true; undefined where there is none. */
export function writtenPostmaster(place: Place): Postmaster | undefined {
  try {
    const lines = readFileSync(join(place.data, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]) };
  } catch {
    return undefined;
  }
}

/**
 * A name for this folder's server, on its command line: everybody may read that, while root in a container may not look
 * at another user's working directory.
 */
export function clusterName(place: Place): string {
  const hash = createHash('sha256').update(realpathSync(place.directory)).digest('hex');
  return `allot-${hash.slice(0, 32)}`;
}

/** A pid may have gone to another program, and a copied folder names the original's server. */
export function isServing(place: Place, pid: number): boolean {
  return isAlive(pid) && (commandLine(pid) ?? '').includes(`cluster_name=${clusterName(place)}`);
}

/** Logs in (the random password proves that it is ours) and makes sure that the database is there. */
export async function answers(place: Place, port: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: databaseUrl(place, port, 'postgres'),
    connectionTimeoutMillis: 2000,
    query_timeout: 10_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const name = await client.query<{ name: string }>(`select current_setting('cluster_name') as name`);
    if (name.rows[0].name !== clusterName(place)) return false;
    const found = await client.query(`select from pg_database where datname = 'allot'`);
    if (found.rowCount === 0) await client.query('create database allot');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Uses the server that a killed process left behind, or gets it out of the way. `undefined`: start a new one.
 *
 * The pid file of a dead server stays: PostgreSQL reads in it which shared memory to check before it starts, so that
 * two servers never write to one folder. Only its pid is replaced by ours, which PostgreSQL (as our child) knows not to
 * be a server: the old one may be a zombie that nobody reaps (in a container), or belong to another program by now.
 */
export async function adoptOrClear(
  place: Place,
  log: (message: string) => void,
  interrupt?: AbortSignal,
): Promise<Postmaster | undefined> {
  for (let attempt = 0; attempt < 15; attempt += 1) {
    interrupt?.throwIfAborted();
    const found = writtenPostmaster(place);
    if (found === undefined) return undefined;
    if (!isServing(place, found.pid)) {
      disown(place);
      return undefined;
    }
    if (await answers(place, found.port)) {
      log(`using the PostgreSQL that already runs for this folder (pid ${found.pid})`);
      return found;
    }
    // It may be recovering, stopping, or frozen by a SIGSTOP: the last can be undone.
    signal(found.pid, 'SIGCONT');
    await sleep(1000);
  }
  const stuck = writtenPostmaster(place);
  if (stuck !== undefined && isServing(place, stuck.pid)) {
    log(`the PostgreSQL of this folder (pid ${stuck.pid}) does not answer; stopping it`);
    await stopPostmaster(stuck.pid);
    disown(place);
  }
  return undefined;
}

function disown(place: Place): void {
  const file = join(place.data, 'postmaster.pid');
  if (!existsSync(file)) return; // a clean stop removes it
  const rest = readFileSync(file, 'utf8').split('\n').slice(1);
  writeFileSync(file, [String(process.pid), ...rest].join('\n'));
}

/** Fast shutdown (SIGINT): sessions are ended, everything is written. Immediate (SIGQUIT) after 30 s. */
export async function stopPostmaster(pid: number): Promise<void> {
  for (const [name, seconds] of [
    ['SIGINT', 30],
    ['SIGQUIT', 10],
  ] as const) {
    signal(pid, name);
    for (let waited = 0; waited < seconds * 1000; waited += 25) {
      if (!isAlive(pid)) return;
      await sleep(25);
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}
