import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../../src/postgres/embedded/process-state.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/postgres/embedded/supervisor.ts';

const isRoot = process.getuid?.() === 0;

let parent: string;
let directory: string;
const cleanups: (() => Promise<void>)[] = [];

/** A cluster made once; most tests work on a copy, as initdb is what takes long. */
let seed: string;
beforeAll(async () => {
  seed = mkdtempSync(join(tmpdir(), 'allot-supervisor-'));
  const server = await startEmbeddedPostgres({ directory: join(seed, 'postgres'), isDurable: false });
  await server.stop();
});
afterAll(() => rmSync(seed, { recursive: true, force: true }));

const copySeed = (): void => void execFileSync('cp', ['-a', join(seed, 'postgres'), directory]);

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'allot-supervisor-'));
  directory = join(parent, 'postgres');
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(parent, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ directory, isDurable: false });
  cleanups.push(() => server.stop());
  return server;
}

async function query<T>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows as T[];
  } finally {
    await client.end();
  }
}

async function startOwner(): Promise<{ child: ChildProcess; url: string; pid: number }> {
  const script = fileURLToPath(new URL('owner.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, ...(JSON.parse(line) as { url: string; pid: number }) };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const pidFile = (): string => join(directory, 'data', 'postmaster.pid');

describe('the embedded PostgreSQL', () => {
  it('listens on the loopback address only, behind a random password, without a socket file', async () => {
    copySeed();
    const server = await start();
    const [row] = await query<Record<string, string>>(
      server.url,
      `select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets`,
    );
    expect(row).toEqual({ addresses: '127.0.0.1', sockets: '' });
    expect(statSync(join(directory, 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const guessed = new URL(server.url);
    guessed.password = 'guess';
    await expect(query(guessed.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('stops when asked, and comes back with its data, password and port', async () => {
    copySeed();
    const first = await start();
    await query(first.url, 'create table kept as select 42 as x');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select x from kept')).toEqual([{ x: 42 }]);
  });

  it.skipIf(!isRoot)(
    'is made by root for an unprivileged user, below a folder that he may not enter (skipped: not root)',
    async () => {
      chmodSync(parent, 0o700);
      directory = join(parent, 'closed', 'postgres');
      mkdirSync(join(parent, 'closed'), { mode: 0o700 });
      const server = await start();
      expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
      expect(statSync(join(directory, 'data')).uid).toBe(statSync(`/proc/${server.pid}`).uid);
      await query(server.url, 'create table deep as select 1');
      await query(server.url, 'checkpoint');
    },
  );

  it('is adopted after the kill -9 of the process that started it', async () => {
    copySeed();
    const owner = await startOwner();
    await query(owner.url, 'create table kept as select 42 as x');
    await kill(owner.child);
    expect(isAlive(owner.pid)).toBe(true);
    const server = await start();
    expect(server.pid).toBe(owner.pid);
    expect(await query(server.url, 'select x from kept')).toEqual([{ x: 42 }]);
    await server.stop();
    expect(isAlive(owner.pid)).toBe(false);
  });

  it('recovers without loss after the kill -9 of the process and of the server together', async () => {
    copySeed();
    const owner = await startOwner();
    await query(owner.url, 'create table kept as select 42 as x');
    process.kill(owner.pid, 'SIGKILL');
    await kill(owner.child);
    expect(existsSync(pidFile())).toBe(true);
    const server = await start();
    expect(server.pid).not.toBe(owner.pid);
    expect(await query(server.url, 'select x from kept')).toEqual([{ x: 42 }]);
  });

  it('is woken when it was frozen', async () => {
    copySeed();
    const owner = await startOwner();
    await kill(owner.child);
    process.kill(owner.pid, 'SIGSTOP');
    const server = await start();
    expect(server.pid).toBe(owner.pid);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is not fooled by a stale pid file whose pid now belongs to another program', async () => {
    copySeed();
    const first = await start();
    const written = readFileSync(pidFile(), 'utf8').split('\n');
    await first.stop();
    const stranger = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
    cleanups.push(() => kill(stranger));
    writeFileSync(pidFile(), [String(stranger.pid), ...written.slice(1)].join('\n'), { mode: 0o600 });
    const owner = statSync(join(directory, 'data'));
    chownSync(pidFile(), owner.uid, owner.gid);
    const server = await start();
    expect(server.pid).not.toBe(stranger.pid);
    expect(isAlive(stranger.pid as number)).toBe(true);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is started once when many ask at the same time, also from several processes', async () => {
    copySeed();
    const [one, two, other] = await Promise.all([start(), start(), startOwner()]);
    expect(new Set([one.pid, two.pid, other.pid]).size).toBe(1);
    await one.stop();
    await two.stop();
    expect(isAlive(one.pid)).toBe(true);
    const left = once(other.child, 'exit');
    other.child.stdin?.write('stop');
    await left;
    expect(isAlive(one.pid)).toBe(false);
  });

  it('refuses data of another major version and says what can be done', async () => {
    copySeed();
    await (await start()).stop();
    writeFileSync(join(directory, 'data', 'PG_VERSION'), '17\n');
    await expect(startEmbeddedPostgres({ directory })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/PostgreSQL 17.*DATABASE_URL/),
    });
  });

  it('breaks the lock of a dead process and the leftovers of a killed initdb', async () => {
    mkdirSync(join(directory, 'data.new', 'base'), { recursive: true });
    const dead = spawn(process.execPath, ['-e', '0']);
    await once(dead, 'exit');
    writeFileSync(join(directory, 'lock'), String(dead.pid));
    const server = await start();
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(existsSync(join(directory, 'data.new'))).toBe(false);
  });

  it('is started again, on its port, when it dies while it is in use', async () => {
    copySeed();
    const server = await start();
    const killed = server.pid;
    process.kill(killed, 'SIGKILL');
    await expect
      .poll(() => query(server.url, 'select 1 as one').catch(() => 'away'), {
        timeout: 25_000,
        interval: 200,
      })
      .toEqual([{ one: 1 }]);
    await expect.poll(() => server.pid).not.toBe(killed);
  });
});
