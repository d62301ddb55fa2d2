import type pg from 'pg';
import { AllotError } from '../core/errors.ts';
import type { Experiment } from '../core/experiment/experiment.ts';
import { judgementOf } from '../core/experiment/frozen-fields.ts';
import { changedExperiment, detailsOf, type ExperimentChange } from '../core/experiment/transition.ts';
import type { Actor, ExperimentStore, LookPage, PageRequest } from '../service/ports/stores.ts';
import { requireLeader } from './leader.ts';
import { moveAlias } from './policy-store.ts';
import { audit, changeControl, inTransaction, query } from './transaction.ts';

interface Row {
  readonly definition: Experiment;
}

export function createExperimentStore(pool: pg.Pool): ExperimentStore {
  return {
    create: (experiment, actor) =>
      changeControl(pool, actor, async (client) => {
        await requireSurface(client, actor.tenant, experiment.surface);
        const { rowCount } = await client.query(
          `insert into experiments (tenant, id, surface, state, definition) values ($1, $2, $3, $4, $5)
           on conflict on constraint experiments_pkey do nothing`,
          [actor.tenant, experiment.id, experiment.surface, experiment.state, JSON.stringify(experiment)],
        );
        if (rowCount === 0) throw new AllotError('state_conflict', `id: experiment ${experiment.id} exists`);
        const details = { judgement: judgementOf(experiment) };
        return {
          result: undefined,
          change: { action: 'experiment.create', subject: experiment.id, details },
        };
      }),

    async find(tenant, id) {
      const rows = await query<Row>(
        pool,
        'select definition from experiments where tenant = $1 and id = $2',
        [tenant, id],
      );
      return rows[0]?.definition;
    },

    async list(tenant, surface) {
      const rows = await query<Row>(
        pool,
        `select definition from experiments
         where tenant = $1 and ($2::text is null or surface = $2) order by created_at, id`,
        [tenant, surface ?? null],
      );
      return rows.map((row) => row.definition);
    },

    transition: (id, change, actor, fence) =>
      changeControl(pool, actor, async (client) => {
        await requireLeader(client, fence);
        const current = await lock(client, actor.tenant, id);
        const next = changedExperiment(current, change);
        await promote(client, current, change, actor);
        await client.query(
          `update experiments set state = $3, definition = $4, changed_at = now() where tenant = $1 and id = $2`,
          [actor.tenant, id, next.state, JSON.stringify(next)],
        );
        const details = detailsOf(current, change);
        return { result: next, change: { action: 'experiment.transition', subject: id, details } };
      }),

    // A look changes nothing that anyone acts on by itself, and there is one every few seconds: its row is its trail.
    recordLook: (id, look, actor, fence) =>
      inTransaction(pool, async (client) => {
        await requireLeader(client, fence);
        await lock(client, actor.tenant, id);
        await client.query(
          `insert into experiment_looks (tenant, experiment, number, looked_by, look)
           select $1, $2, coalesce(max(number), 0) + 1, $3, $4
           from experiment_looks where tenant = $1 and experiment = $2`,
          [actor.tenant, id, actor.id, JSON.stringify(look)],
        );
      }),

    looks: (tenant, id, page) => lookPage(pool, tenant, id, page),
  };
}

/** Looks are numbered from 1 without gaps, so the number of the newest is how many there are. */
async function lookPage(
  pool: pg.Pool,
  tenant: string,
  id: string,
  { limit, before }: PageRequest,
): Promise<LookPage> {
  const rows = await query<{ number: number; look: Record<string, unknown> }>(
    pool,
    `select number, look from experiment_looks
     where tenant = $1 and experiment = $2 and ($4::integer is null or number < $4)
     order by number desc limit $3`,
    [tenant, id, limit, before ?? null],
  );
  const [{ stored }] = await query<{ stored: number }>(
    pool,
    `select coalesce(max(number), 0) as stored from experiment_looks where tenant = $1 and experiment = $2`,
    [tenant, id],
  );
  const first = rows.at(-1)?.number ?? 1;
  return { looks: rows.map(({ look }) => look).reverse(), next: first > 1 ? first : null, stored };
}

async function requireSurface(client: pg.ClientBase, tenant: string, surface: string): Promise<void> {
  const { rowCount } = await client.query('select from surfaces where tenant = $1 and name = $2', [
    tenant,
    surface,
  ]);
  if (rowCount === 0) throw new AllotError('surface_unknown', `surface: ${surface} is not declared`);
}

/** In the transaction of the step: an experiment that was taken back meanwhile moves no alias. */
async function promote(
  client: pg.ClientBase,
  { surface }: Experiment,
  { promotes }: ExperimentChange,
  actor: Actor,
): Promise<void> {
  if (promotes === undefined) return;
  const moved = await moveAlias(client, { surface, ...promotes }, actor);
  if (moved !== null) await audit(client, actor, moved);
}

async function lock(client: pg.ClientBase, tenant: string, id: string): Promise<Experiment> {
  const rows = await query<Row>(
    client,
    'select definition from experiments where tenant = $1 and id = $2 for no key update',
    [tenant, id],
  );
  if (rows[0] === undefined) throw new AllotError('experiment_unknown', `experiment ${id} does not exist`);
  return rows[0].definition;
}
