import type { EventConsumer, EventLog, RawRecord } from '../ports/event-log.ts';

/**
 * Carries the journal's records to another log (Kafka). A batch counts as delivered when the other log holds all
 * of it; if it does not answer, the journal offers the batch again and grows meanwhile. A send that failed may
 * still have landed, so a record can arrive twice: ingest deduplicates.
 */
export async function startForwarder(from: EventLog, to: EventLog): Promise<EventConsumer> {
  return from.consume((records: readonly RawRecord[]) => to.publish(records));
}
