import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, violation } from '../../src/core/check.ts';
import { authorise, type Principal } from '../../src/service/registry/principal.ts';
import { MAX_BATCH } from '../../src/service/schemas/decision.ts';
import { answerText } from '../../src/service/serving/decide-answer.ts';
import { authenticate } from '../http/authenticate.ts';
import { limitBatch, limitRate } from '../http/limit-rate.ts';
import { parseJson, receiveBody, requireJson } from '../http/read-body.ts';
import { sendProblem } from '../http/send.ts';
import { problemOf, type Problem } from '../problem.ts';
import type { ApiServices } from '../services.ts';
import { AnswerHeads } from './answer-heads.ts';
import { TickGroup } from './tick-group.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * `POST /v1/decisions` and `:batch` on bare node:http, because Express alone costs several times a decision. The same
 * functions are mounted in the Express app, so both ways in behave alike.
 */
export function createDecideHandlers(services: ApiServices): {
  readonly single: Handler;
  readonly batch: Handler;
} {
  const heads = new AnswerHeads();
  const group = new TickGroup(services, heads);
  return {
    single: handlerOf(services, (body, principal, request, response) => {
      group.add({ body, principal, request, response });
    }),
    batch: handlerOf(services, (body, principal, _, response) => {
      heads.send(response, decideBatch(services, body, principal));
    }),
  };
}

type Decide = (
  body: unknown,
  principal: Principal,
  request: IncomingMessage,
  response: ServerResponse,
) => void;

function handlerOf(services: ApiServices, decide: Decide): Handler {
  return (request, response) => {
    try {
      const principal = authenticate(request, services.serving);
      limitRate(services, principal);
      authorise(principal, 'decide');
      requireJson(request);
      receiveBody(
        request,
        services.limits.bodyBytes,
        (bytes) => {
          try {
            decide(parseJson(bytes), principal, request, response);
          } catch (error) {
            sendProblem(request, response, error, services);
          }
        },
        (error) => sendProblem(request, response, error, services),
      );
    } catch (error) {
      sendProblem(request, response, error, services);
    }
  };
}

/**
 * JSON with one result per request of the batch, in its order: the decision, or the problem of that request alone. A bad
 * request does not refuse its neighbours: they are other people's feeds.
 */
function decideBatch(services: ApiServices, body: unknown, principal: Principal): string {
  const calls = requestsOf(body).map((request) => ({ body: request, principal }));
  limitBatch(services, principal, calls.length);
  const results = services.serving.decideAll(calls);
  const texts = results.map((result) =>
    'error' in result
      ? `{"problem":${JSON.stringify(refused(services, result.error))}}`
      : `{"decision":${answerText(result.answer)}}`,
  );
  return `{"results":[${texts.join(',')}]}`;
}

function refused(services: ApiServices, error: unknown): Problem {
  const problem = problemOf(error);
  services.metrics.requestRefused(problem.code);
  if (problem.code === 'internal') services.logger.error({ error }, 'a decision failed inside the service');
  return problem;
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
