import pg from 'pg';
import { dayOfDecisionId } from '../core/feedback/decision-id.ts';
import type { DecisionEvent, ExposureEvent, InteractionEvent } from '../core/feedback/events.ts';
import type { DecisionReader, DecisionRecord } from '../service/ports/stores.ts';
import { mapErrors, toAllotError } from './errors.ts';
import { query } from './transaction.ts';

/** Decisions of one fetch; with their feedback some 2 MB. */
const CHUNK = 2_000;

const DAY_MS = 86_400_000;

export function createDecisionReader(pool: pg.Pool): DecisionReader {
  return {
    async find(tenant, decisionId) {
      const rows = await query<DecisionRow>(
        pool,
        'select day::text, event from decisions where day = $1 and decision_id = $2 and tenant = $3',
        [dayOfDecisionId(decisionId), decisionId, tenant],
      );
      if (rows.length === 0) return undefined;
      const [record] = await mapErrors(() => withFeedback(pool, tenant, rows));
      return record;
    },

    stream: (range) => stream(pool, range),

    counts: (tenant, surface) => counts(pool, tenant, surface),
  };
}

export interface DecisionRow {
  readonly day: string;
  readonly event: DecisionEvent;
}

/**
 * A server-side cursor in one read-only snapshot: memory stays flat however long the log is, and what arrives
 * meanwhile is not half in it.
 */
async function* stream(
  pool: pg.Pool,
  range: Parameters<DecisionReader['stream']>[0],
): AsyncGenerator<DecisionRecord> {
  const client = await mapErrors(() => pool.connect());
  client.on('error', ignore);
  let isDone = false;
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query(`set local statement_timeout = '10min'`);
    await client.query(
      `declare decision_stream no scroll cursor for
       select day::text, event from decisions
       where tenant = $1 and surface = $2 and decided_at >= $3 and decided_at < $4 and day between $5 and $6
       order by unit_id, decided_at, decision_id`.replace(
        /\$(\d)/g,
        (_, i: string) => literals(range)[Number(i) - 1],
      ),
    );
    for (;;) {
      const { rows } = await client.query<DecisionRow>(fetchNext);
      yield* await withFeedback(client, range.tenant, rows);
      if (rows.length < CHUNK) break;
    }
    await client.query('commit');
    isDone = true;
  } catch (error) {
    throw toAllotError(error);
  } finally {
    client.off('error', ignore);
    // Left half-way by the reader or by an error: the connection still holds the cursor and goes with it.
    client.release(!isDone);
  }
}

const ignore = (): void => undefined;

/** The client's own patience must outlast the server's here: the first fetch may sort. */
const fetchNext = { text: `fetch ${CHUNK} from decision_stream`, query_timeout: 602_000 };

/** `declare cursor` takes no parameters. The day range is wider than the times by the skew that ids may have. */
function literals(range: Parameters<DecisionReader['stream']>[0]): string[] {
  const at = (ms: number): Date => new Date(Math.min(Math.max(ms, EARLIEST), LATEST));
  return [
    range.tenant,
    range.surface,
    at(range.from).toISOString(),
    at(range.until).toISOString(),
    at(range.from - DAY_MS)
      .toISOString()
      .slice(0, 10),
    at(range.until + DAY_MS)
      .toISOString()
      .slice(0, 10),
  ].map(pg.escapeLiteral);
}

const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

interface FeedbackRow<E> {
  readonly decision_id: string;
  readonly event: E;
}

/** Feedback of these decisions, by the partitions of their days. Both kinds come in the order of their occurrence. */
export async function withFeedback(
  client: pg.Pool | pg.ClientBase,
  tenant: string,
  rows: readonly DecisionRow[],
): Promise<DecisionRecord[]> {
  if (rows.length === 0) return [];
  const days = [...new Set(rows.map((row) => row.day))];
  const ids = rows.map((row) => row.event.decisionId);
  const read = async <E>(table: 'exposures' | 'interactions'): Promise<Map<string, E[]>> => {
    const found = await client.query<FeedbackRow<E>>(
      `select decision_id, event from ${table}
       where day = any($1::date[]) and decision_id = any($2::text[]) and tenant = $3
       order by occurred_at, received_at, event_id`,
      [days, ids, tenant],
    );
    return grouped(found.rows);
  };
  const exposures = await read<ExposureEvent>('exposures');
  const interactions = await read<InteractionEvent>('interactions');
  return rows.map(({ event }) => ({
    decision: event,
    exposures: exposures.get(event.decisionId) ?? [],
    interactions: interactions.get(event.decisionId) ?? [],
  }));
}

function grouped<E>(rows: readonly FeedbackRow<E>[]): Map<string, E[]> {
  const groups = new Map<string, E[]>();
  for (const row of rows) {
    const group = groups.get(row.decision_id);
    if (group === undefined) groups.set(row.decision_id, [row.event]);
    else group.push(row.event);
  }
  return groups;
}

/**
 * With a surface, feedback counts where its decision is stored and of that surface. Orphans (feedback whose decision
 * is not stored yet) are the tenant's: of which surface they are nobody knows before the decision comes.
 */
async function counts(
  pool: pg.Pool,
  tenant: string,
  surface: string | undefined,
): ReturnType<DecisionReader['counts']> {
  // One hash join per table: as a sub-query under `or`, it ran once per row and took minutes on 20,000 decisions.
  const joined = (table: string): string =>
    `(select count(*) filter (where $2::text is null or d.surface = $2) as joined,
        count(*) filter (where d.decision_id is null) as orphans
      from ${table} f
      left join decisions d on d.day = f.day and d.decision_id = f.decision_id and d.tenant = f.tenant
      where f.tenant = $1)`;
  const [row] = await query<Record<'decisions' | 'exposures' | 'interactions' | 'orphans', string>>(
    pool,
    `select (select count(*) from decisions where tenant = $1 and ($2::text is null or surface = $2)) as decisions,
       e.joined as exposures, i.joined as interactions, e.orphans + i.orphans as orphans
     from ${joined('exposures')} e, ${joined('interactions')} i`,
    [tenant, surface ?? null],
  );
  return {
    decisions: Number(row.decisions),
    exposures: Number(row.exposures),
    interactions: Number(row.interactions),
    orphans: Number(row.orphans),
  };
}
