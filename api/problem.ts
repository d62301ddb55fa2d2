import { AllotError, errorCatalogue, type ErrorCode, type Violation } from '../src/core/errors.ts';

/** HTTP status of every code; the type makes a new code without a status a compile error. */
export const statusOfCode: Readonly<Record<ErrorCode, number>> = {
  invalid_json: 400,
  invalid_request: 400,
  body_too_large: 413,
  unsupported_media_type: 415,
  unauthenticated: 401,
  forbidden: 403,
  route_unknown: 404,
  method_not_allowed: 405,
  surface_unknown: 404,
  policy_unknown: 404,
  experiment_unknown: 404,
  decision_unknown: 404,
  run_unknown: 404,
  decision_id_invalid: 400,
  decision_id_foreign: 403,
  request_id_conflict: 409,
  schema_breaking_change: 409,
  state_conflict: 409,
  surface_invalid: 400,
  artifact_invalid: 422,
  rate_limited: 429,
  journal_full: 503,
  store_unavailable: 503,
  broker_unavailable: 503,
  config_invalid: 500,
  log_unreadable: 422,
  mapping_invalid: 422,
  snapshot_invalid: 422,
  training_diverged: 422,
  internal: 500,
};

/** An RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly violations: readonly Violation[];
}

export const PROBLEM_TYPE = 'application/problem+json';
const RETRY_AFTER_SECONDS = 5;

/** What a caller may see; anything that is not an `AllotError` becomes `internal` without its message. */
export function problemOf(error: unknown): Problem {
  const known =
    error instanceof AllotError ? error : new AllotError('internal', 'something failed inside the service');
  const { retryable, title } = errorCatalogue[known.code];
  return {
    type: `/docs#${known.code}`,
    title,
    status: statusOfCode[known.code],
    detail: shorten(known.message, MAX_DETAIL),
    code: known.code,
    retryable,
    violations: known.violations.slice(0, MAX_VIOLATIONS).map(shortField),
  };
}

/** An answer must not grow with what was sent: field names are the caller's own words. */
const MAX_VIOLATIONS = 100;
const MAX_DETAIL = 1000;
const MAX_FIELD = 200;

const shorten = (text: string, max: number): string =>
  text.length > max ? `${text.slice(0, max - 3)}...` : text;

const shortField = (broken: Violation): Violation =>
  broken.field.length > MAX_FIELD ? { ...broken, field: shorten(broken.field, MAX_FIELD) } : broken;

/** Headers that belong to a problem: how to authenticate, when to come back. */
export function headersOfProblem({ status }: Problem, error?: unknown): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer realm="allot"' };
  if (status === 503 || status === 429) {
    const { retryAfterSeconds = RETRY_AFTER_SECONDS } = (error ?? {}) as { retryAfterSeconds?: number };
    return { 'retry-after': String(retryAfterSeconds) };
  }
  return {};
}
