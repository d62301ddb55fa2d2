import { AllotError } from '../../src/core/errors.ts';
import type { LogEvent } from '../../src/core/feedback/events.ts';
import type { EventJournal } from '../../src/service/ports/event-log.ts';

/** A journal in memory that can be filled up; what it holds is what a real one would have on the disk. */
export interface MemoryJournal extends EventJournal {
  readonly events: LogEvent[];
  /** From now on records are refused (true) or taken. */
  setFull(isFull: boolean): void;
  /** `canAppend` stays true but the next record is refused: the disk filled up in between. */
  failNextAppend(): void;
}

export function createMemoryJournal(): MemoryJournal {
  const events: LogEvent[] = [];
  let isFull = false;
  let isFailing = false;
  const take = (added: readonly LogEvent[]): void => {
    if (isFull || isFailing) {
      isFailing = false;
      throw new AllotError('journal_full', 'the journal is full');
    }
    events.push(...added);
  };
  return {
    events,
    setFull: (value) => void (isFull = value),
    failNextAppend: () => void (isFailing = true),
    append: (event) => take([event]),
    appendAll: (added) => take(added),
    canAppend: () => !isFull,
    sync: () => Promise.resolve(),
    findDecision: (id) => events.find((e) => e.kind === 'decision' && e.decisionId === id),
    depth: () => ({ records: events.length, bytes: events.length * 500, oldestAgeMs: 0 }),
  };
}
