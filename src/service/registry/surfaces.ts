import { refuse } from '../../core/check.ts';
import { AllotError } from '../../core/errors.ts';
import { checkSurface } from '../../core/surface/check-surface.ts';
import type { Surface } from '../../core/surface/surface.ts';
import { unheldLimits } from '../../core/surface/unheld-limits.ts';
import type { AliasChange, PolicyStore, SurfaceStore } from '../ports/stores.ts';
import { parseWith } from '../schemas/parse.ts';
import { surfaceDeclarationSchema, surfaceOf } from '../schemas/surface.ts';
import type { Serving } from '../serving/serving.ts';
import { actorOf } from './actor.ts';
import { authorise, coversSurface, type Principal } from './principal.ts';

export interface SurfaceView {
  readonly surface: Surface;
  readonly isKilled: boolean;
  readonly aliases: Readonly<Record<string, string>>;
}

export interface Surfaces {
  list(principal: Principal): Promise<readonly SurfaceView[]>;
  find(
    name: string,
    principal: Principal,
  ): Promise<SurfaceView & { readonly history: readonly AliasChange[] }>;
  /** `warnings` says what the declaration promises and serving does not hold; left out where there is nothing. */
  declare(
    name: string,
    body: unknown,
    principal: Principal,
  ): Promise<Surface & { readonly warnings?: readonly string[] }>;
  setKilled(name: string, isKilled: boolean, principal: Principal, reason?: string): Promise<void>;
}

export interface SurfacesDependencies {
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly serving: Serving;
}

export function createSurfaces(deps: SurfacesDependencies): Surfaces {
  const { surfaces, policies, serving } = deps;
  const viewOf = async (surface: Surface, tenant: string): Promise<SurfaceView> => ({
    surface,
    isKilled: serving.snapshot?.tenants.get(tenant)?.surfaces.get(surface.name)?.isKilled ?? false,
    aliases: await policies.aliases(tenant, surface.name),
  });
  return {
    async list(principal) {
      authorise(principal, 'view');
      const all = (await surfaces.list(principal.tenant)).filter(({ name }) =>
        coversSurface(principal, name),
      );
      return await Promise.all(all.map((surface) => viewOf(surface, principal.tenant)));
    },
    async find(name, principal) {
      authorise(principal, 'view', name);
      const surface = await mustFindSurface(surfaces, principal.tenant, name);
      const history = await policies.aliasHistory(principal.tenant, name);
      return { ...(await viewOf(surface, principal.tenant)), history };
    },
    declare: (name, body, principal) => declare(deps, name, body, principal),
    async setKilled(name, isKilled, principal, reason) {
      authorise(principal, 'administer', name);
      await mustFindSurface(surfaces, principal.tenant, name);
      await surfaces.setKilled(name, isKilled, actorOf(principal, reason));
      await serving.refresh();
    },
  };
}

async function declare(
  { surfaces, serving }: SurfacesDependencies,
  name: string,
  body: unknown,
  principal: Principal,
): ReturnType<Surfaces['declare']> {
  authorise(principal, 'administer', name);
  const declared = parseWith(surfaceDeclarationSchema, body);
  const named = parseWith(surfaceDeclarationSchema.shape.name.unwrap(), name);
  if (declared.name !== undefined && declared.name !== named) {
    const rule = `must be the name in the path, ${named}`;
    refuse('invalid_request', [{ field: 'name', rule, value: declared.name }]);
  }
  const surface = surfaceOf(declared, named);
  refuse('surface_invalid', checkSurface(surface));
  await surfaces.declare(surface, actorOf(principal));
  await serving.refresh();
  const warnings = unheldLimits(surface);
  return warnings.length === 0 ? surface : { ...surface, warnings };
}

export async function mustFindSurface(
  surfaces: SurfaceStore,
  tenant: string,
  name: string,
): Promise<Surface> {
  const surface = await surfaces.find(tenant, name);
  if (surface === undefined) {
    throw new AllotError('surface_unknown', 'the surface is not declared', {
      violations: [{ field: 'surface', rule: 'must be declared', value: name.slice(0, 80) }],
    });
  }
  return surface;
}
