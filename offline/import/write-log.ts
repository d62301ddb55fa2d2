import type { DecisionIds } from '../../src/core/feedback/decision-id.ts';
import type { LogEvent } from '../../src/core/feedback/events.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { PseudonymOf } from '../../src/service/identity/pseudonyms.ts';
import type { EventStore } from '../../src/service/ports/stores.ts';
import type { ImportedDecision } from './imported-decision.ts';
import { toEvents } from './to-events.ts';

export interface ImportCounts {
  readonly decisions: number;
  readonly interactions: number;
  /** Rows that were stored before: importing a log twice changes nothing. */
  readonly duplicates: number;
}

const EVENTS_PER_TRANSACTION = 5_000;

/** Streams rows into the same tables that the service itself fills; memory stays flat in the number of rows. */
export async function writeLog(
  rows: AsyncIterable<ImportedDecision>,
  target: {
    readonly surface: Surface;
    readonly tenant: string;
    readonly ids: DecisionIds;
    readonly events: EventStore;
    readonly pseudonymOf?: PseudonymOf | undefined;
    readonly progress?: (rows: number) => void;
  },
): Promise<ImportCounts> {
  const counts = { decisions: 0, interactions: 0, duplicates: 0 };
  let pending: LogEvent[] = [];
  let seen = 0;
  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    const written = await target.events.write({ events: pending, deadLetters: [], isImport: true });
    counts.decisions += written.inserted.decisions;
    counts.interactions += written.inserted.interactions;
    counts.duplicates += written.duplicates.decisions;
    pending = [];
    target.progress?.(seen);
  };
  for await (const row of rows) {
    seen += 1;
    pending.push(...toEvents(named(row, target), target.surface, target.tenant, target.ids));
    if (pending.length >= EVENTS_PER_TRANSACTION) await flush();
  }
  await flush();
  return counts;
}

/** Under the name that the unit has where it is served. */
const named = (
  row: ImportedDecision,
  { tenant, pseudonymOf }: { readonly tenant: string; readonly pseudonymOf?: PseudonymOf | undefined },
): ImportedDecision =>
  pseudonymOf === undefined ? row : { ...row, unitId: pseudonymOf(tenant, row.unitId) };
