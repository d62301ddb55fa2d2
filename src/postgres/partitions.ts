import type pg from 'pg';
import { mapErrors } from './errors.ts';

const DAY_MS = 86_400_000;

export interface Partitions {
  /**
   * Makes what is missing for these days, and for the days after them so that midnight finds its table ready; in a
   * transaction of its own. Remembers what it has seen to.
   */
  ensure(days: Iterable<string>): Promise<void>;
  /** After a partition was dropped behind our back: look again. */
  forget(): void;
}

export function createPartitions(pool: pg.Pool): Partitions {
  const known = new Set<string>();
  return {
    async ensure(days) {
      const missing = [...new Set(days)].filter((day) => !known.has(day));
      if (missing.length === 0) return;
      const withNext = [...missing, ...missing.map(dayAfter)];
      await mapErrors(() => pool.query('select ensure_event_partitions($1::date[])', [withNext]));
      for (const day of missing) known.add(day);
    },
    forget: () => known.clear(),
  };
}

const dayAfter = (day: string): string => new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
