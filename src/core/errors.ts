/**
 * The closed catalogue of everything Allot can refuse. HTTP statuses live in `api/problem.ts`, exit codes in
 * `src/cli`; a test compares this catalogue with `docs/errors.md` and with the OpenAPI description.
 */
export const errorCatalogue = {
  invalid_json: { retryable: false, title: 'The body is not valid JSON' },
  invalid_request: { retryable: false, title: 'A field of the request breaks a rule' },
  body_too_large: { retryable: false, title: 'The body is larger than allowed' },
  unsupported_media_type: { retryable: false, title: 'The content type must be application/json' },
  unauthenticated: { retryable: false, title: 'The API key is missing or unknown' },
  forbidden: { retryable: false, title: 'The API key may not do this' },
  route_unknown: { retryable: false, title: 'There is no such route' },
  method_not_allowed: { retryable: false, title: 'The route does not take this method' },
  surface_unknown: { retryable: false, title: 'The surface is not declared' },
  policy_unknown: { retryable: false, title: 'The policy version is not registered' },
  experiment_unknown: { retryable: false, title: 'The experiment does not exist' },
  decision_unknown: { retryable: false, title: 'The decision is not stored' },
  run_unknown: { retryable: false, title: 'The run does not exist' },
  decision_id_invalid: { retryable: false, title: 'The decision id was not issued by this service' },
  decision_id_foreign: { retryable: false, title: 'The decision id belongs to another tenant' },
  request_id_conflict: { retryable: false, title: 'The request id was used with another body' },
  schema_breaking_change: { retryable: false, title: 'The change needs a new schema version' },
  state_conflict: { retryable: false, title: 'The object is not in a state that allows this' },
  surface_invalid: { retryable: false, title: 'The surface declaration breaks a rule' },
  artifact_invalid: {
    retryable: false,
    title: 'The policy artifact is damaged, not signed or for another surface',
  },
  rate_limited: { retryable: true, title: 'Too many requests for this key' },
  journal_full: { retryable: true, title: 'The journal cannot take more events now' },
  store_unavailable: { retryable: true, title: 'The database does not answer' },
  broker_unavailable: { retryable: true, title: 'The event broker does not answer' },
  config_invalid: { retryable: false, title: 'A setting breaks a rule' },
  log_unreadable: { retryable: false, title: 'The log file cannot be read' },
  mapping_invalid: { retryable: false, title: 'The mapping does not fit the file' },
  snapshot_invalid: { retryable: false, title: 'The snapshot is damaged or incomplete' },
  training_diverged: { retryable: false, title: 'Training stopped itself' },
  internal: { retryable: true, title: 'Something failed inside the service' },
} as const satisfies Record<string, { readonly retryable: boolean; readonly title: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** One broken rule: which field (JSON path or column), which rule, and what was sent (shortened). */
export interface Violation {
  readonly field: string;
  readonly rule: string;
  readonly value?: unknown;
}

/** A refusal with a reason. `message` is safe to show to a caller; `cause` is for the log only. */
export class AllotError extends Error {
  override readonly name = 'AllotError';
  readonly code: ErrorCode;
  readonly violations: readonly Violation[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly violations?: readonly Violation[]; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.violations = options.violations ?? [];
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}
