import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type AllotClient, createClient } from '../../../src/client/client.ts';
import { createApiKeyStore } from '../../../src/postgres/api-key-store.ts';
import { createPool } from '../../../src/postgres/database.ts';
import { openPlace } from '../../../src/postgres/embedded/place.ts';
import { databaseUrl } from '../../../src/postgres/embedded/postmaster.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/postgres/embedded/supervisor.ts';
import { migrate } from '../../../src/postgres/migrate.ts';
import { createKey } from '../../../src/service/registry/api-keys.ts';
import { freePort } from '../../support/allot-process.ts';
import { declareLiveFeed } from '../../support/live-feed.ts';
import type { FaultContext } from '../scenario.ts';
import { Part, type PartName } from './part.ts';
import { TcpProxy } from './proxy.ts';

/** What a world needs of its scenario. */
type Place = Pick<FaultContext, 'folder' | 'defer' | 'killed'>;

/** Where the clients call, and the database as it is, for the comparison. */
export interface World {
  readonly client: AllotClient;
  readonly pool: pg.Pool;
  readonly dataDir: string;
}

/** A PostgreSQL of the scenario's own, which Allot reaches through a proxy only. */
export class GivenPostgres {
  readonly directory: string;
  #server: EmbeddedPostgres;
  /** Each counts as a user of the server, which ends with the last of them. */
  readonly #started: EmbeddedPostgres[];
  readonly proxy: TcpProxy;
  readonly pool: pg.Pool;

  private constructor(directory: string, server: EmbeddedPostgres, proxy: TcpProxy) {
    this.directory = directory;
    this.#server = server;
    this.#started = [server];
    this.proxy = proxy;
    this.pool = createPool(server.url, { applicationName: 'allot-faults', maxConnections: 3 });
  }

  static async start(context: Place, directory = join(context.folder, 'postgres')): Promise<GivenPostgres> {
    mkdirSync(directory, { recursive: true });
    const server = await startEmbeddedPostgres({ directory });
    const given = new GivenPostgres(directory, server, await TcpProxy.to(Number(new URL(server.url).port)));
    context.defer(() => given.#close());
    await migrate(server.url);
    return given;
  }

  /** As Allot is told it. */
  get url(): string {
    const url = new URL(this.#server.url);
    url.port = String(this.proxy.port);
    return url.href;
  }

  get directUrl(): string {
    return this.#server.url;
  }

  get pid(): number {
    return this.#server.pid;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async startAgain(): Promise<void> {
    this.#server = await startEmbeddedPostgres({ directory: this.directory });
    this.#started.push(this.#server);
  }

  async #close(): Promise<void> {
    await this.pool.end();
    for (const server of this.#started) await server.stop();
    await this.proxy.close();
  }
}

export interface SplitOptions {
  readonly parts: readonly PartName[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly postgres?: GivenPostgres;
}

export interface GivenWorld extends World {
  readonly postgres: GivenPostgres;
  /** By the order of `parts`; the first answers the clients. */
  readonly parts: readonly Part[];
}

/** Processes of Allot on a given PostgreSQL, with a surface to decide on. */
export async function startGivenWorld(context: Place, options: SplitOptions): Promise<GivenWorld> {
  const postgres = options.postgres ?? (await GivenPostgres.start(context));
  const { key, record } = createKey({ tenant: 'default', role: 'admin' });
  await createApiKeyStore(postgres.pool).add(record);
  const port = await freePort();
  const dataDir = join(context.folder, `data-${String(port)}`);
  const environment = {
    DATABASE_URL: postgres.url,
    ALLOT_DATA_DIR: dataDir,
    ALLOT_HTTP_PORT: String(port),
    ...options.environment,
  };
  const parts = options.parts.map((name) => new Part(name, environment, context.killed));
  for (const part of parts) part.start();
  context.defer(() => Promise.all(parts.map((part) => part.stop())));
  const client = createClient({ url: `http://127.0.0.1:${String(port)}`, key, timeoutMs: 10_000 });
  await untilReady(client, parts[0]);
  await declareLiveFeed(client);
  return { client, pool: postgres.pool, dataDir, postgres, parts };
}

/** `allot start` as a newcomer runs it: its own PostgreSQL under its data directory. */
export interface OwnWorld extends World {
  readonly part: Part;
  /** Of its PostgreSQL. */
  postmasterPid(): number;
}

export async function startOwnWorld(
  context: Place,
  environment: Readonly<Record<string, string>> = {},
): Promise<OwnWorld> {
  const port = await freePort();
  const dataDir = join(context.folder, `data-${String(port)}`);
  const part = new Part(
    'allot',
    { ALLOT_DATA_DIR: dataDir, ALLOT_HTTP_PORT: String(port), ...environment },
    context.killed,
  );
  part.start();
  context.defer(() => part.stop());
  const key = await untilSaid(part, /Admin key[^:]*: (\S+)/);
  const client = createClient({ url: `http://127.0.0.1:${String(port)}`, key, timeoutMs: 10_000 });
  await untilReady(client, part);
  await declareLiveFeed(client);
  const place = openPlace(join(dataDir, 'postgres'));
  const url = databaseUrl(place, Number(readFileSync(place.port, 'utf8')), 'allot');
  const pool = createPool(url, { applicationName: 'allot-faults', maxConnections: 3 });
  context.defer(() => pool.end());
  return { client, pool, dataDir, part, postmasterPid: () => postmasterOf(dataDir) };
}

const postmasterOf = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);

async function untilSaid(part: Part, pattern: RegExp): Promise<string> {
  for (let i = 0; i < 1_200; i += 1) {
    const found = pattern.exec(part.said);
    if (found !== null) return found[1];
    if (!part.isRunning) break;
    await sleep(50);
  }
  throw new Error(`${part.name} did not say ${String(pattern)}:\n${part.said}`);
}

export async function untilReady(client: AllotClient, part: Part): Promise<void> {
  for (let i = 0; i < 1_200; i += 1) {
    const isReady = await client.ready().then(
      ({ isReady }) => isReady,
      () => false,
    );
    if (isReady) return;
    if (!part.isRunning) throw new Error(`${part.name} ended:\n${part.said}`);
    await sleep(50);
  }
  throw new Error(`${part.name} was not ready within 60 s:\n${part.said}`);
}
