import type pg from 'pg';
import { AllotError } from '../core/errors.ts';
import type { Experiment } from '../core/experiment/experiment.ts';
import type { Surface } from '../core/surface/surface.ts';
import type {
  ArtifactSignature,
  ControlReader,
  ControlState,
  ReferredPolicy,
  SurfaceControl,
} from '../service/ports/control.ts';
import { API_KEY_COLUMNS, type ApiKeyRow, toApiKey } from './api-key-store.ts';
import { watchControl } from './control-watch.ts';
import { mapErrors } from './errors.ts';
import { inTransaction, query } from './transaction.ts';

/** A server that says nothing to a poll for this long counts as away. */
const POLL_DEADLINE_MS = 2_000;

/** As long as the deciders wait for one: the bytes of a large network over a slow line. */
const ARTIFACT_WITHIN_MS = 60_000;

/** A replica tells every ten seconds that it lives. */
const LIVES_FOR_SECONDS = 30;

export function createControlReader(pool: pg.Pool): ControlReader {
  return {
    revision: () =>
      mapErrors(async () => {
        const poll = { text: 'select revision from control_revision', query_timeout: POLL_DEADLINE_MS };
        return Number((await pool.query<{ revision: string }>(poll)).rows[0].revision);
      }),

    load: () => inTransaction(pool, load, 'begin isolation level repeatable read read only'),

    loadArtifact: (hash) =>
      inTransaction(pool, async (client) => {
        await client.query(`set local statement_timeout = ${String(ARTIFACT_WITHIN_MS)}`);
        const text = 'select bytes from artifacts where hash = $1';
        const read = { text, values: [hash], query_timeout: ARTIFACT_WITHIN_MS };
        const { rows } = await client.query<{ bytes: Buffer }>(read);
        if (rows[0] === undefined) throw new AllotError('policy_unknown', `artifact ${hash} is not stored`);
        return new Uint8Array(rows[0].bytes);
      }),

    watch: (onHint) => watchControl(pool, onHint),

    // Surfaces without a tenant before them concern all tenants that declare one of that name; an empty list, everybody.
    async noteBreakGlass(replicaId, { at, killed }) {
      await query(
        pool,
        `insert into audit_log (tenant, actor, action, subject, details)
         select distinct tenant, 'break-glass', 'surface.break-glass', $1, $2::jsonb from surfaces
         where cardinality($3::text[]) = 0 or name = any($3) or tenant || '/' || name = any($3)`,
        [replicaId, JSON.stringify({ killed, at: new Date(at).toISOString() }), killed],
      );
    },

    // Replicas that have been silent for a day are gone.
    async confirm(replicaId, revision) {
      await query(
        pool,
        `with gone as (delete from replicas where confirmed_at < now() - interval '1 day' and replica_id <> $1)
         insert into replicas (replica_id, revision) values ($1, $2)
         on conflict on constraint replicas_pkey do update set revision = excluded.revision, confirmed_at = now()`,
        [replicaId, revision],
      );
    },

    async retire(replicaId) {
      await query(pool, 'delete from replicas where replica_id = $1', [replicaId]);
    },

    async replicas() {
      const rows = await query<{ replica: string; revision: string }>(
        pool,
        `select replica_id as replica, revision from replicas
         where confirmed_at > now() - make_interval(secs => $1) order by replica_id`,
        [LIVES_FOR_SECONDS],
      );
      return rows.map(({ replica, revision }) => ({ replica, revision: Number(revision) }));
    },
  };
}

interface SurfaceRow {
  readonly tenant: string;
  readonly name: string;
  readonly definition: Surface;
  readonly is_killed: boolean;
}

interface OfSurface {
  readonly tenant: string;
  readonly surface: string;
}

interface PolicyRow extends OfSurface {
  readonly version: string;
  readonly artifact_hash: string | null;
  readonly signatures: ArtifactSignature[] | null;
}

const toReferred = ({ version, artifact_hash: artifactHash, signatures }: PolicyRow): ReferredPolicy => ({
  version,
  artifactHash,
  ...(signatures === null ? {} : { signatures }),
});

async function load(client: pg.ClientBase): Promise<ControlState> {
  const revision = await query<{ revision: string }>(client, 'select revision from control_revision');
  const surfaces = await query<SurfaceRow>(
    client,
    'select tenant, name, definition, is_killed from surfaces order by tenant, name',
  );
  const aliases = await query<OfSurface & { alias: string; version: string }>(
    client,
    'select tenant, surface, alias, version from aliases order by alias',
  );
  const experiments = await query<OfSurface & { definition: Experiment }>(
    client,
    `select tenant, surface, definition from experiments
     where state in ('running', 'paused', 'decided') order by created_at, id`,
  );
  const policies = await query<PolicyRow>(
    client,
    `select tenant, surface, version, artifact_hash,
       (select json_agg(json_build_object('keyId', s.key_id, 'signature', s.signature) order by s.key_id, s.signature)
        from artifact_signatures as s where s.artifact_hash = v.artifact_hash) as signatures
     from policy_versions as v
     where exists (select from aliases as a where a.tenant = v.tenant and a.version = v.version)
        or exists (
          select from experiments as x, jsonb_array_elements(x.definition -> 'variants') as variant
          where x.tenant = v.tenant and x.state in ('running', 'paused', 'decided') and variant ->> 'policyVersion' = v.version)
     order by surface, number`,
  );
  const keys = await query<ApiKeyRow>(
    client,
    `select ${API_KEY_COLUMNS} from api_keys order by created_at, id`,
  );
  return {
    revision: Number(revision[0].revision),
    surfaces: surfaces.map((row): SurfaceControl => {
      const isOf = (of: OfSurface): boolean => of.tenant === row.tenant && of.surface === row.name;
      return {
        tenant: row.tenant,
        surface: row.definition,
        isKilled: row.is_killed,
        aliases: Object.fromEntries(aliases.filter(isOf).map((a) => [a.alias, a.version])),
        experiments: experiments.filter(isOf).map((x) => x.definition),
        policies: policies.filter(isOf).map(toReferred),
      };
    }),
    keys: keys.map(toApiKey),
  };
}
