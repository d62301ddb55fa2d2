import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createJobQueue, startJobWorker } from '../../src/postgres/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));
afterAll(() => database.drop());

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function work(ran: string[], deadAfterMs = 30_000): Promise<void> {
  const worker = await startJobWorker({
    url: database.url,
    beatMs: 100,
    deadAfterMs,
    run: async (kind, runId, tenant) => void ran.push(`${tenant}/${kind}/${runId}`),
  });
  cleanups.push(() => worker.stop());
}

it('runs a job once, however often it was enqueued before', async () => {
  const queue = createJobQueue(database.pool);
  for (const _ of [1, 2, 3]) await queue.enqueue('training', 'r1', 'one');
  await queue.enqueue('training', 'r1', 'two');
  const ran: string[] = [];
  await work(ran);
  await expect.poll(() => ran.length, { timeout: 20_000 }).toBe(2);
  await queue.enqueue('snapshot', 'last', 'one');
  await expect.poll(() => ran.at(-1), { timeout: 20_000 }).toBe('one/snapshot/last');
  expect(ran.slice(0, 2).sort()).toEqual(['one/training/r1', 'two/training/r1']);
  expect(ran).toHaveLength(3);
});

it('gives the job of a killed worker to another one after a few missed beats', async () => {
  const script = fileURLToPath(new URL('job-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, database.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await createJobQueue(database.pool).enqueue('evaluation', 'long', 'one');
  const [taken] = (await once(child.stdout, 'data')) as [Buffer];
  expect(taken.toString().trim()).toBe('long');
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  const ran: string[] = [];
  await work(ran, 1_000);
  await expect.poll(() => ran, { timeout: 20_000 }).toEqual(['one/evaluation/long']);
});
