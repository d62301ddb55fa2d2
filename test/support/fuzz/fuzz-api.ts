import { request, type Agent } from 'node:http';
import fc from 'fast-check';
import { allRoutes } from '../../../api/routes/all-routes.ts';
import { openapiDocument } from '../../../api/openapi.ts';
import { requestsFor, type FuzzRequest, type Hints, type Operation, type Schema } from './requests.ts';

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { requestBody?: { content?: Record<string, { schema?: Schema }> } }>>
    >
  >;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface RouteTally {
  readonly route: string;
  tried: number;
  /** By status. */
  readonly answers: Map<number, number>;
  readonly unexpected: { readonly request: FuzzRequest; readonly answer: string }[];
}

const document = (): Document => openapiDocument(allRoutes) as Document;

/** What the document describes, with the query parameters of the route table. */
export function operations(): readonly Operation[] {
  return Object.entries(document().paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]): Operation => {
      const content = requestBody?.content ?? {};
      const route = allRoutes.find((r) => r.path === path && r.method === method);
      return {
        method,
        path,
        queries: Object.keys(route?.query ?? {}),
        body: content['application/json']?.schema ?? null,
      };
    }),
  );
}

/** What may never be answered to any request: no 5xx but a declared 503, no hang, nothing that is not a problem. */
export async function fuzzApi(options: {
  readonly url: string;
  readonly key: string;
  readonly agent: Agent;
  readonly perRoute: number;
  readonly seed: number;
  /** Names of things that exist. */
  readonly names: readonly string[];
  readonly hints: Hints;
}): Promise<readonly RouteTally[]> {
  const defs = document().components?.schemas ?? {};
  const tallies: RouteTally[] = [];
  for (const operation of operations()) {
    const tally: RouteTally = {
      route: `${operation.method.toUpperCase()} ${operation.path}`,
      tried: 0,
      answers: new Map(),
      unexpected: [],
    };
    tallies.push(tally);
    const samples = fc.sample(requestsFor(operation, defs, options.names, options.hints), {
      numRuns: options.perRoute,
      seed: options.seed,
    });
    for (let at = 0; at < samples.length; at += 8) {
      await Promise.all(samples.slice(at, at + 8).map((sample) => tryOne(sample, options, tally)));
    }
  }
  return tallies;
}

async function tryOne(
  sample: FuzzRequest,
  options: { readonly url: string; readonly key: string; readonly agent: Agent },
  tally: RouteTally,
): Promise<void> {
  tally.tried += 1;
  const answer = await send(sample, options);
  tally.answers.set(answer.status, (tally.answers.get(answer.status) ?? 0) + 1);
  const fault = faultOf(answer);
  if (fault !== null) tally.unexpected.push({ request: sample, answer: fault });
}

interface Answer {
  /** 0: none came. */
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

function faultOf({ status, contentType, body }: Answer): string | null {
  if (status === 0) return `no answer: ${body}`;
  if (status >= 500) return `${status}: ${body.slice(0, 300)}`;
  if (status < 400) return null;
  // The login form answers a page.
  if (contentType.startsWith('text/html')) return status === 401 ? null : `${status}: a page`;
  if (contentType !== 'application/problem+json') return `${status}: not a problem document`;
  const problem = JSON.parse(body) as { code?: unknown; status?: unknown };
  return problem.status === status && typeof problem.code === 'string' ? null : `${status}: a broken problem`;
}

const HANG_MS = 10_000;

function send(
  sample: FuzzRequest,
  { url, key, agent }: { readonly url: string; readonly key: string; readonly agent: Agent },
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const nothing = (error: Error): void => resolve({ status: 0, contentType: '', body: error.message });
    const call = request(
      {
        hostname,
        port,
        agent,
        method: sample.method,
        path: `${sample.path}${sample.query === '' ? '' : `?${sample.query}`}`,
        headers: {
          authorization: `Bearer ${key}`,
          ...(sample.body === null ? {} : { 'content-type': sample.contentType }),
        },
        timeout: HANG_MS,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', nothing);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    call.on('timeout', () => call.destroy(new Error('hangs')));
    call.on('error', nothing);
    call.end(sample.body ?? undefined);
  });
}

/** What exists where `liveFeed` is declared and served, and the given decision was made. */
export const liveFeedHints = (
  decisionId: string,
): { readonly names: readonly string[]; readonly hints: Hints } => ({
  names: ['live-feed', 'live-feed@1', 'champion', 'none', 'live', 'u-1', 'treatment', decisionId],
  hints: {
    surface: ['live-feed'],
    decisionId: [decisionId],
    type: ['watchMs', 'hide', 'numeric', 'boolean'],
    value: [0, 1, 60_000],
    features: [{ hour: 3 }, { hour: 23, score: 0.1, isMember: true }],
    eligibleActions: [['none', 'live'], ['live']],
    policyVersion: ['live-feed@1'],
    version: ['live-feed@1'],
    occurredAt: [Date.now()],
    probabilities: [{ none: 0.5, live: 0.5 }],
    actions: [['none', 'live']],
    config: [{}, { policyVersion: 'live-feed@1' }],
  },
});

export function fuzzTable(tallies: readonly RouteTally[]): string {
  const rows = tallies.map(({ route, tried, answers, unexpected }) => {
    const statuses = [...answers].sort(([a], [b]) => a - b).map(([status, n]) => `${status}×${n}`);
    return `${route.padEnd(52)} ${String(tried).padStart(6)}  ${statuses.join(' ')}${unexpected.length > 0 ? `  UNEXPECTED ${unexpected.length}` : ''}`;
  });
  const tried = tallies.reduce((sum, tally) => sum + tally.tried, 0);
  const unexpected = tallies.reduce((sum, tally) => sum + tally.unexpected.length, 0);
  return `${rows.join('\n')}\n${tried} requests tried on ${tallies.length} routes, ${unexpected} unexpected answers`;
}
