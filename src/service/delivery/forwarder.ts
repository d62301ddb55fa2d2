import { AllotError } from '../../core/errors.ts';
import type { BatchHandler, EventConsumer, EventLog } from '../ports/event-log.ts';

/**
 * Carries the journal's records to another log (Kafka). A batch counts as delivered when the other log holds all
 * of it; if it does not answer, the journal offers the batch again and grows meanwhile. A send that failed may
 * still have landed, so a record can arrive twice: ingest deduplicates.
 *
 * A record that is too large for the other log, now and at every later try, would hold up all behind it for ever: it is
 * found by halving and handled `beside` the log, and the others go on.
 */
export async function startForwarder(
  from: EventLog,
  to: Pick<EventLog, 'publish'>,
  beside: BatchHandler,
): Promise<EventConsumer> {
  const forward: BatchHandler = async (records, batch) => {
    try {
      await to.publish(records);
    } catch (error) {
      if (!(error instanceof AllotError) || error.code !== 'body_too_large') throw error;
      if (records.length === 1) return await beside(records, batch);
      const middle = records.length >> 1;
      await forward(records.slice(0, middle), batch);
      await forward(records.slice(middle), batch);
    }
  };
  return from.consume(forward);
}
