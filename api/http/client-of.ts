import type { IncomingMessage } from 'node:http';
import type { Client } from '../dashboard/sessions.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * A cookie is kept for TLS unless the page was asked for on loopback, where there is none: TLS ends in front of us, so our own
 * connection says nothing. A caller who lies about `host` or `x-forwarded-proto` only spoils a cookie of their own.
 */
export function clientOf(request: IncomingMessage, hasSecureCookies: boolean): Client {
  const { host = '', 'x-forwarded-proto': forwarded } = request.headers;
  const isForwardedTls = String(forwarded).split(',')[0]?.trim().toLowerCase() === 'https';
  return {
    address: request.socket.remoteAddress ?? '',
    isSecure: hasSecureCookies && (isForwardedTls || !LOOPBACK.test(host)),
  };
}
