import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { authenticate } from '../../api/http/authenticate.ts';
import { sendJson, sendPage, sendProblem } from '../../api/http/send.ts';
import { AllotError } from '../core/errors.ts';
import type { MetricsWithText } from '../observability/metrics.ts';
import type { ApiKeyRecord, ControlReader } from '../service/ports/control.ts';
import type { Logger } from '../service/ports/logger.ts';
import { findKey } from '../service/registry/api-keys.ts';
import { authorise, principalOf } from '../service/registry/principal.ts';
import { withDeadline } from '../service/serving/deadline.ts';

/** A revoked key is good for this much longer. */
const KEYS_FOR_MS = 5_000;

/** Less than a scrape waits: a database that says nothing counts as away. */
const READ_WITHIN_MS = 2_000;

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

/** Read once for all who ask meanwhile. Nothing known is no reason to call a right key wrong. */
function createKeys(control: Pick<ControlReader, 'load'>): Keys {
  let known: ReadonlyMap<string, ApiKeyRecord> | null = null;
  let readAt = -Infinity;
  let reading: Promise<void> | null = null;
  const read = async (): Promise<void> => {
    try {
      const { keys } = await withDeadline(control.load(), READ_WITHIN_MS, 'reading the keys');
      known = new Map(keys.map((record) => [record.keyHash, record]));
    } catch {
      // The keys of before.
    } finally {
      readAt = performance.now();
      reading = null;
    }
  };
  return async () => {
    if (known === null || performance.now() - readAt >= KEYS_FOR_MS) await (reading ??= read());
    if (known === null)
      throw new AllotError('store_unavailable', 'the keys have not been read yet; try again');
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
