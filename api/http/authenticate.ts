import type { IncomingMessage } from 'node:http';
import { AllotError } from '../../src/core/errors.ts';
import type { Principal } from '../../src/service/registry/principal.ts';
import type { Serving } from '../../src/service/serving/serving.ts';

const scheme = 'Bearer ';

/** The caller by its `Authorization: Bearer` key; refuses a missing and an unknown key alike. */
export function authenticate(request: IncomingMessage, serving: Pick<Serving, 'authenticate'>): Principal {
  const header = request.headers.authorization;
  const isBearer = header !== undefined && header.slice(0, scheme.length).toLowerCase() === 'bearer ';
  const principal = isBearer ? serving.authenticate(header.slice(scheme.length).trim()) : undefined;
  if (principal === undefined) {
    throw new AllotError('unauthenticated', 'send a valid key as Authorization: Bearer <key>');
  }
  return principal;
}
