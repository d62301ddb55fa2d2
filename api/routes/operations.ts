import { limitOf, limitQuery } from './paging.ts';
import { json, type Route } from './route.ts';

export const operationRoutes: readonly Route[] = [
  {
    method: 'get',
    path: '/v1/audit',
    summary: 'Who changed what, when and why; newest first',
    permission: 'administer',
    ...limitQuery,
    answers: [200],
    handle: async ({ services, principal, query }) =>
      json({ entries: await services.audit.list(principal, limitOf(query)) }),
  },
  {
    method: 'get',
    path: '/v1/forecasts',
    summary: 'What the offline evaluation said, beside what the experiment measured',
    permission: 'view',
    query: { surface: 'Only of this surface' },
    answers: [200],
    handle: async ({ services, principal, query }) =>
      json({ forecasts: await services.evidence.forecasts(principal, query.surface) }),
  },
  {
    method: 'get',
    path: '/v1/forecasts/report',
    summary: 'Forecasts that were measured: do they agree, and the coverage as it grew',
    permission: 'view',
    query: { surface: 'Only of this surface' },
    answers: [200],
    handle: async ({ services, principal, query }) =>
      json(await services.evidence.forecastReport(principal, query.surface)),
  },
  {
    method: 'get',
    path: '/v1/shadows',
    summary: 'What the versions behind shadow aliases would have done on live traffic',
    permission: 'view',
    query: { surface: 'Only of this surface' },
    answers: [200],
    handle: async ({ services, principal, query }) =>
      json({ shadows: await services.evidence.shadows(principal, query.surface) }),
  },
  {
    method: 'get',
    path: '/v1/counts',
    summary: 'Stored decisions, exposures, interactions and orphans',
    permission: 'view',
    query: { surface: 'Only of this surface' },
    answers: [200],
    handle: async ({ services, principal, query }) =>
      json(await services.decisions.counts(principal, query.surface)),
  },
  {
    method: 'get',
    path: '/health/live',
    summary: 'The process runs',
    permission: 'open',
    answers: [200],
    handle: () => json({ status: 'live' }),
  },
  {
    method: 'get',
    path: '/health/ready',
    summary: 'Decisions are by a fresh state and are recorded; 503 with the reasons otherwise',
    permission: 'open',
    answers: [200, 503],
    handle({ services }) {
      const report = services.health.ready();
      return json({ status: report.isReady ? 'ready' : 'not ready', ...report }, report.isReady ? 200 : 503);
    },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics of this process, of every tenant and surface',
    permission: 'metrics',
    answers: [200],
    async handle({ services }) {
      services.health.ready();
      const { contentType, text } = await services.metricsText();
      return { page: { status: 200, contentType, body: text } };
    },
  },
];
