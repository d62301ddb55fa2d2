import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { AllotError } from '../../src/core/errors.ts';

/** How much of a refused body is still read, so that the client gets to see the answer. */
const DRAIN_FACTOR = 8;
const MIN_DRAIN = 1_048_576;

/**
 * Reads a whole body of at most `limit` bytes. A larger one is read on and thrown away up to eight times the limit, so
 * that the refusal arrives: closing at once would reset the connection under a client that is still sending. Beyond
 * that, `mustClose` is set on the error and the connection is given up. A client that goes away before it has sent
 * everything gets neither callback: there is nobody to answer.
 */
export function receiveBody(
  request: IncomingMessage,
  limit: number,
  receive: (bytes: Buffer) => void,
  refuse: (error: TooLarge) => void,
): void {
  const drainLimit = Math.max(limit * DRAIN_FACTOR, MIN_DRAIN);
  if (Number(request.headers['content-length'] ?? 0) > drainLimit) {
    refuse(new TooLarge(limit, true));
    return;
  }
  let first: Buffer | null = null;
  let more: Buffer[] = [];
  let received = 0;
  let isRefused = false;
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > limit) {
      first = null;
      more = [];
      if (received <= drainLimit || isRefused) return;
      isRefused = true;
      refuse(new TooLarge(limit, true));
    } else if (first === null) first = chunk;
    else more.push(chunk);
  });
  request.on('end', () => {
    if (isRefused) return;
    if (received > limit) refuse(new TooLarge(limit, false));
    else if (first === null) receive(Buffer.alloc(0));
    else receive(more.length === 0 ? first : Buffer.concat([first, ...more]));
  });
}

/** The same as a promise, which is rejected with `ClientGone` when the client goes away. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    receiveBody(request, limit, resolve, reject);
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new ClientGone());
    });
  });
}

/** The client went away before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** A refusal after which the connection cannot be used any more. */
export class TooLarge extends AllotError {
  readonly mustClose: boolean;

  constructor(limit: number, mustClose: boolean) {
    const rule = `must be at most ${String(limit)} bytes`;
    super('body_too_large', `the body ${rule}`, { violations: [{ field: '', rule }] });
    this.mustClose = mustClose;
  }
}

/** JSON only, uncompressed: `application/json` or a `+json` type. */
export function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type'] ?? '';
  const isJson = type === 'application/json' || /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type);
  if (!isJson) {
    throw new AllotError('unsupported_media_type', 'the content type must be application/json', {
      violations: [{ field: 'content-type', rule: 'must be application/json', value: type.slice(0, 80) }],
    });
  }
  refuseEncoded(request);
}

export function refuseEncoded(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new AllotError('unsupported_media_type', 'compressed bodies are not accepted', {
      violations: [{ field: 'content-encoding', rule: 'must be identity', value: encoding.slice(0, 80) }],
    });
  }
}

/** Parses strictly: bytes that are not UTF-8 are refused, not replaced. */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new AllotError('invalid_json', 'the body is not UTF-8');
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    // V8 quotes the text in its message; only the position is passed on.
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const where = position === undefined ? '' : ` (at position ${position})`;
    throw new AllotError('invalid_json', `the body is not valid JSON${where}`, { cause: error });
  }
}

const MAX_DEPTH = 20;
const MAX_ITEMS = 20_000;

/** Refuses what no grammar of ours needs: deep nesting, huge arrays, and keys that reach for the prototype. */
export function limitShape(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_DEPTH) {
    throw new AllotError('invalid_request', `the body is nested deeper than ${String(MAX_DEPTH)} levels`);
  }
  const isArray = Array.isArray(value);
  const entries = isArray ? value : Object.values(value);
  if (entries.length > MAX_ITEMS) {
    throw new AllotError('invalid_request', `a list or object has more than ${String(MAX_ITEMS)} entries`);
  }
  if (!isArray && Object.hasOwn(value, '__proto__')) {
    throw new AllotError('invalid_request', '__proto__: is not a known field', {
      violations: [{ field: '__proto__', rule: 'is not a known field' }],
    });
  }
  for (const entry of entries) limitShape(entry, depth + 1);
}
