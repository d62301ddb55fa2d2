import type { IncomingMessage, ServerResponse } from 'node:http';
import { AllotError } from '../../src/core/errors.ts';
import type { ApiServices } from '../services.ts';
import { headersOfProblem, PROBLEM_TYPE, problemOf } from '../problem.ts';
import { ClientGone, TooLarge } from './read-body.ts';
import { pageHeaders, securityHeaders } from './security-headers.ts';

export const jsonHeaders: Readonly<Record<string, string>> = {
  ...securityHeaders,
  'content-type': 'application/json; charset=utf-8',
};

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { ...jsonHeaders, 'content-length': String(Buffer.byteLength(body)) });
  response.end(body);
}

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function sendPage(response: ServerResponse, page: Page): void {
  const body = Buffer.from(page.body);
  response.writeHead(page.status, {
    ...securityHeaders,
    ...pageHeaders,
    'content-type': page.contentType,
    'content-length': String(body.length),
    ...page.headers,
  });
  response.end(body);
}

/** Answers with a problem document; what is not our caller's doing is logged. */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  services: Pick<ApiServices, 'logger' | 'metrics'>,
  extra: Readonly<Record<string, string>> = {},
): void {
  if (error instanceof ClientGone || response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const problem = problemOf(error);
  services.metrics.requestRefused(problem.code);
  if (!(error instanceof AllotError)) services.logger.error({ error }, 'a request failed inside the service');
  else if (problem.status >= 500)
    services.logger.warn({ error, code: problem.code }, 'a request was not served');
  const body = Buffer.from(JSON.stringify(problem));
  const mustClose = error instanceof TooLarge ? error.mustClose : !request.complete;
  response.writeHead(problem.status, {
    ...securityHeaders,
    'content-type': PROBLEM_TYPE,
    'content-length': String(body.length),
    ...headersOfProblem(problem, error),
    ...(mustClose ? { connection: 'close' } : {}),
    ...extra,
  });
  response.end(body);
  if (mustClose) lingerThenClose(request);
}

const LINGER_MS = 500;

/** The rest of the body is read and dropped for a moment, so that the answer is not lost in a reset. */
function lingerThenClose(request: IncomingMessage): void {
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  timer.unref();
  request.socket.once('close', () => clearTimeout(timer));
}
