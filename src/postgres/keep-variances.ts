import type pg from 'pg';
import type { MetricVariances } from '../core/experiment/test-methods.ts';
import { query } from './transaction.ts';

/** What two looks at the same moment bring first is decided by the primary key; both then go on with that. */
export async function keepVariances(
  client: pg.ClientBase,
  of: { readonly tenant: string; readonly experiment: string; readonly treatment: string },
  variances: Readonly<Record<string, MetricVariances>>,
): Promise<Readonly<Record<string, MetricVariances>>> {
  const key = [of.tenant, of.experiment, of.treatment];
  // Always in one order, so that two writers wait for each other instead of blocking each other.
  const metrics = Object.keys(variances).sort();
  await client.query(
    `insert into experiment_variances (tenant, experiment, treatment, metric, difference, level)
     select $1, $2, $3, metric, difference, level
     from unnest($4::text[], $5::double precision[], $6::double precision[]) as v (metric, difference, level)
     on conflict on constraint experiment_variances_pkey do nothing`,
    [
      ...key,
      metrics,
      metrics.map((metric) => variances[metric].difference),
      metrics.map((metric) => variances[metric].level),
    ],
  );
  const rows = await query<MetricVariances & { readonly metric: string }>(
    client,
    `select metric, difference, level from experiment_variances
     where tenant = $1 and experiment = $2 and treatment = $3`,
    key,
  );
  return Object.fromEntries(rows.map(({ metric, difference, level }) => [metric, { difference, level }]));
}
