import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { authenticate } from '../../api/http/authenticate.ts';
import { sendJson, sendPage, sendProblem } from '../../api/http/send.ts';
import { AllotError } from '../core/errors.ts';
import type { MetricsWithText } from '../observability/metrics.ts';
import type { ApiKeyRecord, ControlReader } from '../service/ports/control.ts';
import type { Logger } from '../service/ports/logger.ts';
import { findKey } from '../service/registry/api-keys.ts';
import { authorise, principalOf } from '../service/registry/principal.ts';

/** A revoked key is good for this much longer. */
const KEYS_FOR_MS = 5_000;

export interface MetricsServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * `/metrics` (with a key of the operator) and `/health/live` of a process that has no HTTP API: ingest or the controller alone. While
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
      sendProblem(
        request,
        response,
        error,
        { logger, metrics },
        request.method === 'GET' ? {} : { allow: 'GET' },
      );
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
  request: IncomingMessage,
  response: ServerResponse,
  metrics: MetricsWithText,
  keys: Keys,
): Promise<void> {
  if (request.method !== 'GET') throw new AllotError('method_not_allowed', 'this port takes GET');
  if (request.url === '/health/live') return sendJson(response, 200, { status: 'live' });
  if (request.url !== '/metrics') throw new AllotError('route_unknown', 'here are /metrics and /health/live');
  const known = await keys();
  const principal = authenticate(request, {
    authenticate(key) {
      const record = findKey(known, key);
      return record === undefined ? undefined : principalOf(record);
    },
  });
  authorise(principal, 'metrics');
  sendPage(response, { status: 200, contentType: metrics.contentType, body: await metrics.text() });
}
