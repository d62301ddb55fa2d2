import type { Actor } from '../ports/stores.ts';
import type { Principal } from './principal.ts';

/** The audit trail names the key, not its role: roles change, ids do not. */
export const actorOf = (principal: Principal, reason?: string): Actor => ({
  tenant: principal.tenant,
  id: principal.keyId,
  ...(reason === undefined ? {} : { reason }),
});
