import type pg from 'pg';

export interface Trace {
  /** `table.column` */
  readonly where: string;
  readonly rows: number;
}

/** The pool's patience is for answers to people; this reads every table. */
const patient = { query_timeout: 3_600_000 };

/**
 * Rows in which `word` stands as a whole word, over every column of text, JSON, bytes and arrays of text, of every table
 * of every schema that is not the server's own. Reads the whole database: for proofs, not for serving.
 */
export async function searchEverywhere(pool: pg.Pool, word: string): Promise<readonly Trace[]> {
  const client = await pool.connect();
  try {
    await client.query('begin read only');
    await client.query('set local statement_timeout = 0');
    const traces: Trace[] = [];
    for (const { schema, name, columns } of await searchedTables(client)) {
      for (const column of columns) {
        const rows = await countRows(client, { schema, name, ...column }, word);
        if (rows > 0) traces.push({ where: `${name}.${column.column}`, rows });
      }
    }
    await client.query('commit');
    return traces;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

interface Column {
  readonly column: string;
  readonly type: string;
}

/** Leaves of partitioned tables hold the rows, so the parents are asked for them. */
async function searchedTables(
  client: pg.ClientBase,
): Promise<readonly { schema: string; name: string; columns: readonly Column[] }[]> {
  const { rows } = await client.query<{ schema: string; name: string; columns: Column[] }>(
    `select n.nspname as schema, c.relname as name,
       json_agg(json_build_object('column', a.attname, 'type', format_type(a.atttypid, null)) order by a.attnum) as columns
     from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relkind in ('r', 'p') and not c.relispartition
       and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'
       and format_type(a.atttypid, null) in
         ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'text[]', 'name', 'xml')
     group by n.nspname, c.relname order by 1, 2`,
  );
  return rows;
}

async function countRows(
  client: pg.ClientBase,
  { schema, name, column, type }: { schema: string; name: string } & Column,
  word: string,
): Promise<number> {
  const id = `"${column.replaceAll('"', '""')}"`;
  const text = type === 'bytea' ? `encode(${id}, 'escape')` : `${id}::text`;
  const table = `"${schema.replaceAll('"', '""')}"."${name.replaceAll('"', '""')}"`;
  const wanted = type === 'bytea' ? escapedBytes(word) : word;
  const { rows } = await client.query<{ n: string }>({
    text: `select count(*) as n from ${table} where position($1 in ${text}) > 0 and ${text} ~ $2`,
    values: [wanted, wholeWord(wanted)],
    ...patient,
  });
  return Number(rows[0]?.n ?? 0);
}

const wholeWord = (word: string): string =>
  `(^|[^[:alnum:]_-])${word.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')}($|[^[:alnum:]_-])`;

/** As `encode(…, 'escape')` writes the word's bytes. */
const escapedBytes = (word: string): string =>
  Array.from(Buffer.from(word, 'utf8'), (byte) => {
    if (byte === 0x5c) return '\\\\';
    if (byte === 0 || byte >= 0x80) return `\\${byte.toString(8).padStart(3, '0')}`;
    return String.fromCharCode(byte);
  }).join('');
