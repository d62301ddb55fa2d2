import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startJobWatch } from '../../src/controller/job-watch.ts';
import { startJobWorker } from '../../src/postgres/job-queue.ts';
import { giveJobs, oldestOpenRuns } from '../../src/postgres/run-jobs.ts';
import { createRunStore } from '../../src/postgres/run-store.ts';
import { silentLogger, type Logger } from '../../src/service/ports/logger.ts';
import type { RunJob, RunKind } from '../../src/service/ports/runs.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await database.pool.query('delete from runs');
  await database.pool.query('delete from graphile_worker._private_jobs');
});

async function work(ran: string[], options: { deadAfterMs?: number; logger?: Logger } = {}) {
  const worker = await startJobWorker({
    url: database.url,
    beatMs: 100,
    run: async (kind, runId, tenant) => {
      ran.push(`${tenant}/${kind}/${runId}`);
      // As the runner does: a run that stays open gets a job again.
      await createRunStore(database.pool).finish(tenant, runId, { result: {} });
      return 'ended';
    },
    ...options,
  });
  cleanups.push(() => worker.stop());
}

const newRun = (id: string, kind: RunKind = 'training') => ({ id, kind, surface: 's', config: {} });
const enqueue = (id: string, kind?: RunKind, tenant = 'one') =>
  createRunStore(database.pool).enqueue(newRun(id, kind), { tenant, id: 'test' });

async function jobs(): Promise<{ key: string; attempts: number }[]> {
  const text = 'select key, attempts from graphile_worker.jobs where key is not null order by key';
  return (await database.pool.query<{ key: string; attempts: number }>(text)).rows;
}

it('runs every enqueued run once', async () => {
  await enqueue('r1');
  await enqueue('r1', 'training', 'two');
  const ran: string[] = [];
  await work(ran);
  await expect.poll(() => ran.length, { timeout: 20_000 }).toBe(2);
  await enqueue('last', 'snapshot');
  await expect.poll(() => ran.at(-1), { timeout: 20_000 }).toBe('one/snapshot/last');
  expect(ran.slice(0, 2).sort()).toEqual(['one/training/r1', 'two/training/r1']);
  expect(ran).toHaveLength(3);
});

it('makes a run and its job together, or neither', async () => {
  await database.pool.query('alter function graphile_worker.add_job rename to add_job_away');
  cleanups.push(() => database.pool.query('alter function graphile_worker.add_job_away rename to add_job'));
  await expect(enqueue('half')).rejects.toThrow();
  expect(await createRunStore(database.pool).find('one', 'half')).toBeUndefined();
});

it('gives an open run that has lost its job another one, whatever became of the first', async () => {
  for (const id of ['lost', 'running', 'given-up', 'waits']) await enqueue(id);
  const runs = createRunStore(database.pool);
  await runs.start('one', 'running');
  await runs.create(newRun('by-hand'), { tenant: 'one', id: 'cli' });
  await runs.start('one', 'by-hand');
  await database.pool.query(
    `delete from graphile_worker._private_jobs where key in ('one/lost', 'one/running')`,
  );
  await database.pool.query(
    `update graphile_worker._private_jobs set attempts = max_attempts where key = 'one/given-up'`,
  );
  await database.pool.query(`update graphile_worker._private_jobs set attempts = 3 where key = 'one/waits'`);
  const given = await Promise.all([giveJobs(database.pool), giveJobs(database.pool)]);
  expect(given.sort()).toEqual([0, 3]);
  expect(await jobs()).toEqual([
    { key: 'one/given-up', attempts: 0 },
    { key: 'one/lost', attempts: 0 },
    { key: 'one/running', attempts: 0 },
    { key: 'one/waits', attempts: 3 },
  ]);
});

it('tells for each kind how long its oldest open job has waited or run, and a watch counts it at once', async () => {
  expect(await oldestOpenRuns(database.pool)).toEqual({
    snapshot: 0,
    training: 0,
    evaluation: 0,
    promotion: 0,
  });
  const runs = createRunStore(database.pool);
  for (const id of ['old', 'young', 'ended']) await enqueue(id);
  await runs.start('one', 'old');
  await runs.start('one', 'ended');
  await runs.finish('one', 'ended', { error: 'no' });
  await runs.create(newRun('by-hand'), { tenant: 'one', id: 'cli' });
  await database.pool.query(`update runs set created_at = now() - interval '7 hours' where id in ('old')`);
  await database.pool.query(
    `update runs set created_at = now() - interval '9 hours' where id in ('ended', 'by-hand')`,
  );
  const told: Readonly<Record<string, number>>[] = [];
  const watch = startJobWatch({
    oldestOpen: () => oldestOpenRuns(database.pool),
    logger: silentLogger,
    metrics: { openRuns: (ages) => void told.push(ages) },
  });
  await expect.poll(() => told.length, { timeout: 20_000 }).toBe(1);
  await watch.stop();
  expect(Math.floor(told[0]['training'] / 3_600_000)).toBe(7);
  expect(told[0]).toMatchObject({ snapshot: 0, evaluation: 0, promotion: 0 });
});

it('finds lost jobs by itself', async () => {
  await enqueue('lost');
  await database.pool.query('delete from graphile_worker._private_jobs');
  const ran: string[] = [];
  await work(ran);
  await expect.poll(() => ran, { timeout: 20_000 }).toEqual(['one/training/lost']);
});

it('does not count the stop of a worker as an attempt', async () => {
  await enqueue('long');
  const stop = new AbortController();
  let begun = 0;
  const run: RunJob = async () => {
    begun += 1;
    await once(stop.signal, 'abort');
    return 'interrupted';
  };
  const worker = await startJobWorker({ url: database.url, beatMs: 100, run });
  await expect.poll(() => begun, { timeout: 20_000 }).toBe(1);
  stop.abort();
  await worker.stop();
  expect(await jobs()).toEqual([{ key: 'one/long', attempts: 0 }]);
});

it('tells when it cannot say that it lives', async () => {
  await database.pool.query('alter table job_workers rename to job_workers_away');
  cleanups.push(() => database.pool.query('alter table job_workers_away rename to job_workers'));
  const warnings: string[] = [];
  await work([], { logger: { ...silentLogger, warn: (_, message) => void warnings.push(message) } });
  await expect.poll(() => warnings[0], { timeout: 20_000 }).toMatch(/cannot tell that it lives/);
});

it('gives the job of a killed worker to another one after a few missed beats', async () => {
  const script = fileURLToPath(new URL('job-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, database.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await enqueue('long', 'evaluation');
  const [taken] = (await once(child.stdout, 'data')) as [Buffer];
  expect(taken.toString().trim()).toBe('long');
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  const ran: string[] = [];
  await work(ran, { deadAfterMs: 1_000 });
  await expect.poll(() => ran, { timeout: 20_000 }).toEqual(['one/evaluation/long']);
});
