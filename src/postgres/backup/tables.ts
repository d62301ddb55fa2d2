import type pg from 'pg';

export interface BackedUpTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** The tables that hold its rows: itself, or its partitions in the order of their days. */
  readonly parts: readonly string[];
}

/** Of running processes, and of migrations: a restored database has its own. */
const ofProcesses = ['migrations', 'replicas', 'job_workers', 'leader_epochs'];

/**
 * Tables whose rows are kept, each behind those that it refers to. Partitions are named: whoever reads their parent locks all of
 * them at once, with their indexes.
 */
export async function backedUpTables(client: pg.ClientBase): Promise<readonly BackedUpTable[]> {
  const { rows } = await client.query<BackedUpTable & { refers: string[] }>(
    `select c.relname as name,
       (select array_agg(a.attname::text order by a.attnum) from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       case c.relkind when 'p' then
         (select coalesce(array_agg(p.relname::text order by p.relname), '{}')
          from pg_inherits as i join pg_class as p on p.oid = i.inhrelid where i.inhparent = c.oid)
         else array[c.relname::text] end as parts,
       (select coalesce(array_agg(f.relname::text), '{}') from pg_constraint as k join pg_class as f on f.oid = k.confrelid
        where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as refers
     from pg_class as c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all($1::text[])
     order by c.relname`,
    [ofProcesses],
  );
  const ordered: BackedUpTable[] = [];
  const place = ({ name, columns, parts, refers }: (typeof rows)[number]): void => {
    if (ordered.some((table) => table.name === name)) return;
    for (const other of rows.filter((row) => refers.includes(row.name))) place(other);
    ordered.push({ name, columns, parts });
  };
  rows.forEach(place);
  return ordered;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
