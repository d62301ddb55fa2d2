import { exposuresSchema, interactionsSchema, MAX_FEEDBACK } from '../../src/service/schemas/feedback.ts';
import { limitBatch } from '../http/limit-rate.ts';
import { json, type Call, type Reply, type Route } from './route.ts';

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
    handle: (call) => acceptFeedback(call, 'exposures'),
  },
  {
    method: 'post',
    path: '/v1/interactions',
    summary: 'Say what followed decisions; idempotent by eventId',
    permission: 'decide',
    body: interactionsSchema,
    answers: [202],
    handle: (call) => acceptFeedback(call, 'interactions'),
  },
];

/** One event, or a list of them, which costs the key as many calls. */
function acceptFeedback({ services, principal, body }: Call, kind: 'exposures' | 'interactions'): Reply {
  const sent = (body as Readonly<Record<string, unknown>> | null | undefined)?.[kind];
  // A longer list is refused by the grammar.
  if (Array.isArray(sent)) limitBatch(services, principal, Math.min(sent.length, MAX_FEEDBACK));
  return json(services.feedback[kind](body, principal), 202);
}
