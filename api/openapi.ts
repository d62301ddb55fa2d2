import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { errorCatalogue, type ErrorCode } from '../src/core/errors.ts';
import {
  decideAnswerSchema,
  decideBatchSchema,
  decideRequestSchema,
} from '../src/service/schemas/decision.ts';
import { PROBLEM_TYPE } from './problem.ts';
import type { Route } from './routes/route.ts';

const codes = Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]];

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(codes),
    retryable: z.boolean(),
    violations: z.array(z.object({ field: z.string(), rule: z.string(), value: z.unknown().optional() })),
  })
  .meta({ id: 'Problem' });

const batchAnswerSchema = z
  .object({
    results: z.array(
      z.union([z.object({ decision: decideAnswerSchema }), z.object({ problem: problemSchema })]),
    ),
  })
  .meta({ id: 'DecideBatchAnswer' });

/** The two routes of the hot path, which has no rows of its own in the route table. */
export const decideRows = [
  {
    path: '/v1/decisions',
    summary: 'Decide; idempotent by requestId',
    request: decideRequestSchema,
    answer: decideAnswerSchema,
  },
  {
    path: '/v1/decisions:batch',
    summary: 'Decide up to 1000 requests, each answered or refused alone',
    request: decideBatchSchema,
    answer: batchAnswerSchema,
  },
] as const;

const problemResponse = {
  description: 'A problem document (RFC 9457)',
  content: { [PROBLEM_TYPE]: { schema: problemSchema } },
};

export function openapiDocument(routes: readonly Route[]): unknown {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const { path, summary, request, answer } of decideRows) {
    paths[path] = { post: decideOperation(summary, request, answer) };
  }
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    operations[route.method] = operationOf(route);
    paths[route.path] = operations;
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Allot',
      version: '1',
      description: 'Decide, log, learn under constraints, judge, promote, experiment.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ key: [] }],
    paths: paths,
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  });
}

function decideOperation(summary: string, request: z.ZodType, answer: z.ZodType): ZodOpenApiOperationObject {
  return {
    summary,
    description: 'Role: decide',
    requestBody: { required: true, content: { 'application/json': { schema: request } } },
    responses: {
      '200': { description: 'Decided', content: { 'application/json': { schema: answer } } },
      default: problemResponse,
    },
  };
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
  const responses: Record<string, unknown> = { default: problemResponse };
  for (const status of route.answers) {
    const isHtml = route.isPage === true;
    responses[String(status)] = {
      description: status === 202 ? 'Accepted' : 'Done',
      ...(isHtml ? { content: { 'text/html': { schema: z.string() } } } : {}),
    };
  }
  const query = Object.entries(route.query ?? {});
  return {
    summary: route.summary,
    description: route.permission === 'open' ? 'Open' : `Needs the permission: ${route.permission}`,
    ...(route.permission === 'open' ? { security: [] } : {}),
    requestParams: {
      ...(names.length > 0
        ? { path: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }
        : {}),
      ...(query.length > 0
        ? {
            query: z.object(
              Object.fromEntries(
                query.map(([name, description]) => [
                  name,
                  (route.queryTypes?.[name] ?? z.string()).optional().meta({ description }),
                ]),
              ),
            ),
          }
        : {}),
    },
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: !route.body.safeParse({}).success, content: requestContent(route) } }),
    responses: responses as ZodOpenApiOperationObject['responses'],
  };
}

function requestContent(route: Route): NonNullable<ZodOpenApiOperationObject['requestBody']>['content'] {
  return {
    'application/json': { schema: route.body ?? z.unknown() },
    ...(route.takesBytes === true
      ? { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } }
      : {}),
  };
}
