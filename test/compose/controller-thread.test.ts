import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAllot } from '../../src/cli/local/start-allot.ts';
import { ControllerThread } from '../../src/compose/controller-thread.ts';
import { startWholeController } from '../../src/compose/controller.ts';
import { applyCall, remotePort } from '../../src/compose/remote-port.ts';
import { readConfig } from '../../src/config/env.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { openDatabase } from '../../src/postgres/database.ts';
import { AllotError } from '../../src/core/errors.ts';
import { silentLogger, type Logger } from '../../src/service/ports/logger.ts';
import { noMetrics, type Metrics } from '../../src/service/ports/metrics.ts';
import { TcpProxy } from '../faults/support/proxy.ts';
import { withChildren } from '../support/process-tree.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-controller-thread-'));
let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Looks come once an hour: what is seen sooner was done at once. */
const configOf = (databaseUrl: string) =>
  readConfig({
    ALLOT_DATA_DIR: folder,
    DATABASE_URL: databaseUrl,
    ALLOT_HTTP_PORT: '0',
    ALLOT_LOOK_INTERVAL_MS: '3600000',
  });

const connections = async (name: string): Promise<number | null> =>
  (
    await database.pool.query(
      'select from pg_stat_activity where application_name = $1 and datname = current_database()',
      [name],
    )
  ).rowCount;

describe('the controller of `allot start`', () => {
  it('is counted in the metrics of the process, leads and looks at once, and is gone after the stop', async () => {
    const metrics = createMetrics();
    const allot = await startAllot(configOf(database.url), { logger: silentLogger, metrics });
    await allot.ready;
    const text = async (): Promise<string> => await metrics.text();
    await expect.poll(text, { timeout: 20_000 }).toMatch(/^allot_controller_leader 1$/m);
    await expect.poll(text, { timeout: 20_000 }).toMatch(/^allot_partitions_ahead_days 7$/m);
    expect(await connections('allot-controller')).toBeGreaterThan(0);
    await allot.close();
    for (const name of ['allot-controller', 'allot-jobs', 'allot-leader'])
      await expect.poll(() => connections(name)).toBe(0);
  });

  it('is started again when its thread breaks, and says so at error', async () => {
    const errors: unknown[] = [];
    const leads: boolean[] = [];
    const logger: Logger = { ...silentLogger, error: ({ error }) => void errors.push(String(error)) };
    const metrics: Metrics = { ...noMetrics, isLeader: (is) => void leads.push(is) };
    const thread = new ControllerThread({
      config: configOf(database.url),
      databaseUrl: database.url,
      lookIntervalMs: 1_000,
      jobsAtOnce: 1,
      logger,
      metrics,
      module: new URL('./support/crashing-thread.ts', import.meta.url).href,
    });
    await thread.begin();
    expect(errors).toEqual(['TypeError: broken']);
    expect(leads).toEqual([false, true]);
    await thread.stop();
  });

  it('takes its jobs with it when its thread breaks: they are begun again', async () => {
    const lines: string[] = [];
    let isBroken = false;
    const thread = new ControllerThread({
      config: configOf(database.url),
      databaseUrl: 'postgres://allot@127.0.0.1:1/allot',
      lookIntervalMs: 1_000,
      jobsAtOnce: 1,
      logger: {
        ...silentLogger,
        info: (_, line) => void lines.push(line),
        error: () => (isBroken = true),
      },
      metrics: noMetrics,
      module: new URL('./support/broken-thread-with-job.ts', import.meta.url).href,
    });
    const jobs = (): number[] =>
      withChildren(process.pid).filter((pid) => commandLine(pid).includes('cli/main.ts'));
    thread.begin().catch(() => undefined);
    await expect.poll(() => isBroken, { timeout: 25_000 }).toBe(true);
    await thread.stop();
    expect(lines).toEqual(['here']);
    await expect.poll(jobs, { timeout: 5_000 }).toEqual([]);
  });

  it('stops before it has begun, whoever waits for it', async () => {
    const options = { lookIntervalMs: 1_000, jobsAtOnce: 1, logger: silentLogger, metrics: noMetrics };
    const thread = new ControllerThread({
      config: configOf(database.url),
      databaseUrl: 'postgres://allot@127.0.0.1:1/allot',
      ...options,
    });
    const began = thread.begin();
    await thread.stop();
    await expect(began).rejects.toThrow(/abort/i);
  });
});

it('the controller waits for a database that is silent at its start', async () => {
  const target = new URL(database.url);
  const proxy = await TcpProxy.to(Number(target.port));
  proxy.swallow();
  target.port = String(proxy.port);
  const warnings: string[] = [];
  const leads: boolean[] = [];
  const behind = await openDatabase({ url: target.href, connectTimeoutMs: 500 });
  const abort = new AbortController();
  const starting = startWholeController({
    config: configOf(target.href),
    database: behind,
    logger: { ...silentLogger, warn: (_, message) => void warnings.push(message) },
    metrics: { ...noMetrics, isLeader: (is) => void leads.push(is) },
    signal: abort.signal,
  });
  await expect
    .poll(() => warnings, { timeout: 20_000 })
    .toContain('the controller did not start; trying again');
  proxy.pass({ reset: true });
  const controller = await starting;
  await expect.poll(() => leads, { timeout: 20_000 }).toContain(true);
  await controller.stop();
  await behind.close();
  await proxy.close();
});

/** What the logger at the other end is given. */
function throughClone(fields: object): unknown {
  let said: unknown;
  const logger: Logger = { ...silentLogger, warn: (...words) => (said = words) };
  remotePort(silentLogger, (call) => applyCall(logger, structuredClone(call))).warn({ ...fields }, 'words');
  return said;
}

describe('a call through a structured clone', () => {
  it('has the names of its errors', () => {
    const error = new AllotError('store_unavailable', 'away', { cause: new TypeError('why') });
    const [fields, message] = throughClone({ error, rows: [1, { of: 'x' }], none: null, act: () => 1 }) as [
      { error: Error },
      string,
    ];
    expect(message).toBe('words');
    expect(fields).toMatchObject({ rows: [1, { of: 'x' }], none: null });
    expect(fields.error).toBeInstanceOf(Error);
    expect(fields.error).toMatchObject({ name: error.name, message: error.message, stack: error.stack });
    expect(fields.error.cause).toMatchObject({ name: 'TypeError', message: 'why' });
  });

  it('has their codes and all they say, down to the causes, and its times', () => {
    const refused = Object.assign(new Error('deadlock detected'), {
      code: '40P01',
      detail: 'x',
      at: new Date(1),
    });
    const cause = new AggregateError([refused], 'all of them');
    const violations = [{ field: 'f', rule: 'r' }];
    const error = new AllotError('store_unavailable', 'away', { violations, cause });
    const [fields] = throughClone({ error, when: new Date(2) }) as [{ error: Error }];
    expect(fields).toMatchObject({ when: new Date(2), error: { code: 'store_unavailable', violations } });
    expect(fields.error.cause).toMatchObject({
      name: 'AggregateError',
      errors: [{ code: '40P01', detail: 'x', at: new Date(1), message: 'deadlock detected' }],
    });
  });

  it('comes through although an error is its own cause', () => {
    const loop = new Error('loop');
    loop.cause = new Error('between', { cause: loop });
    const [fields] = throughClone({ error: loop, again: [loop] }) as [{ error: Error; again: Error[] }];
    expect(fields.error.cause).toMatchObject({ message: 'between', cause: '[circular]' });
    expect(fields.again[0].message).toBe('loop');
  });
});
