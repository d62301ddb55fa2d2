import type { LogEvent } from '../../core/feedback/events.ts';

/**
 * The key under which an event travels: a unit's decisions stay together, and so does a decision's feedback (which
 * does not know the unit). Decisions and feedback need no order between them, ingest joins them in any.
 */
export function eventKey(event: LogEvent): string {
  return event.kind === 'decision' ? event.unitId : event.decisionId;
}
