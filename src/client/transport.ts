import type { ErrorCode, Violation } from '../core/errors.ts';

export interface ClientOptions {
  /** Where the api listens, e.g. http://127.0.0.1:8080 */
  readonly url: string;
  readonly key: string;
  /** Of one call, its answer included. */
  readonly timeoutMs?: number;
}

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly violations: readonly Violation[];
}

/** A refusal by the service. */
export class AllotApiError extends Error {
  override readonly name = 'AllotApiError';
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(`${String(problem.status)} ${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** Path template whose values are percent-encoded. */
export const pathOf = (parts: TemplateStringsArray, ...values: readonly string[]): string =>
  parts.reduce((path, part, i) => path + part + (i < values.length ? encodeURIComponent(values[i]) : ''), '');

/** One call: JSON in (bytes as they are), JSON out. */
export function createTransport({ url, key, timeoutMs = 30_000 }: ClientOptions) {
  const base = url.replace(/\/+$/, '');
  return async <T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<T> => {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(base + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined
          ? {}
          : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const value = parseAnswer(text);
    if (isProblem(value)) throw new AllotApiError(value);
    if (!response.ok && path !== '/health/ready') throw new AllotApiError(unreadable(response.status));
    return value as T;
  };
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const isProblem = (value: unknown): value is ProblemDocument =>
  typeof value === 'object' && value !== null && 'code' in value && 'retryable' in value && 'status' in value;

/** Something between us and the service answered. */
const unreadable = (status: number): ProblemDocument => ({
  type: 'about:blank',
  title: 'The answer is not from Allot',
  status,
  detail: 'the answer is not a problem document',
  code: 'internal',
  retryable: true,
  violations: [],
});
