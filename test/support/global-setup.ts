import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the URL of the template database; see `database.ts`. */
    readonly templateDatabase: string;
  }
}

/**
 * Tests of pure code need no database, so none is started before the first test asks: a tiny HTTP server in vitest's
 * main process starts one embedded PostgreSQL and migrates the template then, once for all test files. With
 * TEST_DATABASE_URL (or DATABASE_URL) that server is used instead; its role must be able to create databases.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let template: Promise<Template> | undefined;
  const server = createServer((_, response) => {
    template ??= startTemplate();
    template.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  project.provide('templateDatabase', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return async () => {
    server.close();
    server.closeAllConnections();
    await (await template?.catch(() => undefined))?.stop();
  };
}

interface Template {
  readonly url: string;
  stop(): Promise<void>;
}

async function startTemplate(): Promise<Template> {
  const given = process.env['TEST_DATABASE_URL'] ?? process.env['DATABASE_URL'];
  const { default: pg } = await import('pg');
  const { migrate } = await import('../../src/postgres/migrate.ts');
  const server = given === undefined ? await startServer() : { url: given, stop: async () => undefined };
  const name = `allot_template_${process.pid}`;
  await onServer(pg, server.url, `create database ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  await migrate(url.href);
  return {
    url: url.href,
    async stop() {
      if (given !== undefined) await onServer(pg, server.url, `drop database ${name} with (force)`);
      await server.stop();
    },
  };
}

async function onServer(pg: typeof import('pg').default, url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

async function startServer(): Promise<Template> {
  const { startEmbeddedPostgres } = await import('../../src/postgres/embedded/supervisor.ts');
  const directory = mkdtempSync(join(tmpdir(), 'allot-test-'));
  const server = await startEmbeddedPostgres({ directory: join(directory, 'postgres'), isDurable: false });
  return {
    url: server.url,
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
