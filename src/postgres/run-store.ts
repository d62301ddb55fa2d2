import type pg from 'pg';
import { AllotError } from '../core/errors.ts';
import type { NewRun, RunKind, RunRecord, RunStore, RunSummary } from '../service/ports/runs.ts';
import type { Actor } from '../service/ports/stores.ts';
import { addJob } from './run-jobs.ts';
import { audit, inTransaction, query } from './transaction.ts';

interface Row {
  readonly id: string;
  readonly kind: RunKind;
  readonly surface: string;
  readonly state: RunRecord['state'];
  readonly config: Record<string, unknown>;
  readonly result: Record<string, unknown> | null;
  readonly has_report: boolean;
  readonly error: string | null;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

const SUMMARY =
  'id, kind, surface, state, config, result, error, created_at, finished_at, report_html is not null as has_report';

export function createRunStore(pool: pg.Pool): RunStore {
  return {
    create: (run, actor) => inTransaction(pool, (client) => insert(client, run, actor, false)),

    enqueue: (run, actor) =>
      inTransaction(pool, async (client) => {
        await insert(client, run, actor, true);
        await addJob(client, { kind: run.kind, runId: run.id, tenant: actor.tenant });
      }),

    // A run that is `running` may start again: its worker was killed and another one took the job over.
    start: (tenant, id) =>
      move(
        pool,
        tenant,
        id,
        `state = 'running', started_at = now() where tenant = $1 and id = $2 and state in ('queued', 'running')`,
        [],
      ),

    async countKill(tenant, id) {
      const rows = await query<{ kills: number }>(
        pool,
        'update runs set kills = kills + 1 where tenant = $1 and id = $2 returning kills',
        [tenant, id],
      );
      if (rows[0] === undefined) throw new AllotError('run_unknown', `run ${id} does not exist`);
      return rows[0].kills;
    },

    finish: (tenant, id, outcome) =>
      move(
        pool,
        tenant,
        id,
        `state = $3, result = $4, report_html = $5, error = $6, finished_at = now()
         where tenant = $1 and id = $2 and state in ('queued', 'running')`,
        'error' in outcome
          ? ['failed', null, outcome.reportHtml ?? null, outcome.error]
          : ['succeeded', JSON.stringify(outcome.result), outcome.reportHtml ?? null, null],
      ),

    async find(tenant, id) {
      const [row] = await query<Row & { readonly report_html: string | null }>(
        pool,
        `select ${SUMMARY}, report_html from runs where tenant = $1 and id = $2`,
        [tenant, id],
      );
      return row === undefined ? undefined : { ...toRun(row), reportHtml: row.report_html };
    },

    // One more than asked for: whether there is a page after this one.
    async list(tenant, { kinds, surfaces, limit, before }) {
      const rows = await query<Row>(
        pool,
        `select ${SUMMARY} from runs
         where tenant = $1 and ($2::text[] is null or kind = any($2)) and ($3::text[] is null or surface = any($3))
           and ($5::text is null or (created_at, id) < (select created_at, id from runs where tenant = $1 and id = $5))
         order by created_at desc, id desc limit $4`,
        [tenant, kinds ?? null, surfaces ?? null, limit + 1, before ?? null],
      );
      const runs = rows.slice(0, limit).map(toRun);
      return { runs, next: rows.length > limit ? (runs.at(-1)?.id ?? null) : null };
    },
  };
}

async function insert(client: pg.ClientBase, run: NewRun, actor: Actor, isJob: boolean): Promise<void> {
  const { rowCount } = await client.query(
    `insert into runs (tenant, id, kind, surface, config, created_by, is_job) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict on constraint runs_pkey do nothing`,
    [actor.tenant, run.id, run.kind, run.surface, JSON.stringify(run.config), actor.id, isJob],
  );
  if (rowCount === 0) throw new AllotError('state_conflict', `id: run ${run.id} exists`);
  await audit(client, actor, { action: 'run.create', subject: run.id, details: { kind: run.kind } });
}

async function move(
  pool: pg.Pool,
  tenant: string,
  id: string,
  change: string,
  values: readonly unknown[],
): Promise<void> {
  const moved = await query(pool, `update runs set ${change} returning id`, [tenant, id, ...values]);
  if (moved.length > 0) return;
  const rows = await query<{ state: string }>(pool, 'select state from runs where tenant = $1 and id = $2', [
    tenant,
    id,
  ]);
  if (rows[0] === undefined) throw new AllotError('run_unknown', `run ${id} does not exist`);
  throw new AllotError('state_conflict', `run ${id} is ${rows[0].state}`);
}

function toRun(row: Row): RunSummary {
  return {
    id: row.id,
    kind: row.kind,
    surface: row.surface,
    state: row.state,
    config: row.config,
    result: row.result,
    hasReport: row.has_report,
    error: row.error,
    createdAt: row.created_at.getTime(),
    finishedAt: row.finished_at?.getTime() ?? null,
  };
}
