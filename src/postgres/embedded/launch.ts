import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AllotError } from '../../core/errors.ts';
import type { Binaries } from './binaries.ts';
import { dataArgument, hand, type Place } from './place.ts';
import { answers, clusterName, stopPostmaster, type Postmaster } from './postmaster.ts';

const START_MS = 120_000;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

/** What else the server says when it may work a moment later: somebody took the port; the old server's children. */
const PASSING = /could not bind|Address already in use|pre-existing shared memory block/;

/** Starts the server on a free port of 127.0.0.1 and waits until it answers (after a crash it recovers first). */
export async function launch(
  place: Place,
  binaries: Binaries,
  isDurable: boolean,
  signal?: AbortSignal,
): Promise<Postmaster> {
  let said = '';
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const port = attempt === 0 ? await previousPort(place) : await freePort();
    const from = rotateLog(place);
    const child = spawnServer(place, binaries, settings(clusterName(place), port, isDurable));
    if (await isUp(place, child, port, signal)) {
      writeFileSync(place.port, String(port));
      hand(place.port, place.user, 0o600);
      return { pid: child.pid as number, port };
    }
    signal?.throwIfAborted();
    said = readFileSync(place.log, 'utf8').slice(from).trim();
    if (!PASSING.test(said)) break;
    await sleep(500);
  }
  throw new AllotError(
    'store_unavailable',
    `the embedded PostgreSQL did not start; ${place.log} says:\n${said}`,
  );
}

function spawnServer(place: Place, binaries: Binaries, options: readonly string[]): ChildProcess {
  const { argument, cwd } = dataArgument(place.data);
  const log = openSync(place.log, 'a', 0o600);
  hand(place.log, place.user, 0o600);
  // Its own session: a Ctrl-C in the terminal must reach us, who stop it last, and not the server.
  const child = spawn(join(binaries.folder, 'bin', 'postgres'), ['-D', argument, ...options], {
    cwd,
    detached: true,
    stdio: ['ignore', log, log],
    ...place.user,
  });
  child.on('error', () => undefined); // isUp sees a child without a pid
  child.unref();
  closeSync(log);
  return child;
}

function settings(name: string, port: number, isDurable: boolean): string[] {
  const values: Record<string, string> = {
    cluster_name: name,
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: '100',
    // A read across years of day partitions locks each of them and its indexes.
    max_locks_per_transaction: '512',
    jit: 'off',
    ...(isDurable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function isUp(
  place: Place,
  child: ChildProcess,
  port: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const until = Date.now() + START_MS;
  while (Date.now() < until && child.pid !== undefined && signal?.aborted !== true) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    if (await answers(place, port)) return true;
    await sleep(30);
  }
  if (child.pid !== undefined) await stopPostmaster(child.pid);
  return false;
}

/** Returns where this start's messages begin. */
function rotateLog(place: Place): number {
  const size = statSync(place.log, { throwIfNoEntry: false })?.size ?? 0;
  if (size < LOG_LIMIT_BYTES) return size;
  renameSync(place.log, `${place.log}.1`);
  return 0;
}

/** The port of last time where it is free: whoever still holds the URL finds the server again after a restart. */
async function previousPort(place: Place): Promise<number> {
  const text = existsSync(place.port) ? readFileSync(place.port, 'utf8') : '';
  return await freePort(Number(text) || 0).catch(() => freePort());
}

function freePort(wanted = 0): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
