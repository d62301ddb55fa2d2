import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type AllotClient } from '../../src/client/client.ts';
import { createApiKeyStore } from '../../src/postgres/api-key-store.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import { freePort } from '../support/allot-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { declareLiveFeed } from '../support/live-feed.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-processes-'));
const children: ChildProcess[] = [];
let database: TestDatabase;
let client: AllotClient;
let metricsOfController: () => Promise<string>;

function startEntry(file: string, env: Readonly<Record<string, string>>): void {
  children.push(
    spawn(process.execPath, ['--import', 'tsx', file], {
      cwd: new URL('../../', import.meta.url),
      env: { ...process.env, DATABASE_URL: database.url, ALLOT_LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    }),
  );
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not happen within 30 s');
}

beforeAll(async () => {
  database = await createTestDatabase();
  const { key, record } = createKey({ tenant: 'default', role: 'admin' });
  await createApiKeyStore(database.pool).add(record);
  const port = await freePort();
  startEntry('api/main.ts', { ALLOT_DATA_DIR: join(folder, 'api'), ALLOT_HTTP_PORT: String(port) });
  const metricsPort = String(await freePort());
  startEntry('src/controller/main.ts', {
    ALLOT_DATA_DIR: join(folder, 'controller'),
    ALLOT_METRICS_PORT: metricsPort,
  });
  metricsOfController = async () => {
    const headers = { authorization: `Bearer ${key}` };
    return await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { headers })).text();
  };
  client = createClient({ url: `http://127.0.0.1:${String(port)}`, key });
  await eventually(async () => (await client.ready()).isReady);
});

afterAll(async () => {
  for (const child of children) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('api and controller as processes of their own, without a broker', () => {
  it('store what the api accepts', async () => {
    await declareLiveFeed(client);
    const answer = await client.decide({
      requestId: 'r-1',
      surface: 'live-feed',
      unitId: 'u-1',
      features: { hour: 3 },
    });
    await client.expose([{ eventId: 'e-1', decisionId: answer.decisionId }]);
    await eventually(async () => (await client.counts('live-feed')).exposures === 1);
    expect(await client.decision(answer.decisionId)).toMatchObject({
      decision: { propensity: answer.propensity },
    });
  });

  it('tell the metrics of the controller on its own port', async () => {
    await eventually(async () => (await metricsOfController()).includes('allot_partitions_ahead_days 7'));
  });

  it('run a queued job in a child of the controller', { timeout: 60_000 }, async () => {
    const run = await client.startRun('evaluation-runs', {
      surface: 'live-feed',
      config: { policyVersion: 'nobody' },
    });
    await eventually(async () => (await client.run('evaluation-runs', run.id)).state === 'failed');
    expect((await client.run('evaluation-runs', run.id)).error).toMatch(
      /nobody is neither a version nor an alias/,
    );
  });
});
