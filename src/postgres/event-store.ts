import { createHash } from 'node:crypto';
import type pg from 'pg';
import { AllotError } from '../core/errors.ts';
import type { DeadLetter, EventStore, WriteCounts } from '../service/ports/stores.ts';
import { classifyError } from './errors.ts';
import { type EventRows, inDays, type RowsByKind } from './event-rows.ts';
import { lettersToKeep } from './forget-dead-letters.ts';
import { withoutForgotten } from './forgotten-events.ts';
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
    async write({ events, deadLetters }) {
      const [rows, ...more] = inDays(events, DAYS_AT_ONCE);
      let written = await writeRows(pool, partitions, rows, more.length === 0 ? deadLetters : []);
      for (const [i, next] of more.entries())
        written = sum(
          written,
          await writeRows(pool, partitions, next, i === more.length - 1 ? deadLetters : []),
        );
      return written;
    },
  };
}

async function writeRows(
  pool: pg.Pool,
  partitions: Partitions,
  rows: RowsByKind,
  deadLetters: readonly Omit<DeadLetter, 'id'>[],
): Promise<Required<WriteCounts>> {
  try {
    return await writeOnce(pool, partitions, rows, deadLetters);
  } catch (error) {
    if (!isMissingPartition(error)) throw error;
    partitions.forget();
    return await writeOnce(pool, partitions, rows, deadLetters);
  }
}

const sum = (a: Required<WriteCounts>, b: Required<WriteCounts>): Required<WriteCounts> => ({
  inserted: sumOfKinds(a.inserted, b.inserted),
  duplicates: sumOfKinds(a.duplicates, b.duplicates),
  forgotten: sumOfKinds(a.forgotten, b.forgotten),
  deadLetters: a.deadLetters + b.deadLetters,
});

const sumOfKinds = (a: WriteCounts['inserted'], b: WriteCounts['inserted']): WriteCounts['inserted'] => ({
  decisions: a.decisions + b.decisions,
  exposures: a.exposures + b.exposures,
  interactions: a.interactions + b.interactions,
});

async function writeOnce(
  pool: pg.Pool,
  partitions: Partitions,
  all: RowsByKind,
  deadLetters: readonly Omit<DeadLetter, 'id'>[],
): Promise<Required<WriteCounts>> {
  await partitions.ensure(Object.values(all).flatMap((kind) => kind.days));
  return inTransaction(pool, async (client) => {
    const rows = await withoutForgotten(client, all);
    const decisions = await insert(client, INSERT_DECISIONS, rows.decision);
    const exposures = await insert(client, INSERT_EXPOSURES, rows.exposure);
    const interactions = await insert(client, INSERT_INTERACTIONS, rows.interaction);
    return {
      inserted: { decisions, exposures, interactions },
      duplicates: {
        decisions: rows.decision.length - decisions,
        exposures: rows.exposure.length - exposures,
        interactions: rows.interaction.length - interactions,
      },
      forgotten: {
        decisions: all.decision.length - rows.decision.length,
        exposures: all.exposure.length - rows.exposure.length,
        interactions: all.interaction.length - rows.interaction.length,
      },
      deadLetters: await insertDeadLetters(client, await lettersToKeep(client, deadLetters)),
    };
  });
}

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
