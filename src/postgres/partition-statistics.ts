import type pg from 'pg';
import { query } from './transaction.ts';

/** Partitions of one event table that hold rows of these days, and of which the planner knows nothing yet. */
const UNKNOWN = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  join pg_namespace n on n.oid = c.relnamespace
  where i.inhparent in ('decisions'::regclass, 'exposures'::regclass, 'interactions'::regclass)
    and right(c.relname, 8) between to_char($1::date, 'YYYYMMDD') and to_char($2::date, 'YYYYMMDD')
    and pg_relation_size(c.oid) > 0
    and not exists (select from pg_stats s where s.schemaname = n.nspname and s.tablename = c.relname)
  order by 1`;

/**
 * Every day begins in tables without statistics, until autovacuum comes. Till then PostgreSQL takes the day for as selective as a
 * decision id and joins a minute of decisions in minutes instead of milliseconds, so whoever joins many asks for
 * statistics first. Days as YYYY-MM-DD, both included; returns the partitions that were analysed.
 */
export async function ensureStatistics(
  pool: pg.Pool,
  first: string,
  last: string,
): Promise<readonly string[]> {
  const unknown = await query<{ name: string }>(pool, UNKNOWN, [first, last]);
  for (const { name } of unknown) await pool.query(`analyze ${name}`);
  return unknown.map(({ name }) => name);
}
