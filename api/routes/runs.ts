import { AllotError } from '../../src/core/errors.ts';
import type { RunKind, RunRecord, RunSummary } from '../../src/service/ports/runs.ts';
import { runRequestSchema } from '../../src/service/schemas/registry.ts';
import { reportPolicy } from '../http/security-headers.ts';
import { runPageOf, runPageQuery } from './paging.ts';
import { html, json, type Route } from './route.ts';

/** The report is a page of its own; in JSON only its address is given. */
const view = ({ hasReport, ...run }: RunSummary, base: string) => ({
  ...run,
  report: hasReport ? `${base}/${run.id}/report` : null,
});

const viewOfOne = ({ reportHtml: _, ...run }: RunRecord, base: string) => view(run, base);

const routesOf = (kind: RunKind, base: string, what: string): readonly Route[] => [
  ...collectionRoutes(kind, base, what),
  ...itemRoutes(kind, base, what),
];

function collectionRoutes(kind: RunKind, base: string, what: string): readonly Route[] {
  return [
    {
      method: 'get',
      path: base,
      summary: `${what} runs, newest first, in pages`,
      permission: 'view',
      query: { surface: 'Only of this surface', ...runPageQuery.query },
      queryTypes: runPageQuery.queryTypes,
      answers: [200],
      async handle({ services, principal, query }) {
        const { runs, next } = await services.runs.list(kind, principal, query.surface, runPageOf(query));
        return json({ runs: runs.map((run) => view(run, base)), next });
      },
    },
    {
      method: 'post',
      path: base,
      summary: `Queue a ${what.toLowerCase()} run`,
      permission: 'train',
      body: runRequestSchema,
      answers: [202],
      handle: async ({ services, principal, body }) =>
        json(viewOfOne(await services.runs.start(kind, body, principal), base), 202),
    },
  ];
}

function itemRoutes(kind: RunKind, base: string, what: string): readonly Route[] {
  return [
    {
      method: 'get',
      path: `${base}/{id}/report`,
      summary: `The report of a ${what.toLowerCase()} run, for people`,
      permission: 'view',
      isPage: true,
      forVisitors: true,
      answers: [200],
      async handle({ services, principal, params }) {
        const { reportHtml } = await services.runs.find(kind, params.id, principal);
        if (reportHtml === null) throw new AllotError('run_unknown', 'the run has no report');
        return html(reportHtml, reportPolicy);
      },
    },
    {
      method: 'get',
      path: `${base}/{id}`,
      summary: `A ${what.toLowerCase()} run`,
      permission: 'view',
      answers: [200],
      handle: async ({ services, principal, params }) =>
        json(viewOfOne(await services.runs.find(kind, params.id, principal), base)),
    },
  ];
}

export const runRoutes: readonly Route[] = [
  ...routesOf('training', '/v1/training-runs', 'Training'),
  ...routesOf('evaluation', '/v1/evaluation-runs', 'Evaluation'),
  ...routesOf('promotion', '/v1/promotions', 'Promotion'),
];
