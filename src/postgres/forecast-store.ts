import type pg from 'pg';
import type { Forecast, ForecastStore } from '../service/ports/runs.ts';
import { requireLeader } from './leader.ts';
import { audit, inTransaction, query } from './transaction.ts';

interface Row {
  readonly policy_version: string;
  readonly response: string;
  readonly estimand: string;
  readonly offline_value: number;
  readonly offline_lower: number;
  readonly offline_upper: number;
  readonly online_value: number | null;
  readonly online_lower: number | null;
  readonly online_upper: number | null;
  readonly online_standard_error: number | null;
}

export function createForecastStore(pool: pg.Pool): ForecastStore {
  return {
    // A new forecast without an online result keeps the one that an experiment has measured.
    save: (surface, forecast, actor, fence) =>
      inTransaction(pool, async (client) => {
        await requireLeader(client, fence);
        const { offline, online } = forecast;
        await client.query(
          `insert into forecasts (tenant, surface, policy_version, response, estimand,
             offline_value, offline_lower, offline_upper, online_value, online_lower, online_upper,
             online_standard_error, measured_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
             case when $9::float8 is null then null else now() end)
           on conflict on constraint forecasts_pkey do update set
             offline_value = excluded.offline_value,
             offline_lower = excluded.offline_lower,
             offline_upper = excluded.offline_upper,
             online_value = coalesce(excluded.online_value, forecasts.online_value),
             online_lower = coalesce(excluded.online_lower, forecasts.online_lower),
             online_upper = coalesce(excluded.online_upper, forecasts.online_upper),
             online_standard_error = coalesce(excluded.online_standard_error, forecasts.online_standard_error),
             measured_at = coalesce(excluded.measured_at, forecasts.measured_at),
             saved_at = now()`,
          [
            actor.tenant,
            surface,
            forecast.policyVersion,
            forecast.response,
            forecast.estimand,
            offline.value,
            offline.lower,
            offline.upper,
            online?.value ?? null,
            online?.lower ?? null,
            online?.upper ?? null,
            online?.standardError ?? null,
          ],
        );
        // A measurement is part of a look, and there is one every few seconds: the look's row is its trail.
        if (online !== null) return;
        const subject = `${forecast.policyVersion}/${forecast.response}`;
        await audit(client, actor, { action: 'forecast.save', subject });
      }),

    async list(tenant, surface) {
      const rows = await query<Row>(
        pool,
        `select policy_version, response, estimand, offline_value, offline_lower, offline_upper,
           online_value, online_lower, online_upper, online_standard_error
         from forecasts where tenant = $1 and ($2::text is null or surface = $2)
         order by surface, policy_version, response, estimand`,
        [tenant, surface ?? null],
      );
      return rows.map(toForecast);
    },

    async measured(tenant, surface) {
      const rows = await query<Row & { surface: string; measured_at: Date }>(
        pool,
        `select surface, policy_version, response, estimand, offline_value, offline_lower, offline_upper,
           online_value, online_lower, online_upper, online_standard_error, coalesce(measured_at, saved_at) as measured_at
         from forecasts where tenant = $1 and ($2::text is null or surface = $2) and online_value is not null
         order by coalesce(measured_at, saved_at), policy_version, response, estimand`,
        [tenant, surface ?? null],
      );
      return rows.map((row) => ({
        ...toForecast(row),
        surface: row.surface,
        measuredAt: row.measured_at.getTime(),
      }));
    },
  };
}

function toForecast(row: Row): Forecast {
  return {
    policyVersion: row.policy_version,
    response: row.response,
    estimand: row.estimand,
    offline: { value: row.offline_value, lower: row.offline_lower, upper: row.offline_upper },
    online:
      row.online_value === null || row.online_lower === null || row.online_upper === null
        ? null
        : {
            value: row.online_value,
            lower: row.online_lower,
            upper: row.online_upper,
            ...(row.online_standard_error === null ? {} : { standardError: row.online_standard_error }),
          },
  };
}
