import { limitRate } from '../http/limit-rate.ts';
import { pagePolicy } from '../http/security-headers.ts';
import { openapiDocument } from '../openapi.ts';
import { html, json, type Call, type Reply, type Route } from '../routes/route.ts';
import { docsPage } from './docs.ts';
import { experimentPage } from './experiment.ts';
import { styleSheet } from './html.ts';
import { loginPage, overviewPage } from './overview.ts';

/** A key that is good for looking opens a session; the answer leads to the page without the key in its address. */
function logIn({ sessions, client }: Call, key: unknown): Reply {
  const cookie = typeof key === 'string' ? sessions.open(key, client) : undefined;
  if (cookie === undefined) return html(loginPage(true), pagePolicy, 401);
  return { redirect: '/', headers: { 'set-cookie': cookie } };
}

/** @param described all routes, these included; asked for late because the list contains this one */
export function dashboardRoutes(described: () => readonly Route[]): readonly Route[] {
  let document: unknown;
  // Made once: it never changes, and making it costs a hundred times a small answer.
  return descriptionRoutes(described, () => (document ??= openapiDocument(described())));
}

const descriptionRoutes = (described: () => readonly Route[], document: () => unknown): readonly Route[] => [
  ...overviewRoutes,
  {
    method: 'get',
    path: '/experiments/{id}',
    summary: 'An experiment for people: state and why, verdict, metrics, health, ramp, looks',
    permission: 'view',
    isPage: true,
    forVisitors: true,
    answers: [200],
    handle: async ({ services, principal, params }) =>
      html(await experimentPage(services, principal, params.id), pagePolicy),
  },
  {
    method: 'get',
    path: '/docs',
    summary: 'This API for people',
    permission: 'view',
    isPage: true,
    forVisitors: true,
    answers: [200],
    handle: () => html(docsPage(described()), pagePolicy),
  },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This API for machines',
    permission: 'view',
    forVisitors: true,
    answers: [200],
    handle: () => json(document()),
  },
];

const overviewRoutes: readonly Route[] = [
  {
    method: 'get',
    path: '/',
    summary: 'Overview page; asks for a key',
    permission: 'open',
    isPage: true,
    query: { key: 'In the demo, which prints it: opens a session' },
    answers: [200, 303, 401],
    async handle(call) {
      const { services, sessions, cookies, query } = call;
      if (query.key !== undefined && services.pages.isDemo) return logIn(call, query.key);
      const visitor = sessions.visitor(cookies);
      if (visitor === undefined) return html(loginPage(false), pagePolicy);
      limitRate(services, visitor);
      return html(await overviewPage(services, visitor), pagePolicy);
    },
  },
  {
    method: 'post',
    path: '/login',
    summary: 'The form of the overview page',
    permission: 'open',
    takesForm: true,
    isPage: true,
    answers: [303, 401],
    handle: (call) => logIn(call, (call.body as { key?: unknown } | undefined)?.key),
  },
  {
    method: 'get',
    path: '/style.css',
    summary: 'Style sheet of the pages',
    permission: 'open',
    answers: [200],
    handle: () => ({ page: { status: 200, contentType: 'text/css; charset=utf-8', body: styleSheet } }),
  },
];
