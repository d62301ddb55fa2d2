import type pg from 'pg';
import { refuse } from '../core/check.ts';
import { AllotError } from '../core/errors.ts';
import { breakingChanges } from '../core/surface/check-surface.ts';
import type { Surface } from '../core/surface/surface.ts';
import type { SurfaceStore } from '../service/ports/stores.ts';
import { changeControl, query } from './transaction.ts';

interface Row {
  readonly definition: Surface;
}

export function createSurfaceStore(pool: pg.Pool): SurfaceStore {
  return {
    declare: (surface, actor) =>
      changeControl(pool, actor, async (client) => {
        // Declaring is rare; the table lock also covers a surface that does not exist yet.
        await client.query('lock table surfaces in share row exclusive mode');
        const [previous] = await query<Row>(
          client,
          'select definition from surfaces where tenant = $1 and name = $2',
          [actor.tenant, surface.name],
        );
        if (previous !== undefined) {
          refuse('schema_breaking_change', breakingChanges(previous.definition, surface));
        }
        await client.query(
          `insert into surfaces (tenant, name, schema_version, definition) values ($1, $2, $3, $4)
           on conflict on constraint surfaces_pkey do update
           set schema_version = excluded.schema_version, definition = excluded.definition, declared_at = now()`,
          [actor.tenant, surface.name, surface.schemaVersion, JSON.stringify(surface)],
        );
        const details = { schemaVersion: surface.schemaVersion };
        return { result: undefined, change: { action: 'surface.declare', subject: surface.name, details } };
      }),

    async find(tenant, name) {
      const rows = await query<Row>(pool, 'select definition from surfaces where tenant = $1 and name = $2', [
        tenant,
        name,
      ]);
      return rows[0]?.definition;
    },

    async list(tenant) {
      const rows = await query<Row>(pool, 'select definition from surfaces where tenant = $1 order by name', [
        tenant,
      ]);
      return rows.map((row) => row.definition);
    },

    setKilled: (name, isKilled, actor) =>
      changeControl(pool, actor, async (client) => {
        const { rowCount } = await client.query(
          'update surfaces set is_killed = $3 where tenant = $1 and name = $2',
          [actor.tenant, name, isKilled],
        );
        if (rowCount === 0) throw new AllotError('surface_unknown', `surface: ${name} is not declared`);
        const action = isKilled ? 'surface.kill' : 'surface.revive';
        return { result: undefined, change: { action, subject: name } };
      }),
  };
}
