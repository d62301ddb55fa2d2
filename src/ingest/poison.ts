import { AllotError } from '../core/errors.ts';
import type { LogEvent } from '../core/feedback/events.ts';
import type { RawRecord } from '../service/ports/event-log.ts';
import type { DeadLetter } from '../service/ports/stores.ts';
import { parseEvent } from '../service/schemas/events.ts';
import { isForgottenRecord } from '../service/schemas/forgotten-record.ts';

export type NewDeadLetter = Omit<DeadLetter, 'id'>;

/** A record that follows the grammar, with the bytes it came in. */
export interface ParsedRecord {
  readonly event: LogEvent;
  readonly record: Uint8Array;
}

/** Splits a batch into events and records that no version of the grammar can read. */
export function parseBatch(
  records: readonly RawRecord[],
  now: number,
): { readonly parsed: ParsedRecord[]; readonly deadLetters: NewDeadLetter[] } {
  const parsed: ParsedRecord[] = [];
  const deadLetters: NewDeadLetter[] = [];
  for (const { value } of records) {
    if (isForgottenRecord(value)) continue;
    try {
      parsed.push({ event: parseEvent(value), record: value });
    } catch (error) {
      deadLetters.push(deadLetter(value, error, now));
    }
  }
  return { parsed, deadLetters };
}

export function deadLetter(record: Uint8Array, error: unknown, now: number): NewDeadLetter {
  return {
    receivedAt: now,
    reason: storable(reasonOf(error)),
    record,
  };
}

/** Read by operators: with what the database said, which a client is not told. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && cause.message !== message ? `${message}: ${cause.message}` : message;
}

/** A reason may name a field of the record, and so carry the very character that the store refuses. */
function storable(reason: string): string {
  const printable = reason.replace(/\p{Cc}/gu, '?').slice(0, 500);
  return Buffer.from(printable).toString(); // a lone surrogate becomes U+FFFD
}

/**
 * What our own code throws on these very records is a refusal of them: it would throw again without end. Only errors that
 * have a name in the catalogue can be about the moment.
 */
export function named(error: unknown): unknown {
  if (error instanceof AllotError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AllotError('invalid_request', message, { cause: error });
}

/** The store refused the data, and will again: not an outage. */
export function isRefusedData(error: unknown): boolean {
  return (
    error instanceof AllotError && (error.code === 'invalid_request' || error.code === 'decision_id_invalid')
  );
}

/**
 * Finds, by halving, the records of a refused batch that the store will not take; the others are written on the
 * way. `write` is one transaction and repeats have no effect, so any step may run again.
 */
export async function writeAround(
  parsed: readonly ParsedRecord[],
  refusal: unknown,
  write: (events: readonly LogEvent[]) => Promise<void>,
): Promise<{ readonly record: Uint8Array; readonly error: unknown }[]> {
  if (parsed.length === 1) return [{ record: parsed[0].record, error: refusal }];
  const middle = parsed.length >> 1;
  const poison: { readonly record: Uint8Array; readonly error: unknown }[] = [];
  for (const half of [parsed.slice(0, middle), parsed.slice(middle)]) {
    try {
      await write(half.map(({ event }) => event));
    } catch (error) {
      if (!isRefusedData(error)) throw error;
      poison.push(...(await writeAround(half, error, write)));
    }
  }
  return poison;
}
