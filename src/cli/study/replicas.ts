import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
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
  /** In the order of the clients. */
  readonly processes: readonly ChildProcess[];
  readonly databaseUrl: string;
  /** Shared by all of them. */
  readonly secretsFile: string;
  /** Starts another of Allot's processes beside them, on the same database and secrets; stopped with them. */
  startBeside(entry: string, name: string, environment: Readonly<Record<string, string>>): ChildProcess;
  stop(): Promise<void>;
}

/**
 * Several api processes on one database, as an operator would run them: a journal each, the same secrets. `url` null: an embedded
 * database of their own, gone afterwards.
 */
export async function startApiReplicas(count: number, url: string | null = null): Promise<ApiReplicas> {
  const folder = mkdtempSync(join(tmpdir(), 'allot-replicas-'));
  const children: ChildProcess[] = [];
  const besides: ChildProcess[] = [];
  const postgres =
    url === null
      ? await startEmbeddedPostgres({ directory: join(folder, 'postgres'), isDurable: false })
      : null;
  const spare = killAtExit(() => [...besides, ...children]);
  const stop = async (): Promise<void> => {
    await Promise.all([...besides, ...children].map(end));
    await postgres?.stop();
    spare();
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
    for (const [i, port] of (await freePorts(count)).entries()) {
      const where = { databaseUrl, folder, name: `api-${String(i)}` };
      children.push(startProcess('api/main.ts', where, { ALLOT_HTTP_PORT: String(port) }));
      clients.push(createClient({ url: `http://127.0.0.1:${String(port)}`, key }));
      // The first makes the secrets that all of them share.
      if (i === 0) await ready(clients[0], children[0]);
    }
    await Promise.all(clients.map((client, i) => ready(client, children[i])));
    return {
      clients,
      processes: children,
      databaseUrl,
      secretsFile: secretsIn(folder),
      startBeside(entry, name, environment) {
        const child = startProcess(entry, { databaseUrl, folder, name }, environment);
        besides.push(child);
        return child;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A study that ends by an error must not leave them behind; returns what calls it off. */
function killAtExit(children: () => readonly ChildProcess[]): () => void {
  const kill = (): void => {
    for (const child of children()) child.kill('SIGKILL');
  };
  process.once('exit', kill);
  return () => void process.off('exit', kill);
}

interface Where {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly name: string;
}

const secretsIn = (folder: string): string => join(folder, 'secrets.json');

/** As an operator would start it, through tsx; `entry` is a path in the repository. */
function startProcess(
  entry: string,
  { databaseUrl, folder, name }: Where,
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const root = new URL('../../../', import.meta.url);
  return spawn(process.execPath, ['--import', 'tsx', new URL(entry, root).pathname], {
    cwd: root,
    env: {
      ...childEnvironment(readConfig(), databaseUrl),
      ALLOT_LOG_LEVEL: 'error',
      ALLOT_DATA_DIR: join(folder, name),
      ALLOT_SECRETS_FILE: secretsIn(folder),
      ...environment,
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
  // One that was frozen hears it only now.
  child.kill('SIGCONT');
  await exited;
}

/** All held at once, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
