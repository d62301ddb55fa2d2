import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { TcpProxy } from '../faults/support/proxy.ts';
import { createTestDatabase } from '../support/database.ts';

const folders: string[] = [];
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function startProcess(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'allot-interrupted-'));
  folders.push(dataDir);
  const child = spawn(process.execPath, ['--import', 'tsx', ...argv], {
    cwd: new URL('../../', import.meta.url),
    env: { ...process.env, ALLOT_DATA_DIR: dataDir, ALLOT_LOG_LEVEL: 'info', ALLOT_HTTP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  return { child, dataDir, said: () => said };
}

async function until(started: Started, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 3_000; i++) {
    if (await holds()) return;
    if (started.child.exitCode !== null) throw new Error(`it ended too early:\n${started.said()}`);
    await sleep(10);
  }
  throw new Error('it did not happen within 30 s');
}

const hasBegun = (dataDir: string): boolean => readdirSync(dataDir).length > 0;

async function endOf(child: ChildProcess): Promise<unknown[]> {
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(25_000) });
  child.kill('SIGTERM');
  return await ended;
}

type Started = ReturnType<typeof startProcess>;

const isRunning = (dataDir: string): boolean =>
  existsSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'));

describe('a SIGTERM while it starts', () => {
  const allotStart = ['src/cli/main.ts', 'start', '--port', '0'];

  it.each([
    ['at once', hasBegun],
    ['while initdb runs', (dataDir: string) => existsSync(join(dataDir, 'postgres', 'data.new'))],
    ['while PostgreSQL starts', isRunning],
  ])(
    'ends `allot start` with code 0 and leaves no PostgreSQL: %s',
    { timeout: 60_000 },
    async (_, isTime) => {
      const started = startProcess(allotStart);
      await until(started, () => isTime(started.dataDir));
      expect(await endOf(started.child)).toEqual([0, null]);
      expect(isRunning(started.dataDir)).toBe(false);
      expect(started.said()).toMatch(/"reason":"SIGTERM","msg":"stopped"/);
      expect(started.said()).not.toMatch(/answers on/);
    },
  );

  it(
    'ends `allot start` while another process holds the lock of the migration',
    { timeout: 60_000 },
    async () => {
      const database = await createTestDatabase();
      const holder = await database.pool.connect();
      try {
        await holder.query('select pg_advisory_lock(4715229201)');
        const started = startProcess(allotStart, { DATABASE_URL: database.url });
        const waiting = `select from pg_stat_activity where application_name = 'allot-migrate' and wait_event = 'advisory'
        and datname = current_database()`;
        await until(started, async () => (await holder.query(waiting)).rowCount === 1);
        expect(await endOf(started.child)).toEqual([0, null]);
      } finally {
        holder.release(true);
        await database.drop();
      }
    },
  );

  it.each([
    ['api/main.ts', ({ dataDir }: Started) => hasBegun(dataDir), /is listening/],
    ['src/ingest/main.ts', ({ dataDir }: Started) => hasBegun(dataDir), /error/],
    ['src/controller/main.ts', ({ said }: Started) => said().includes('trying again'), /is running/],
  ])(
    'ends %s while the database is silent, with code 0',
    { timeout: 60_000 },
    async (main, isTime, never) => {
      const silent = await TcpProxy.to(1);
      silent.swallow();
      const started = startProcess([main], {
        DATABASE_URL: `postgres://allot@127.0.0.1:${String(silent.port)}/allot`,
      });
      await until(started, () => isTime(started));
      expect(await endOf(started.child)).toEqual([0, null]);
      expect(started.said()).not.toMatch(never);
      await silent.close();
    },
  );
});
