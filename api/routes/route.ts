import type { z } from 'zod';
import type { Permission, Principal } from '../../src/service/registry/principal.ts';
import type { Client, Sessions } from '../dashboard/sessions.ts';
import type { Page } from '../http/send.ts';
import type { ApiServices } from '../services.ts';

export type Reply =
  | { readonly status: number; readonly json: unknown }
  | { readonly page: Page }
  | { readonly redirect: string; readonly headers?: Readonly<Record<string, string>> };

export interface Call {
  readonly services: ApiServices;
  /** The caller; for an open route nobody in particular. */
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined where none was sent. */
  readonly body: unknown;
  /** Of routes that take `bytes`. */
  readonly bytes: Buffer | null;
  readonly cookies: Readonly<Record<string, string>>;
  readonly sessions: Sessions;
  readonly client: Client;
}

/**
 * One row of the API. Express, `openapi.json` and `/docs` are all made from these rows, so none of them can name a route
 * that the others do not have.
 */
export interface Route {
  readonly method: 'get' | 'post' | 'put';
  /** OpenAPI style: `/v1/surfaces/{name}:kill`. */
  readonly path: string;
  readonly summary: string;
  readonly permission: Permission | 'open';
  readonly query?: Readonly<Record<string, string>>;
  /** For OpenAPI, where a parameter is not just any text. */
  readonly queryTypes?: Readonly<Record<string, z.ZodType>>;
  /** A zod schema for OpenAPI; the use case parses with it. */
  readonly body?: z.ZodType;
  /** Takes `application/octet-stream` as well. */
  readonly takesBytes?: boolean;
  readonly takesForm?: boolean;
  /** Answers HTML. */
  readonly isPage?: boolean;
  /** The overview links here: its session cookie is good enough. */
  readonly forVisitors?: boolean;
  readonly answers: readonly number[];
  readonly answer?: z.ZodType;
  readonly handle: (call: Call) => Promise<Reply> | Reply;
}

export const json = (value: unknown, status = 200): Reply => ({ status, json: value });

export const html = (
  body: string,
  policy: string,
  status = 200,
  headers: Record<string, string> = {},
): Reply => ({
  page: {
    status,
    contentType: 'text/html; charset=utf-8',
    body,
    headers: { 'content-security-policy': policy, ...headers },
  },
});
