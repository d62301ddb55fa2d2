import type pg from 'pg';

export interface Trace {
  /** `table.column` */
  readonly where: string;
  readonly rows: number;
}

export interface Sought {
  readonly tenant: string;
  /** The names a unit may be stored under. */
  readonly unitNames: readonly string[];
  readonly decisionIds?: readonly string[];
}

/** The pool's patience is for answers to people; this reads every table. */
const patient = { query_timeout: 3_600_000 };

/** Hold names of another kind: a session or an action `42` is not the unit `42`. */
const otherNames = [
  ...[
    'id',
    'name',
    'tenant',
    'surface',
    'action',
    'variant',
    'experiment',
    'alias',
    'version',
    'policy_version',
  ],
  ...[
    'decision_id',
    'event_id',
    'request_id',
    'session_id',
    'type',
    'kind',
    'state',
    'fallback',
    'response',
    'subject',
  ],
];
const otherMembers = [
  ...otherNames.map((name) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())),
  ...['eligibleActions', 'adjustments', 'variants'],
];

/** Left without a trace on purpose: what keeps a forgotten unit away names its decisions and nothing else. */
const guards = ['forgotten_decisions'];

/**
 * Rows of the tenant that name a unit, or a decision of it, over every column of text, JSON and bytes of every table of every
 * schema that is not the server's own: as the whole of a text, or as a text inside JSON. A name that no sentence holds by
 * chance is looked for inside texts too. Reads the whole database: for proofs, not for serving.
 */
export async function searchEverywhere(pool: pg.Pool, sought: Sought): Promise<readonly Trace[]> {
  const client = await pool.connect();
  try {
    await client.query('begin read only');
    await client.query('set local statement_timeout = 0');
    const traces: Trace[] = [];
    for (const table of await searchedTables(client))
      traces.push(...(await searchTable(client, table, sought)));
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

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
}

/** Leaves of partitioned tables hold the rows, so the parents are asked for them. */
async function searchedTables(client: pg.ClientBase): Promise<readonly Table[]> {
  const { rows } = await client.query<Table>(
    `select n.nspname as schema, c.relname as name,
       json_agg(json_build_object('column', a.attname, 'type', format_type(a.atttypid, null)) order by a.attnum) as columns
     from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relkind in ('r', 'p') and not c.relispartition
       and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'
       and c.relname <> all($1::text[])
       and format_type(a.atttypid, null) in
         ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'text[]', 'name', 'xml')
     group by n.nspname, c.relname order by 1, 2`,
    [guards],
  );
  return rows;
}

/** One scan for all columns. */
async function searchTable(client: pg.ClientBase, table: Table, sought: Sought): Promise<readonly Trace[]> {
  const parameters = new Parameters();
  const counts = table.columns.map(
    (column) => `count(*) filter (where ${namesIt(column, table, sought, parameters)})`,
  );
  const whose = hasColumn(table, 'tenant') ? `where tenant = ${parameters.add(sought.tenant, 'text')}` : '';
  const { rows } = await client.query<string[]>({
    text: `select ${counts.join(', ')} from ${quoted(table.schema)}.${quoted(table.name)} ${whose}`,
    values: parameters.values,
    rowMode: 'array',
    ...patient,
  });
  return table.columns
    .map(({ column }, i) => ({ where: `${table.name}.${column}`, rows: Number(rows[0]?.[i] ?? 0) }))
    .filter((trace) => trace.rows > 0);
}

class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${String(this.values.length)}::${type}`;
  }
}

const hasColumn = ({ columns }: Table, name: string): boolean =>
  columns.some(({ column }) => column === name);
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function namesIt({ column, type }: Column, table: Table, sought: Sought, parameters: Parameters): string {
  const id = quoted(column);
  const { tenant, unitNames, decisionIds = [] } = sought;
  const names = (): string => parameters.add(unitNames, 'text[]');
  // Beside a column for them, a decision's id inside the event says nothing new.
  const idsIn = (text: string): string =>
    decisionIds.length === 0 || hasColumn(table, 'decision_id')
      ? 'false'
      : `exists (select from regexp_matches(${text}, '[0-9a-z]{50}', 'g') as m where m[1] = any(${parameters.add(decisionIds, 'text[]')}))`;
  const inJson = (text: string, form: (name: string) => string): string => {
    const found = unitNames.map((name) => `position(${parameters.add(form(name), 'text')} in ${text}) > 0`);
    const named = [...found, idsIn(text)].join(' or ');
    if (hasColumn(table, 'tenant')) return named;
    const ours = parameters.add(`"tenant"\\s*:\\s*${literally(JSON.stringify(tenant))}`, 'text');
    return `(${named}) and (${text} !~ '"tenant"\\s*:\\s*"' or ${text} ~ ${ours})`;
  };
  switch (type) {
    case 'bytea':
      return inJson(`encode(${id}, 'escape')`, (name) => escapedBytes(JSON.stringify(name)));
    case 'json':
      return inJson(`${id}::text`, JSON.stringify);
    case 'jsonb': {
      const members = parameters.add(otherMembers, 'text[]');
      const event = `case jsonb_typeof(${id}) when 'object' then ${id} - ${members} else ${id} end`;
      return inJson(`(${event})::text`, JSON.stringify);
    }
    case 'text[]':
      return `${id} && ${names()}`;
    default: {
      if (column === 'decision_id') return `${id} = any(${parameters.add(decisionIds, 'text[]')})`;
      const ids = idsIn(`${id}::text`);
      if (otherNames.includes(column)) return ids;
      const telling = unitNames.filter(isTelling).map((name) => parameters.add(wholeWord(name), 'text'));
      return [`${id}::text = any(${names()})`, ...telling.map((word) => `${id}::text ~ ${word}`), ids].join(
        ' or ',
      );
    }
  }
}

/** Long, and made of more than one kind of character: `person-77`, and neither `42` nor `control`. */
const isTelling = (name: string): boolean => name.length >= 6 && !/^(\p{L}+|\p{N}+)$/u.test(name);

const literally = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');

const wholeWord = (word: string): string => `(^|[^[:alnum:]_-])${literally(word)}($|[^[:alnum:]_-])`;

/** As `encode(…, 'escape')` writes the text's bytes. */
const escapedBytes = (text: string): string =>
  Array.from(Buffer.from(text, 'utf8'), (byte) => {
    if (byte === 0x5c) return '\\\\';
    if (byte === 0 || byte >= 0x80) return `\\${byte.toString(8).padStart(3, '0')}`;
    return String.fromCharCode(byte);
  }).join('');
