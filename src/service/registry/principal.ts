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

/** What a route asks for. `metrics` are of the process: of every tenant and surface that it serves. */
export type Permission = 'decide' | 'view' | 'metrics' | 'analyse' | 'train' | 'administer';

/** Whose installation it is: its keys, and nobody else's, see what is of all tenants at once. */
export const OPERATOR_TENANT = 'default';

/**
 * reader ⊂ analyst ⊂ trainer ⊂ admin; a decider only decides and sends feedback, because its key sits in many
 * places.
 */
const permissions: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  decider: new Set<Permission>(['decide']),
  reader: new Set<Permission>(['view', 'metrics']),
  analyst: new Set<Permission>(['view', 'metrics', 'analyse']),
  trainer: new Set<Permission>(['view', 'metrics', 'analyse', 'train']),
  admin: new Set<Permission>(['view', 'metrics', 'analyse', 'train', 'administer', 'decide']),
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

/**
 * What to ask a store for: the surface that was named, else each one that the key is limited to, else all at once
 * (`undefined`).
 */
export const scopesOf = (principal: Principal, surface?: string): readonly (string | undefined)[] =>
  surface === undefined && principal.surfaces !== null ? [...principal.surfaces] : [surface];

/** Refuses with `forbidden` and says what was missing. */
export function authorise(principal: Principal, permission: Permission, surface?: string): void {
  if (!may(principal, permission)) {
    throw new AllotError('forbidden', `the role ${principal.role} lacks the permission: ${permission}`);
  }
  if (permission === 'metrics') authoriseOperator(principal);
  if (surface !== undefined && !coversSurface(principal, surface)) {
    throw new AllotError('forbidden', 'the API key is not for this surface');
  }
}

/** For what has no surface to filter by: a key that is limited to some would see the others. */
export function authoriseWhole(principal: Principal, permission: Permission): void {
  authorise(principal, permission);
  if (principal.surfaces === null) return;
  throw new AllotError('forbidden', 'this is of all surfaces, and the API key is limited to some');
}

function authoriseOperator(principal: Principal): void {
  if (principal.tenant === OPERATOR_TENANT && principal.surfaces === null) return;
  throw new AllotError(
    'forbidden',
    `metrics are of all tenants and surfaces: they need a key of the tenant ${OPERATOR_TENANT} without limits`,
  );
}
