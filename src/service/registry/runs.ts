import { randomUUID } from 'node:crypto';
import { AllotError } from '../../core/errors.ts';
import type { RunKind, RunPage, RunPageRequest, RunRecord, RunStore } from '../ports/runs.ts';
import type { SurfaceStore } from '../ports/stores.ts';
import { parseWith } from '../schemas/parse.ts';
import { promotedAliasSchema, runRequestSchema } from '../schemas/registry.ts';
import { CHAMPION } from '../serving/served-surface.ts';
import { actorOf } from './actor.ts';
import { authorise, scopesOf, type Principal } from './principal.ts';
import { mustFindSurface } from './surfaces.ts';

export interface Runs {
  /** Queues an offline job; follow it by its id. */
  start(kind: RunKind, body: unknown, principal: Principal): Promise<RunRecord>;
  list(
    kind: RunKind,
    principal: Principal,
    surface: string | undefined,
    page: RunPageRequest,
  ): Promise<RunPage>;
  find(kind: RunKind, id: string, principal: Principal): Promise<RunRecord>;
}

export function createRuns(deps: { readonly runs: RunStore; readonly surfaces: SurfaceStore }): Runs {
  const { runs, surfaces } = deps;
  const find = async (kind: RunKind, id: string, principal: Principal): Promise<RunRecord> => {
    authorise(principal, 'view');
    const run = await runs.find(principal.tenant, id);
    if (run === undefined || run.kind !== kind) throw new AllotError('run_unknown', 'the run does not exist');
    authorise(principal, 'view', run.surface);
    return run;
  };
  return {
    async start(kind, body, principal) {
      authorise(principal, 'train');
      const { surface, config, reason } = parseWith(runRequestSchema, body);
      authorise(principal, permissionFor(kind, config), surface);
      await mustFindSurface(surfaces, principal.tenant, surface);
      const id = randomUUID();
      await runs.enqueue({ id, kind, surface, config }, actorOf(principal, reason));
      return await find(kind, id, principal);
    },
    async list(kind, principal, surface, page) {
      authorise(principal, 'view', surface);
      const surfaces = scopesOf(principal, surface).filter((scope) => scope !== undefined);
      const isAll = surface === undefined && principal.surfaces === null;
      return await runs.list(principal.tenant, { kinds: [kind], ...(isAll ? {} : { surfaces }), ...page });
    },
    find,
  };
}

/**
 * What is served at once is not a trainer's to decide, nor to go against the gate: who may train also chooses the log, the rows
 * and the opponent that a candidate is judged by.
 */
function permissionFor(kind: RunKind, config: Readonly<Record<string, unknown>>): 'train' | 'administer' {
  if (kind !== 'promotion') return 'train';
  const { alias } = parseWith(promotedAliasSchema, config);
  return alias === CHAMPION || config.override !== undefined ? 'administer' : 'train';
}
