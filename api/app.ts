import express, { type Express, type Request, type Response } from 'express';
import { AllotError } from '../src/core/errors.ts';
import { authorise, type Principal } from '../src/service/registry/principal.ts';
import { Sessions } from './dashboard/sessions.ts';
import { createDecideHandlers } from './decide/handler.ts';
import { authenticate } from './http/authenticate.ts';
import { clientOf } from './http/client-of.ts';
import { cookiesOf } from './http/cookies.ts';
import { limitRate } from './http/limit-rate.ts';
import { limitShape, parseJson, readBody, refuseEncoded, requireJson } from './http/read-body.ts';
import { sendJson, sendPage, sendProblem } from './http/send.ts';
import { securityHeaders } from './http/security-headers.ts';
import { allRoutes } from './routes/all-routes.ts';
import type { Reply, Route } from './routes/route.ts';
import type { ApiServices } from './services.ts';

/** The Express application: no listening, no environment. `createServer` puts the bare decide path in front of it. */
export function createApp(services: ApiServices): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.set('query parser', 'simple');
  const sessions = new Sessions(services.serving);
  const decide = createDecideHandlers(services);
  app.post('/v1/decisions', decide.single);
  app.all('/v1/decisions', methodNotAllowed(['post'], services));
  app.post('/v1/decisions\\:batch', decide.batch);
  app.all('/v1/decisions\\:batch', methodNotAllowed(['post'], services));
  for (const [path, routes] of byPath(allRoutes)) {
    const pattern = expressPath(path);
    for (const route of routes) app[route.method](pattern, mount(route, services, sessions));
    app.all(
      pattern,
      methodNotAllowed(
        routes.map(({ method }) => method),
        services,
      ),
    );
  }
  app.use((request: Request, response: Response) => {
    sendProblem(request, response, new AllotError('route_unknown', 'there is no such route'), services);
  });
  app.use(errorHandler(services));
  return app;
}

/** `{name}:kill` → `:name\:kill`: an unescaped colon would be a parameter, and `/decisionsXYZ` would match. */
export const expressPath = (path: string): string =>
  path.replaceAll(':', '\\:').replaceAll(/\{(\w+)\}/g, ':$1');

/** Paths with an action behind a colon come first, or `{name}` would swallow it. */
function byPath(routes: readonly Route[]): [string, Route[]][] {
  const grouped = new Map<string, Route[]>();
  for (const route of routes) grouped.set(route.path, [...(grouped.get(route.path) ?? []), route]);
  return [...grouped].sort(([a], [b]) => Number(b.includes('}:')) - Number(a.includes('}:')));
}

type Mounted = (request: Request, response: Response) => Promise<void>;

function mount(route: Route, services: ApiServices, sessions: Sessions): Mounted {
  return async (request, response) => {
    const cookies = cookiesOf(request.headers.cookie);
    const principal = principalFor(route, request, services, sessions, cookies);
    const { body, bytes } = await bodyFor(route, request, services);
    const params = request.params as Record<string, string>;
    const query = queryOf(request);
    const client = clientOf(request, services.pages.hasSecureCookies);
    const call = { services, sessions, client, principal, params, query, body, bytes, cookies };
    reply(response, await route.handle(call));
  };
}

const nobody: Principal = { keyId: '', tenant: '', role: 'reader', surfaces: new Set() };

/** Permission before the body is read: a caller without it learns nothing about the grammar. */
function principalFor(
  route: Route,
  request: Request,
  services: ApiServices,
  sessions: Sessions,
  cookies: Readonly<Record<string, string>>,
): Principal {
  if (route.permission === 'open') return nobody;
  const hasHeader = request.headers.authorization !== undefined;
  const visitor = route.forVisitors === true && !hasHeader ? sessions.visitor(cookies) : undefined;
  const principal = visitor ?? authenticate(request, services.serving);
  limitRate(services, principal);
  authorise(principal, route.permission);
  return principal;
}

/** Of somebody who has not shown a key. */
const UNKNOWN_BODY_BYTES = 4096;

async function bodyFor(
  route: Route,
  request: Request,
  { limits }: ApiServices,
): Promise<{ readonly body: unknown; readonly bytes: Buffer | null }> {
  if (route.method === 'get' || (route.body === undefined && route.takesForm !== true)) {
    return { body: undefined, bytes: null };
  }
  const type = request.headers['content-type'] ?? '';
  if (route.takesBytes === true && type.startsWith('application/octet-stream')) {
    refuseEncoded(request);
    return { body: undefined, bytes: await readBody(request, limits.artifactBytes) };
  }
  if (route.takesForm === true && type.startsWith('application/x-www-form-urlencoded')) {
    const form = new URLSearchParams((await readBody(request, UNKNOWN_BODY_BYTES)).toString('utf8'));
    return { body: Object.fromEntries(form), bytes: null };
  }
  const sentNothing =
    request.headers['content-length'] === undefined || request.headers['content-length'] === '0';
  if (sentNothing && request.headers['transfer-encoding'] === undefined)
    return { body: undefined, bytes: null };
  requireJson(request);
  const limit = route.permission === 'open' ? UNKNOWN_BODY_BYTES : limits.bodyBytes;
  const body = parseJson(await readBody(request, limit));
  limitShape(body);
  return { body, bytes: null };
}

/** A parameter given twice is its last value; express gives an array. */
function queryOf(request: Request): Record<string, string> {
  return Object.fromEntries(Object.entries(request.query).map(([name, value]) => [name, lastOf(value)]));
}

const lastOf = (value: unknown): string => {
  const last: unknown = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === 'string' ? last : '';
};

function reply(response: Response, answer: Reply): void {
  if ('json' in answer) sendJson(response, answer.status, answer.json);
  else if ('page' in answer) sendPage(response, answer.page);
  else {
    response.writeHead(303, {
      ...securityHeaders,
      location: answer.redirect,
      'content-length': '0',
      ...answer.headers,
    });
    response.end();
  }
}

function methodNotAllowed(methods: readonly Route['method'][], services: ApiServices) {
  const allow = methods.map((method) => method.toUpperCase()).join(', ');
  return (request: Request, response: Response): void => {
    const error = new AllotError('method_not_allowed', `this route takes ${allow}`);
    sendProblem(request, response, error, services, { allow });
  };
}

function errorHandler(services: ApiServices) {
  return (error: unknown, request: Request, response: Response, _next: unknown): void => {
    // Express throws this for a path that is not valid percent-encoding.
    const isBadPath = error instanceof URIError || (error as { status?: number }).status === 400;
    const known = isBadPath
      ? new AllotError('invalid_request', 'the path is not valid percent-encoding')
      : error;
    sendProblem(request, response, known, services);
  };
}
