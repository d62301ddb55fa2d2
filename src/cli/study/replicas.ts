import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type AllotClient } from '../../client/client.ts';
import { childEnvironment, readConfig } from '../../config/env.ts';
import { openDatabase } from '../../postgres/database.ts';
import { startEmbeddedPostgres } from '../../postgres/embedded/supervisor.ts';
import { migrate } from '../../postgres/migrate.ts';
import { createApiKeyStore } from '../../postgres/api-key-store.ts';
import { createKey } from '../../service/registry/api-keys.ts';

export interface ApiReplicas {
  readonly clients: readonly AllotClient[];
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

/**
 * Several api processes on one database, as an operator would run them: a journal each, the same secrets. `url` null: an embedded
 * database of their own, gone afterwards.
 */
export async function startApiReplicas(count: number, url: string | null = null): Promise<ApiReplicas> {
  const folder = mkdtempSync(join(tmpdir(), 'allot-replicas-'));
  const children: ChildProcess[] = [];
  const postgres =
    url === null
      ? await startEmbeddedPostgres({ directory: join(folder, 'postgres'), isDurable: false })
      : null;
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const databaseUrl = postgres?.url ?? url ?? '';
    await migrate(databaseUrl);
    const { key, record } = createKey({ tenant: 'default', role: 'admin' });
    const database = await openDatabase({ url: databaseUrl });
    await createApiKeyStore(database.pool).add(record);
    await database.close();
    const clients: AllotClient[] = [];
    for (let i = 0; i < count; i++) {
      const port = await freePort();
      children.push(startApi({ databaseUrl, folder, name: `api-${String(i)}`, port }));
      clients.push(createClient({ url: `http://127.0.0.1:${String(port)}`, key }));
      // One after the other: the first makes the secrets that all of them share.
      await ready(clients[i], children[i]);
    }
    return { clients, databaseUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startApi(where: {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly name: string;
  readonly port: number;
}): ChildProcess {
  const entry = new URL('../../../api/main.ts', import.meta.url).pathname;
  return spawn(process.execPath, ['--import', 'tsx', entry], {
    cwd: new URL('../../../', import.meta.url),
    env: {
      ...childEnvironment(readConfig(), where.databaseUrl),
      ALLOT_LOG_LEVEL: 'error',
      ALLOT_DATA_DIR: join(where.folder, where.name),
      ALLOT_SECRETS_FILE: join(where.folder, 'secrets.json'),
      ALLOT_HTTP_PORT: String(where.port),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function ready(client: AllotClient, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline && child.exitCode === null) {
    if (
      await client.ready().then(
        ({ isReady }) => isReady,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('an api process did not become ready');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
