import {
  approvalSchema,
  experimentSchema,
  promoteSchema,
  startSchema,
} from '../../src/service/schemas/experiment.ts';
import { reasonOnlySchema } from '../../src/service/schemas/registry.ts';
import { pageOf, pageQuery } from './paging.ts';
import { json, type Route } from './route.ts';

const ending = (action: 'pause' | 'stop' | 'rollback', summary: string): Route => ({
  method: 'post',
  path: `/v1/experiments/{id}:${action}`,
  summary,
  permission: 'administer',
  body: reasonOnlySchema,
  answers: [200],
  handle: async ({ services, principal, params, body }) => {
    const experiment = await services.experiments[action](params.id, body, principal);
    return json({ ...experiment, ...(await services.serving.confirmations()) });
  },
});

export const experimentRoutes: readonly Route[] = [
  {
    method: 'get',
    path: '/v1/experiments',
    summary: 'Experiments',
    permission: 'view',
    query: { surface: 'Only of this surface' },
    answers: [200],
    handle: async ({ services, principal, query }) =>
      json({ experiments: await services.experiments.list(principal, query.surface) }),
  },
  {
    method: 'post',
    path: '/v1/experiments',
    summary: 'Create an experiment: variants bind policy versions',
    permission: 'administer',
    body: experimentSchema,
    answers: [201],
    handle: async ({ services, principal, body }) =>
      json(await services.experiments.create(body, principal), 201),
  },
  {
    method: 'post',
    path: '/v1/experiments/{id}:start',
    summary: 'Start, resume, or widen',
    permission: 'administer',
    body: startSchema,
    answers: [200],
    handle: async ({ services, principal, params, body }) =>
      json(await services.experiments.start(params.id, body, principal)),
  },
  {
    method: 'put',
    path: '/v1/experiments/{id}',
    summary: 'Declare it anew: a draft whole, later only what moves nobody to another side',
    permission: 'administer',
    body: experimentSchema,
    answers: [200],
    handle: async ({ services, principal, params, body }) =>
      json(await services.experiments.revise(params.id, body, principal)),
  },
  {
    method: 'post',
    path: '/v1/experiments/{id}:approve',
    summary: 'A second key agrees to its start, to a widening, or to the promotion of its treatment',
    permission: 'administer',
    body: approvalSchema,
    answers: [200],
    handle: async ({ services, principal, params, body }) =>
      json(await services.experiments.approve(params.id, body, principal)),
  },
  {
    method: 'post',
    path: '/v1/experiments/{id}:promote',
    summary: 'Make the treatment of a decided experiment the champion, and stop it',
    permission: 'administer',
    body: promoteSchema,
    answers: [200],
    handle: async ({ services, principal, params, body }) => {
      const experiment = await services.experiments.promote(params.id, body, principal);
      return json({ ...experiment, ...(await services.serving.confirmations()) });
    },
  },
  ending('pause', 'Send every unit to the champion until it is started again'),
  ending('stop', 'End it: every unit is on the champion again'),
  ending('rollback', 'End it because a guardrail was violated'),
  {
    method: 'get',
    path: '/v1/experiments/{id}/results',
    summary: 'Effect, guardrails and sample ratio now',
    permission: 'view',
    forVisitors: true,
    answers: [200],
    handle: async ({ services, principal, params }) =>
      json(await services.experiments.results(params.id, principal)),
  },
  {
    method: 'get',
    path: '/v1/experiments/{id}/looks',
    summary: 'Looks that were stored, in pages from the newest back; oldest first in each',
    permission: 'view',
    ...pageQuery,
    answers: [200],
    handle: async ({ services, principal, params, query }) =>
      json(await services.experiments.looks(params.id, principal, pageOf(query))),
  },
  {
    method: 'get',
    path: '/v1/experiments/{id}',
    summary: 'An experiment',
    permission: 'view',
    answers: [200],
    handle: async ({ services, principal, params }) =>
      json(await services.experiments.find(params.id, principal)),
  },
];
