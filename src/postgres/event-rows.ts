import { AllotError } from '../core/errors.ts';
import { dayOfDecisionId } from '../core/feedback/decision-id.ts';
import type { LogEvent } from '../core/feedback/events.ts';

/** Events of one kind as they go to the database: the partition day and the event's JSON, side by side. */
export interface EventRows {
  readonly days: readonly string[];
  readonly decisionIds: readonly string[];
  /** A JSON array of the events: one parameter, parsed once by the server. */
  readonly json: string;
  readonly length: number;
}

export type RowsByKind = Readonly<Record<LogEvent['kind'], EventRows>>;

interface Keyed {
  readonly day: string;
  readonly key: string;
  readonly event: LogEvent;
}

/**
 * Sorted by key: two consumers that write the same repeats then wait for each other in one order and never in a circle.
 */
function toRows(events: readonly LogEvent[]): RowsByKind {
  const kinds: Record<LogEvent['kind'], Keyed[]> = { decision: [], exposure: [], interaction: [] };
  for (const event of events) {
    const key = event.kind === 'decision' ? event.decisionId : event.eventId;
    kinds[event.kind].push({ day: storableDay(event), key, event });
  }
  return {
    decision: sorted(kinds.decision),
    exposure: sorted(kinds.exposure),
    interaction: sorted(kinds.interaction),
  };
}

/** The same in parts of at most so many days, oldest first; one part, however small, where the events are of few. */
export function inDays(events: readonly LogEvent[], most: number): [RowsByKind, ...RowsByKind[]] {
  const whole = toRows(events);
  const days = [...new Set(Object.values(whole).flatMap((kind) => kind.days))].sort();
  if (days.length <= most) return [whole];
  const older = new Set(days.slice(0, most));
  const isOlder = (event: LogEvent): boolean => older.has(storableDay(event));
  return [
    toRows(events.filter(isOlder)),
    ...inDays(
      events.filter((event) => !isOlder(event)),
      most,
    ),
  ];
}

/** Those rows of which `isKept` is true, in their order. */
export function keepInEach(
  { decision, exposure, interaction }: RowsByKind,
  isKept: (rows: EventRows, i: number) => boolean,
): RowsByKind {
  return {
    decision: keepRows(decision, isKept),
    exposure: keepRows(exposure, isKept),
    interaction: keepRows(interaction, isKept),
  };
}

function keepRows(rows: EventRows, isKept: (rows: EventRows, i: number) => boolean): EventRows {
  const kept = rows.days.map((_, i) => isKept(rows, i));
  if (kept.every(Boolean)) return rows;
  const events = (JSON.parse(rows.json) as unknown[]).filter((_, i) => kept[i]);
  return {
    days: rows.days.filter((_, i) => kept[i]),
    decisionIds: rows.decisionIds.filter((_, i) => kept[i]),
    json: JSON.stringify(events),
    length: events.length,
  };
}

function storableDay(event: LogEvent): string {
  const day = dayOfDecisionId(event.decisionId);
  if (/^\d{4}-\d{2}-\d{2}$/.test(day)) return day;
  throw new AllotError('decision_id_invalid', 'decisionId: its time is beyond the year 9999');
}

function sorted(rows: Keyed[]): EventRows {
  rows.sort((a, b) => compare(a.day, b.day) || compare(a.key, b.key));
  return {
    days: rows.map((row) => row.day),
    decisionIds: rows.map((row) => row.event.decisionId),
    json: `[${rows.map((row) => textOf(row.event)).join(',')}]`,
    length: rows.length,
  };
}

/** What is nested too deep can be read from JSON but not written. */
function textOf(event: LogEvent): string {
  try {
    return JSON.stringify(event);
  } catch (cause) {
    throw new AllotError('invalid_request', 'the event cannot be written as JSON', { cause });
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
