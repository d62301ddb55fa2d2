import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AllotError } from '../../src/core/errors.ts';
import { createPool } from '../../src/postgres/database.ts';
import { classifyError, toAllotError } from '../../src/postgres/errors.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { mintId } from '../contracts/stores/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decisionEvent } from '../support/events.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

async function listen(onConnection: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

function poolOf(url: string, connectTimeoutMs = 5_000): pg.Pool {
  const pool = createPool(url, { statementTimeoutMs: 300, connectTimeoutMs });
  cleanups.push(() => void pool.end());
  return pool;
}

describe('who is to blame for a failed statement', () => {
  it.each([
    ['text with NUL', `select jsonb_build_object('a', '\\u0000'::jsonb)`, 'data'],
    ['a number out of range', 'select 70000::int2', 'data'],
    ['a division by zero', 'select 1 / 0', 'data'],
    ['a statement time-out', `set local statement_timeout = 20; select pg_sleep(5)`, 'retryable'],
    ['a read-only transaction', 'set transaction read only; create table t ()', 'retryable'],
    ['an unknown table', 'select from nowhere', 'bug'],
    ['a syntax error', 'selekt', 'bug'],
  ])('%s', async (_, text, blame) => {
    const error = await failureOf(database.pool.query(`begin; ${text}; rollback`));
    await database.pool.query('rollback').catch(() => undefined);
    expect(classifyError(error)).toBe(blame);
  });

  it('a key longer than an index takes is the data', async () => {
    const id = Array.from({ length: 400 }, () => Math.random().toString(36).slice(2)).join('');
    const error = await failureOf(
      database.pool.query('insert into replicas (replica_id, revision) values ($1, 1)', [id.repeat(3)]),
    );
    expect(error).toMatchObject({ code: '54000' });
    expect(classifyError(error)).toBe('data');
  });

  it('nobody listening is the moment', async () => {
    const error = await failureOf(poolOf('postgres://a@127.0.0.1:1/b').query('select 1'));
    expect(classifyError(error)).toBe('retryable');
  });

  it('an own refusal passes unchanged', () => {
    const refusal = new AllotError('surface_unknown', 'x');
    expect(toAllotError(refusal)).toBe(refusal);
  });
});

describe('a value that is refused', () => {
  it.each([
    ['the constraint', 'insert into artifacts (hash, bytes) values ($1, $2), ($1, $2)', 'artifacts_pkey'],
    ['the field', 'insert into artifacts (hash, bytes) values ($1, null)', 'bytes'],
  ])('is told by %s; what PostgreSQL says of it stays in the cause', async (_, text, name) => {
    const values = text.includes('$2') ? ['00', Buffer.of(1)] : ['00'];
    const error = await failureOf(database.pool.query(text, values));
    const refusal = toAllotError(error);
    expect(refusal).toMatchObject({
      code: 'invalid_request',
      message: `the database refuses a value: ${name}`,
      cause: error,
    });
  });

  it('is told without a name where PostgreSQL gives none', async () => {
    const error = await failureOf(database.pool.query(`select 'secret'::integer`));
    expect(toAllotError(error)).toMatchObject({
      code: 'invalid_request',
      message: 'the database refuses a value',
    });
  });
});

describe('the stores', () => {
  it('give up on a server that accepts and says nothing', async () => {
    const { port } = await listen(() => undefined);
    const stores = createPostgresStores(poolOf(`postgres://a@127.0.0.1:${port}/b`, 300));
    await expect(stores.surfaces.find('t', 's')).rejects.toMatchObject({
      ...{ code: 'store_unavailable', retryable: true },
    });
  });

  it('give up on a server that goes silent between two statements', async () => {
    const real = new URL(database.url);
    const url = new URL(real);
    let isSilent = false;
    const { port } = await listen((socket) => {
      const onward = connect(Number(real.port), real.hostname).on('error', () => undefined);
      socket.on('data', (chunk) => isSilent || onward.write(chunk));
      onward.on('data', (chunk) => socket.write(chunk));
      socket.on('close', () => onward.destroy());
    });
    url.port = String(port);
    const stores = createPostgresStores(poolOf(url.href));
    expect(await stores.surfaces.find('t', 's')).toBeUndefined();
    isSilent = true;
    await expect(stores.surfaces.find('t', 's')).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('call a read-only server unavailable, not the data wrong', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.pool.query(`alter database ${name} set default_transaction_read_only = on`);
    const reset = `set default_transaction_read_only = off; alter database ${name} reset default_transaction_read_only`;
    cleanups.push(() => database.pool.query(reset));
    const stores = createPostgresStores(poolOf(database.url));
    const decision = decisionEvent(1, { decisionId: mintId('default', Date.now()) });
    await expect(stores.events.write({ events: [decision], deadLetters: [] })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});
