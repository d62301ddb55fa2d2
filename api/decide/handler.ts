import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, violation } from '../../src/core/check.ts';
import type { Principal } from '../../src/service/registry/principal.ts';
import { MAX_BATCH } from '../../src/service/schemas/decision.ts';
import type { DecideAnswer } from '../../src/service/serving/decide-answer.ts';
import { authenticate } from '../http/authenticate.ts';
import { parseJson, readBody, requireJson } from '../http/read-body.ts';
import { sendJson, sendProblem } from '../http/send.ts';
import { problemOf, type Problem } from '../problem.ts';
import type { ApiServices } from '../services.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** One answer per request of the batch, in its order: the decision, or the problem of that request alone. */
export interface BatchAnswer {
  readonly results: readonly ({ readonly decision: DecideAnswer } | { readonly problem: Problem })[];
}

type Decide = (body: unknown, principal: Principal) => unknown;

/**
 * `POST /v1/decisions` and `:batch` on bare node:http, because Express alone costs several times a decision. The same
 * functions are mounted in the Express app, so both ways in behave alike.
 */
export function createDecideHandlers(services: ApiServices): {
  readonly single: Handler;
  readonly batch: Handler;
} {
  const { serving } = services;
  return {
    single: handlerOf(services, (body, principal) => serving.decide(body, principal)),
    batch: handlerOf(services, (body, principal) => decideBatch(services, body, principal)),
  };
}

function handlerOf(services: ApiServices, decide: Decide): Handler {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const principal = authenticate(request, services.serving);
    requireJson(request);
    const bytes = await readBody(request, services.limits.bodyBytes);
    sendJson(response, 200, decide(parseJson(bytes), principal));
  };
  return (request, response) => {
    answer(request, response).catch((error: unknown) => sendProblem(request, response, error, services));
  };
}

/** A bad request in a batch is refused alone: its neighbours are other people's feeds. */
function decideBatch(services: ApiServices, body: unknown, principal: Principal): BatchAnswer {
  const requests = requestsOf(body);
  return {
    results: requests.map((request) => {
      try {
        return { decision: services.serving.decide(request, principal) };
      } catch (error) {
        const problem = problemOf(error);
        services.metrics.requestRefused(problem.code);
        if (problem.code === 'internal')
          services.logger.error({ error }, 'a decision failed inside the service');
        return { problem };
      }
    }),
  };
}

function requestsOf(body: unknown): readonly unknown[] {
  const sent = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const unknown = Object.keys(sent).filter((field) => field !== 'requests');
  refuse(
    'invalid_request',
    unknown.slice(0, 20).map((field) => violation(field, 'is not a known field', sent[field])),
  );
  const { requests } = sent;
  if (!Array.isArray(requests)) {
    refuse('invalid_request', [violation('requests', 'must be an array of decision requests', requests)]);
  }
  const list = requests as unknown[];
  if (list.length === 0 || list.length > MAX_BATCH) {
    refuse('invalid_request', [
      violation('requests', `must hold 1 to ${String(MAX_BATCH)} requests`, list.length),
    ]);
  }
  return list;
}
