import type { EventJournal } from '../ports/event-log.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Serving } from './serving.ts';

export interface HealthReport {
  readonly isReady: boolean;
  /** Why not, or what is degraded while decisions go on. */
  readonly reasons: readonly string[];
  readonly revision: number | null;
  readonly source: 'store' | 'disk' | null;
  /** null: the store has not answered since this process started. */
  readonly stalenessMs: number | null;
  readonly maxStalenessMs: number;
  readonly journal: {
    readonly canAppend: boolean;
    readonly records: number;
    readonly bytes: number;
    readonly oldestAgeMs: number;
  };
}

export interface Health {
  ready(): HealthReport;
}

/**
 * Ready means: decisions by a known state that is not too old, by its champions, and recorded. A decider that is not ready still
 * answers; taking it out of rotation is the operator's choice.
 */
export function createHealth(deps: {
  readonly serving: Serving;
  readonly journal: EventJournal;
  readonly metrics: Metrics;
  readonly maxStalenessMs: number;
}): Health {
  const { serving, journal, metrics, maxStalenessMs } = deps;
  return {
    ready() {
      const { snapshot } = serving;
      const stalenessMs = serving.staleness();
      const canAppend = journal.canAppend();
      const depth = journal.depth();
      metrics.journalDepth(depth);
      const reasons: string[] = [];
      if (snapshot === null) reasons.push('no control state: neither the store nor a copy on the disk');
      else if (stalenessMs === null)
        reasons.push('serving the last good copy: the store has not answered yet');
      else if (stalenessMs > maxStalenessMs) reasons.push('the control state is older than allowed');
      const awaited = serving.awaitedChampions();
      // How many, and not which: who asks for health needs no key.
      if (awaited > 0)
        reasons.push(
          `the safe action for ${String(awaited)} surface(s): the champion has not been fetched yet`,
        );
      if (!canAppend) reasons.push('the journal is full: decisions are the safe action');
      return {
        isReady: reasons.length === 0,
        reasons,
        revision: snapshot?.revision ?? null,
        source: snapshot?.source ?? null,
        stalenessMs,
        maxStalenessMs,
        journal: { canAppend, records: depth.records, bytes: depth.bytes, oldestAgeMs: depth.oldestAgeMs },
      };
    },
  };
}
