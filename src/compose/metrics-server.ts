import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { MetricsWithText } from '../observability/metrics.ts';
import type { ApiKeyRecord, ControlReader } from '../service/ports/control.ts';
import type { Logger } from '../service/ports/logger.ts';
import { findKey } from '../service/registry/api-keys.ts';
import { may, principalOf } from '../service/registry/principal.ts';

/** A revoked key is good for this much longer. */
const KEYS_FOR_MS = 5_000;

export interface MetricsServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * `/metrics` (with a key that may view) and `/health/live` of a process that has no HTTP API: ingest or the controller alone. While
 * the database is away the keys that were known last stay good: that is when somebody looks.
 */
export async function startMetricsServer(options: {
  readonly host: string;
  readonly port: number;
  readonly metrics: MetricsWithText;
  readonly control: Pick<ControlReader, 'load'>;
  readonly logger: Logger;
}): Promise<MetricsServer> {
  const { metrics, logger } = options;
  const keys = createKeys(options.control);
  const server = createServer((request, response) => {
    answer(request, response, metrics, keys).catch((error: unknown) => {
      logger.warn({ error }, 'the metrics could not be told');
      end(response, 500, 'text/plain', 'internal');
    });
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Keys = () => Promise<ReadonlyMap<string, ApiKeyRecord>>;

function createKeys(control: Pick<ControlReader, 'load'>): Keys {
  let known: ReadonlyMap<string, ApiKeyRecord> = new Map();
  let readAt = -Infinity;
  return async () => {
    if (performance.now() - readAt < KEYS_FOR_MS) return known;
    readAt = performance.now();
    try {
      known = new Map((await control.load()).keys.map((record) => [record.keyHash, record]));
    } catch {
      // The keys of before.
    }
    return known;
  };
}

async function answer(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  metrics: MetricsWithText,
  keys: Keys,
): Promise<void> {
  if (method !== 'GET') return end(response, 405, 'text/plain', 'GET only');
  if (url === '/health/live') return end(response, 200, 'application/json', '{"status":"live"}');
  if (url !== '/metrics') return end(response, 404, 'text/plain', '/metrics or /health/live');
  const key = /^bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]?.trim() ?? '';
  const record = findKey(await keys(), key);
  if (record === undefined) return end(response, 401, 'text/plain', 'send a key that may view');
  if (!may(principalOf(record), 'view')) return end(response, 403, 'text/plain', 'the role may not view');
  end(response, 200, metrics.contentType, await metrics.text());
}

function end(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
