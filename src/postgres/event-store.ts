import { createHash } from 'node:crypto';
import type pg from 'pg';
import { AllotError } from '../core/errors.ts';
import type { DeadLetter, EventStore, WriteCounts } from '../service/ports/stores.ts';
import { classifyError } from './errors.ts';
import { type EventRows, inDays, keepInEach, type RowsByKind } from './event-rows.ts';
import { lettersToKeep } from './forget-dead-letters.ts';
import { withoutForgotten } from './forgotten-events.ts';
import { isKeptDay, lookForKeptOut } from './kept-out.ts';
import { createPartitions, type Partitions } from './partitions.ts';
import { inTransaction } from './transaction.ts';

/** `$1` days and `$2` the JSON array of the events, row by row. */
const ROWS = 'from rows from (unnest($1::date[]), jsonb_array_elements($2::jsonb)) as t (day, e)';

const time = (field: string): string => `to_timestamp((e ->> '${field}')::float8 / 1000)`;

// `[0.25, 0.75]` → `{0.25, 0.75}`: JSON's array of numbers is an array literal but for its brackets.
const INSERT_DECISIONS = `
  insert into decisions (day, decision_id, tenant, surface, schema_version, request_id, unit_id, session_id,
    decided_at, action, propensity, probabilities, draw, policy_version, experiment, variant, block, fallback,
    is_forced, event)
  select day, e ->> 'decisionId', e ->> 'tenant', e ->> 'surface', (e ->> 'schemaVersion')::integer,
    e ->> 'requestId', e ->> 'unitId', e ->> 'sessionId', ${time('decidedAt')}, e ->> 'action',
    (e ->> 'propensity')::float8, translate(e ->> 'probabilities', '[]', '{}')::float8[], (e ->> 'draw')::float8,
    e ->> 'policyVersion', e ->> 'experiment', e ->> 'variant', (e ->> 'block')::integer, e ->> 'fallback',
    (e ->> 'isForced')::boolean, e
  ${ROWS}
  on conflict do nothing`;

const INSERT_EXPOSURES = `
  insert into exposures (day, tenant, event_id, decision_id, occurred_at, received_at, event)
  select day, e ->> 'tenant', e ->> 'eventId', e ->> 'decisionId', ${time('occurredAt')}, ${time('receivedAt')}, e
  ${ROWS}
  on conflict do nothing`;

const INSERT_INTERACTIONS = `
  insert into interactions (day, tenant, event_id, decision_id, type, value, occurred_at, received_at, event)
  select day, e ->> 'tenant', e ->> 'eventId', e ->> 'decisionId', e ->> 'type', (e ->> 'value')::float8,
    ${time('occurredAt')}, ${time('receivedAt')}, e
  ${ROWS}
  on conflict do nothing`;

const INSERT_DEAD_LETTERS = `
  insert into dead_letters (id, received_at, reason, record)
  select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::bytea[])
  on conflict do nothing`;

/** A transaction locks every partition that it writes to, with its indexes: a server has room for some hundred days. */
const DAYS_AT_ONCE = 50;

/**
 * One call is one transaction (a batch over many days is several, its dead letters go with the last), and repeats have no effect: after a failure, or when nobody knows whether the commit
 * happened, the same batch is simply written again.
 *
 * Throws `invalid_request` (or `decision_id_invalid`) when a row is to blame, so that ingest can look for it by
 * halves, and `store_unavailable` when the moment is.
 */
export function createEventStore(pool: pg.Pool): EventStore {
  const partitions = createPartitions(pool);
  return {
    async write({ events, deadLetters, isImport = false }) {
      const [rows, ...more] = inDays(events, DAYS_AT_ONCE);
      const letters = (isLast: boolean) => (isLast ? deadLetters : []);
      const target = { pool, partitions, isImport };
      let written = await writeRows(target, rows, letters(more.length === 0));
      for (const [i, next] of more.entries())
        written = sum(written, await writeRows(target, next, letters(i === more.length - 1)));
      return written;
    },
  };
}

interface Target {
  readonly pool: pg.Pool;
  readonly partitions: Partitions;
  readonly isImport: boolean;
}

async function writeRows(
  target: Target,
  rows: RowsByKind,
  deadLetters: readonly Omit<DeadLetter, 'id'>[],
): Promise<Required<WriteCounts>> {
  try {
    return await writeOnce(target, rows, deadLetters);
  } catch (error) {
    if (!isMissingPartition(error)) throw error;
    target.partitions.forget();
    return await writeOnce(target, rows, deadLetters);
  }
}

const sum = (a: Required<WriteCounts>, b: Required<WriteCounts>): Required<WriteCounts> => ({
  inserted: sumOfKinds(a.inserted, b.inserted),
  duplicates: sumOfKinds(a.duplicates, b.duplicates),
  forgotten: sumOfKinds(a.forgotten, b.forgotten),
  tooLate: sumOfKinds(a.tooLate, b.tooLate),
  deadLetters: a.deadLetters + b.deadLetters,
});

const sumOfKinds = (a: WriteCounts['inserted'], b: WriteCounts['inserted']): WriteCounts['inserted'] => ({
  decisions: a.decisions + b.decisions,
  exposures: a.exposures + b.exposures,
  interactions: a.interactions + b.interactions,
});

async function writeOnce(
  { pool, partitions, isImport }: Target,
  all: RowsByKind,
  deadLetters: readonly Omit<DeadLetter, 'id'>[],
): Promise<Required<WriteCounts>> {
  await partitions.ensure(
    Object.values(all).flatMap((kind) => kind.days),
    isImport,
  );
  return inTransaction(pool, async (client) => {
    const { horizon, isAnyForgotten } = await lookForKeptOut(client);
    const timely = isImport ? all : keepInEach(all, ({ days }, i) => isKeptDay(days[i], horizon));
    const rows = isAnyForgotten ? await withoutForgotten(client, timely) : timely;
    const inserted = {
      decisions: await insert(client, INSERT_DECISIONS, rows.decision),
      exposures: await insert(client, INSERT_EXPOSURES, rows.exposure),
      interactions: await insert(client, INSERT_INTERACTIONS, rows.interaction),
    };
    return {
      inserted,
      duplicates: less(lengths(rows), inserted),
      forgotten: less(lengths(timely), lengths(rows)),
      tooLate: less(lengths(all), lengths(timely)),
      deadLetters: await insertDeadLetters(client, await lettersToKeep(client, deadLetters)),
    };
  });
}

const lengths = ({ decision, exposure, interaction }: RowsByKind): WriteCounts['inserted'] => ({
  decisions: decision.length,
  exposures: exposure.length,
  interactions: interaction.length,
});

const less = (a: WriteCounts['inserted'], b: WriteCounts['inserted']): WriteCounts['inserted'] => ({
  decisions: a.decisions - b.decisions,
  exposures: a.exposures - b.exposures,
  interactions: a.interactions - b.interactions,
});

async function insert(client: pg.ClientBase, text: string, rows: EventRows): Promise<number> {
  if (rows.length === 0) return 0;
  const { rowCount } = await client.query(text, [rows.days, rows.json]);
  return rowCount ?? 0;
}

async function insertDeadLetters(
  client: pg.ClientBase,
  letters: readonly Omit<DeadLetter, 'id'>[],
): Promise<number> {
  if (letters.length === 0) return 0;
  const { rowCount } = await client.query(INSERT_DEAD_LETTERS, [
    letters.map((letter) => createHash('sha256').update(letter.record).digest('hex').slice(0, 32)),
    letters.map((letter) => new Date(letter.receivedAt)),
    // A reason quotes the poison; text cannot hold NUL.
    letters.map((letter) => letter.reason.replaceAll('\0', '\\0')),
    letters.map((letter) => Buffer.from(letter.record)),
  ]);
  return rowCount ?? 0;
}

/** Somebody dropped a partition that we remember: PostgreSQL reports it as a check violation of the parent. */
function isMissingPartition(error: unknown): boolean {
  const cause = error instanceof AllotError ? error.cause : error;
  if (classifyError(cause) !== 'data') return false;
  return (cause as { routine?: unknown }).routine === 'ExecFindPartition';
}
