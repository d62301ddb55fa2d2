import { exposuresSchema, interactionsSchema } from '../../src/service/schemas/feedback.ts';
import { json, type Route } from './route.ts';

const pending = { status: 'pending', detail: 'the id is ours; its record has not arrived yet' };

export const decisionRoutes: readonly Route[] = [
  {
    method: 'post',
    path: '/v1/decisions/{id}:replay',
    summary: 'Recompute a logged decision and compare',
    permission: 'analyse',
    answers: [200, 202],
    async handle({ services, principal, params }) {
      const replay = await services.decisions.replay(params.id, principal);
      return replay === 'pending' ? json(pending, 202) : json(replay);
    },
  },
  {
    method: 'get',
    path: '/v1/decisions/{id}',
    summary: 'A logged decision with its exposures and interactions',
    permission: 'analyse',
    answers: [200, 202],
    async handle({ services, principal, params }) {
      const record = await services.decisions.find(params.id, principal);
      return record === 'pending' ? json(pending, 202) : json(record);
    },
  },
  {
    method: 'post',
    path: '/v1/exposures',
    summary: 'Say that decisions were delivered; idempotent by eventId',
    permission: 'decide',
    body: exposuresSchema,
    answers: [202],
    handle: ({ services, principal, body }) => json(services.feedback.exposures(body, principal), 202),
  },
  {
    method: 'post',
    path: '/v1/interactions',
    summary: 'Say what followed decisions; idempotent by eventId',
    permission: 'decide',
    body: interactionsSchema,
    answers: [202],
    handle: ({ services, principal, body }) => json(services.feedback.interactions(body, principal), 202),
  },
];
