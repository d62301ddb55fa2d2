import type pg from 'pg';

/**
 * The schema as text, read from the catalog (the embedded server brings no pg_dump): tables with columns and
 * constraints, indexes, functions. Partitions are left out: which days exist is data. `migrations/schema.sql` is
 * this text of a fresh database, so that a review sees what a migration does.
 */
export async function dumpSchema(pool: pg.Pool): Promise<string> {
  const parts = [await tables(pool), await functions(pool)].flat();
  return `-- Generated from a fresh database by \`UPDATE_SCHEMA=1 npx vitest run test/postgres/schema.test.ts\`.\n\n${parts.join('\n\n')}\n`;
}

async function tables(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string; oid: string; partition_key: string | null }>(
    `select c.relname as name, c.oid, pg_get_partkeydef(c.oid) as partition_key
     from pg_class as c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     order by c.relname collate "C"`,
  );
  const texts: string[] = [];
  for (const table of rows) {
    const lines = [...(await columns(pool, table.oid)), ...(await constraints(pool, table.oid))];
    const by = table.partition_key === null ? '' : ` partition by ${table.partition_key.toLowerCase()}`;
    const body = lines.map((line) => `  ${line}`).join(',\n');
    texts.push(
      [`create table ${table.name} (\n${body}\n)${by};`, ...(await indexes(pool, table.oid))].join('\n'),
    );
  }
  return texts;
}

async function columns(pool: pg.Pool, table: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || case when a.attnotnull then ' not null' else '' end
       || case a.attidentity when 'a' then ' generated always as identity' else '' end
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') as line
     from pg_attribute as a left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table],
  );
  return rows.map((row) => row.line);
}

/** PostgreSQL 18 lists not-null as constraints; the columns say it already. */
async function constraints(pool: pg.Pool, table: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) as line
     from pg_constraint where conrelid = $1 and contype <> 'n' order by contype desc, conname collate "C"`,
    [table],
  );
  return rows.map((row) => row.line);
}

async function indexes(pool: pg.Pool, table: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') || ';' as line
     from pg_index as i join pg_class as c on c.oid = i.indexrelid
     where i.indrelid = $1 and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
     order by c.relname collate "C"`,
    [table],
  );
  return rows.map((row) => row.line);
}

async function functions(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ text: string }>(
    `select pg_get_functiondef(p.oid) || ';' as text from pg_proc as p
     where p.pronamespace = 'public'::regnamespace order by p.proname collate "C"`,
  );
  return rows.map((row) => row.text);
}
