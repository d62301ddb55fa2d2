import type pg from 'pg';
import { mapErrors } from './errors.ts';
import { isKeptDay, readHorizon } from './kept-out.ts';

const DAY_MS = 86_400_000;

export interface Partitions {
  /**
   * Makes what is missing for these days, and for the days after them so that midnight finds its table ready; in
   * transactions of its own. Remembers what it has seen to. What retention has dropped is made for an import alone.
   */
  ensure(days: Iterable<string>, isImport: boolean): Promise<void>;
  /** After a partition was dropped behind our back: look again. */
  forget(): void;
}

export function createPartitions(pool: pg.Pool): Partitions {
  const known = new Set<string>();
  return {
    async ensure(days, isImport) {
      const unknown = [...new Set(days)].filter((day) => !known.has(day));
      if (unknown.length === 0) return;
      const horizon = isImport ? null : await mapErrors(() => readHorizon(pool));
      const missing = unknown.filter((day) => isKeptDay(day, horizon));
      await makePartitions(pool, [...missing, ...missing.map(dayAfter)]);
      for (const day of missing) known.add(day);
    },
    forget: () => known.clear(),
  };
}

/** A table that is made stays locked, with its indexes, until the end of its transaction: a server has room for some hundred days. */
const DAYS_AT_ONCE = 20;

/** Makes what is missing for these days; outside of a transaction, so that no more than a few are locked at a time. */
export async function makePartitions(client: pg.Pool | pg.ClientBase, days: Iterable<string>): Promise<void> {
  const wanted = [...new Set(days)].sort();
  for (let i = 0; i < wanted.length; i += DAYS_AT_ONCE) {
    const few = wanted.slice(i, i + DAYS_AT_ONCE);
    await mapErrors(() => client.query('select ensure_event_partitions($1::date[])', [few]));
  }
}

const dayAfter = (day: string): string => new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
