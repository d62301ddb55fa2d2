import { z } from 'zod';
import { refuse, violation } from '../../src/core/check.ts';
import { callerIdSchema } from '../../src/service/schemas/common.ts';
import { parseWith } from '../../src/service/schemas/parse.ts';
import type { Route } from './route.ts';

const LARGEST = 1000;
/** Looks are numbered. */
const LAST = 2 ** 31 - 1;

export const limitQuery = {
  query: { limit: `1 to ${String(LARGEST)}, default 100` },
  queryTypes: { limit: z.int().min(1).max(LARGEST) },
} as const satisfies Pick<Route, 'query' | 'queryTypes'>;

export const pageQuery = {
  query: {
    ...limitQuery.query,
    before: '`next` of the page that this one comes before; default: the newest',
  },
  queryTypes: { ...limitQuery.queryTypes, before: z.int().min(1).max(LAST) },
} as const satisfies Pick<Route, 'query' | 'queryTypes'>;

export const runPageQuery = {
  query: { ...limitQuery.query, before: '`next` of the page before; default: the newest' },
  queryTypes: limitQuery.queryTypes,
} as const satisfies Pick<Route, 'query' | 'queryTypes'>;

type Query = Readonly<Record<string, string | undefined>>;

export const limitOf = ({ limit }: Query): number => wholeNumber('limit', limit ?? '100', LARGEST);

export const pageOf = (query: Query): { readonly limit: number; readonly before?: number } => {
  const limit = limitOf(query);
  const { before } = query;
  return before === undefined ? { limit } : { limit, before: wholeNumber('before', before, LAST) };
};

const runIdSchema = z.object({ before: callerIdSchema });

/** Runs have ids of any text; one that there is not comes before nothing. */
export const runPageOf = (query: Query): { readonly limit: number; readonly before?: string } => {
  const limit = limitOf(query);
  const { before } = query;
  return before === undefined ? { limit } : { limit, ...parseWith(runIdSchema, { before }) };
};

function wholeNumber(field: string, sent: string, largest: number): number {
  const value = Number(sent);
  if (!Number.isInteger(value) || value < 1 || value > largest)
    refuse('invalid_request', [
      violation(field, `must be a whole number from 1 to ${String(largest)}`, sent),
    ]);
  return value;
}
