import type { AllotConfig } from '../config/config.ts';
import { createBatchWriter, startIngest } from '../ingest/pipeline.ts';
import type { Journal } from '../journal/journal.ts';
import { createKafkaEventLog } from '../kafka/event-log.ts';
import type { Logger } from '../observability/logger.ts';
import { startForwarder } from '../service/delivery/forwarder.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import type { EventLog } from '../service/ports/event-log.ts';
import type { EventStore } from '../service/ports/stores.ts';

export interface EventTransport {
  stop(): Promise<void>;
}

export interface EventTransportOptions {
  readonly config: AllotConfig;
  readonly journal: Journal;
  readonly events: EventStore;
  /** False: with Kafka the journal is only sent on, and ingest runs elsewhere. */
  readonly isIngestHere: boolean;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** journal → ingest, or journal → Kafka (→ ingest) where brokers are configured. */
export async function startEventTransport(options: EventTransportOptions): Promise<EventTransport> {
  const { config, journal, events: store, logger, metrics } = options;
  // Without a broker nobody else reads this process's journal: it is always delivered here.
  if (config.kafka === null) return await startIngest({ log: journal, store, metrics, logger });
  const kafka = createKafkaEventLog(config.kafka, logger, { metrics });
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of started.reverse()) await part.stop();
    await kafka.close();
  };
  try {
    await kafka.ensureTopics();
    if (options.isIngestHere) started.push(await startIngest({ log: kafka, store, metrics, logger }));
    started.push(await forward(options, kafka));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Journal → Kafka, and straight into the store what a topic has no room for. */
async function forward(options: EventTransportOptions, kafka: EventLog): Promise<EventTransport> {
  const { journal, events: store, logger, metrics } = options;
  const stopping = new AbortController();
  const write = createBatchWriter({ store, metrics, logger }, stopping.signal);
  const forwarder = await startForwarder(journal, kafka, (records, batch) => {
    const [{ key, value }] = records;
    logger.error(
      { key, bytes: value.length },
      'kafka: a topic takes no record of this size, it is stored without Kafka; see `allot topics check`',
    );
    return write(records, batch);
  });
  return {
    stop: async () => {
      stopping.abort();
      await forwarder.stop();
    },
  };
}
