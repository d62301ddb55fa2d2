import { AllotError } from '../../core/errors.ts';
import type { ApiKeyRecord, Role } from '../ports/control.ts';

/** Who is calling, as told by the API key. */
export interface Principal {
  readonly keyId: string;
  readonly tenant: string;
  readonly role: Role;
  /** null: every surface of the tenant. */
  readonly surfaces: ReadonlySet<string> | null;
}

/** What a route asks for. */
export type Permission = 'decide' | 'view' | 'analyse' | 'train' | 'administer';

/**
 * reader ⊂ analyst ⊂ trainer ⊂ admin; a decider only decides and sends feedback, because its key sits in many
 * places.
 */
const permissions: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  decider: new Set<Permission>(['decide']),
  reader: new Set<Permission>(['view']),
  analyst: new Set<Permission>(['view', 'analyse']),
  trainer: new Set<Permission>(['view', 'analyse', 'train']),
  admin: new Set<Permission>(['view', 'analyse', 'train', 'administer', 'decide']),
};

export const principalOf = (record: ApiKeyRecord): Principal => ({
  keyId: record.id,
  tenant: record.tenant,
  role: record.role,
  surfaces: record.surfaces === null ? null : new Set(record.surfaces),
});

export const may = (principal: Principal, permission: Permission): boolean =>
  permissions[principal.role].has(permission);

export const coversSurface = (principal: Principal, surface: string): boolean =>
  principal.surfaces === null || principal.surfaces.has(surface);

/** Refuses with `forbidden` and says what was missing. */
export function authorise(principal: Principal, permission: Permission, surface?: string): void {
  if (!may(principal, permission)) {
    throw new AllotError('forbidden', `the role ${principal.role} may not ${permission}`);
  }
  if (surface !== undefined && !coversSurface(principal, surface)) {
    throw new AllotError('forbidden', 'the API key is not for this surface');
  }
}
