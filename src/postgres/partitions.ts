import type pg from 'pg';
import { mapErrors } from './errors.ts';

const DAY_MS = 86_400_000;

export interface Partitions {
  /** Makes what is missing for these days, in its own transaction; remembers what is there. */
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
      await mapErrors(() => pool.query('select ensure_event_partitions($1::date[])', [missing]));
      for (const day of missing) known.add(day);
    },
    forget: () => known.clear(),
  };
}

/** Partitions of yesterday up to `daysAhead` days from now, so that midnight finds its table ready. */
export async function makePartitionsAhead(pool: pg.Pool, now: number, daysAhead = 7): Promise<void> {
  const days = Array.from({ length: daysAhead + 2 }, (_, i) =>
    new Date(now + (i - 1) * DAY_MS).toISOString().slice(0, 10),
  );
  await createPartitions(pool).ensure(days);
}
