import type { ApiKeyRecord, ControlState } from '../ports/control.ts';
import {
  compileServedSurface,
  type CompileContext,
  type CompiledSurface,
  type GoodChampion,
  type ServedSurface,
} from './served-surface.ts';

export interface TenantSnapshot {
  readonly surfaces: ReadonlyMap<string, ServedSurface>;
  /** Filled as decision ids are seen: the tag inside an id → its surface. */
  readonly byTag: Map<string, ServedSurface>;
}

/** Everything the deciders read, compiled from one `ControlState`; replaced as a whole, never changed. */
export interface ServingSnapshot {
  readonly revision: number;
  readonly source: 'store' | 'disk';
  readonly tenants: ReadonlyMap<string, TenantSnapshot>;
  readonly keysByHash: ReadonlyMap<string, ApiKeyRecord>;
  readonly state: ControlState;
  /** By `tenant/surface`: what the next snapshot falls back on. */
  readonly champions: ReadonlyMap<string, GoodChampion>;
  /** False when an artifact could not be fetched or was refused; the watcher then tries again. */
  readonly isComplete: boolean;
}

export function compileSnapshot(
  state: ControlState,
  context: CompileContext,
  previous: ServingSnapshot | null,
): ServingSnapshot {
  const { source } = context;
  const tenants = new Map<
    string,
    { surfaces: Map<string, ServedSurface>; byTag: Map<string, ServedSurface> }
  >();
  const champions = new Map<string, GoodChampion>();
  let isComplete = true;
  for (const control of state.surfaces) {
    const id = surfaceKey(control.tenant, control.surface.name);
    const compiled = compileServedSurface(control, context, previous?.champions.get(id) ?? null);
    const tenant = tenants.get(control.tenant) ?? { surfaces: new Map(), byTag: new Map() };
    tenant.surfaces.set(control.surface.name, compiled.served);
    tenants.set(control.tenant, tenant);
    rememberChampion(champions, id, compiled);
    isComplete &&= compiled.isComplete;
  }
  const keysByHash = new Map(state.keys.filter((k) => k.revokedAt === null).map((k) => [k.keyHash, k]));
  return { revision: state.revision, source, tenants, keysByHash, state, champions, isComplete };
}

export const surfaceKey = (tenant: string, surface: string): string => `${tenant}\n${surface}`;

function rememberChampion(
  champions: Map<string, GoodChampion>,
  id: string,
  { served, championHash }: CompiledSurface,
): void {
  const champion = served.champion ?? served.lastGoodChampion;
  if (champion !== null && championHash !== null) champions.set(id, { champion, hash: championHash });
}
