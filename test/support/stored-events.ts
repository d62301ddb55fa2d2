import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { LogEvent } from '../../src/core/feedback/events.ts';
import type { AcknowledgedEvent } from './acknowledged.ts';

/** Acknowledged events against what the database holds. */
export interface Comparison {
  readonly accepted: number;
  /** Acknowledged events that are stored with every field as it was acknowledged. */
  readonly stored: number;
  readonly missing: readonly string[];
  /** Stored more than once. */
  readonly doubled: readonly string[];
  /** Stored with another value: which event, which field. */
  readonly differing: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** What must be stored under an id. */
export interface Expected {
  readonly id: string;
  readonly table: 'decisions' | 'exposures' | 'interactions';
  readonly fields: Fields;
}

const ofDecision = ({ request, answer }: Extract<AcknowledgedEvent, { kind: 'decision' }>): Expected => ({
  id: answer.decisionId,
  table: 'decisions',
  fields: {
    decisionId: answer.decisionId,
    requestId: request.requestId,
    unitId: request.unitId,
    features: request.features,
    action: answer.action,
    propensity: answer.propensity,
    probabilities: Object.values(answer.probabilities),
    policyVersion: answer.policyVersion,
    variant: answer.variant,
    fallback: answer.fallback,
  },
});

export function expectedOf(event: AcknowledgedEvent): Expected {
  if (event.kind === 'decision') return ofDecision(event);
  const { eventId, decisionId } = event;
  if (event.kind === 'exposure') return { id: eventId, table: 'exposures', fields: { eventId, decisionId } };
  const fields = { eventId, decisionId, type: 'watch', value: event.value };
  return { id: eventId, table: 'interactions', fields };
}

/** The same for events as they were published: every field of the grammar. */
export const expectedEvent = (event: LogEvent): Expected => ({
  id: event.kind === 'decision' ? event.decisionId : event.eventId,
  table: `${event.kind}s`,
  fields: { ...event },
});

const CHUNK = 5_000;

/** Field by field, the columns that evaluation reads as well as the whole event. */
export async function compareStored(pool: pg.Pool, expected: readonly Expected[]): Promise<Comparison> {
  const missing: string[] = [];
  const doubled: string[] = [];
  const differing: string[] = [];
  for (const table of ['decisions', 'exposures', 'interactions'] as const) {
    const wanted = expected.filter((one) => one.table === table);
    for (let from = 0; from < wanted.length; from += CHUNK) {
      const chunk = wanted.slice(from, from + CHUNK);
      const copies = await rowsOf(pool, table, chunk);
      for (const { id, fields } of chunk) {
        const rows = copies.get(id) ?? [];
        if (rows.length === 0) missing.push(id);
        if (rows.length > 1) doubled.push(id);
        const wrong = rows.flatMap((row) => differences(row, fields));
        if (wrong.length > 0) differing.push(`${id}: ${wrong.join(', ')}`);
      }
    }
  }
  const stored = expected.length - missing.length - differing.length;
  return { accepted: expected.length, stored, missing, doubled, differing };
}

const queries = {
  decisions: `select decision_id as id, event, propensity, probabilities, action from decisions
    where decision_id = any($1::text[])`,
  exposures: `select event_id as id, event, decision_id as "decisionId" from exposures where event_id = any($1::text[])`,
  interactions: `select event_id as id, event, decision_id as "decisionId", type, value from interactions
    where event_id = any($1::text[])`,
};

async function rowsOf(
  pool: pg.Pool,
  table: Expected['table'],
  chunk: readonly Expected[],
): Promise<Map<string, Fields[]>> {
  const { rows } = await pool.query<{ id: string; event: Fields } & Fields>(queries[table], [
    chunk.map(({ id }) => id),
  ]);
  const found = new Map<string, Fields[]>();
  for (const row of rows) found.set(row.id, [...(found.get(row.id) ?? []), row]);
  return found;
}

/** Names of the expected fields that the row's event, or its column of that name, does not hold. */
function differences(row: Fields, expected: Fields): string[] {
  const event = row['event'] as Fields;
  return Object.entries(expected)
    .filter(
      ([name, value]) =>
        !isDeepStrictEqual(event[name], value) ||
        (row[name] !== undefined && !isDeepStrictEqual(row[name], value)),
    )
    .map(([name]) => name);
}

/** Compares until nothing is missing or the time is up; an outage of the database is waited out too. */
export async function untilStored(
  pool: pg.Pool,
  expected: readonly Expected[],
  timeoutMs: number,
): Promise<Comparison> {
  const deadline = Date.now() + timeoutMs;
  let waiting = expected;
  for (;;) {
    try {
      const found = await compareStored(pool, waiting);
      if (found.missing.length === 0 || Date.now() > deadline) break;
      const missing = new Set(found.missing);
      waiting = waiting.filter(({ id }) => missing.has(id));
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return await compareStored(pool, expected);
}
