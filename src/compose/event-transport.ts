import type { AllotConfig } from '../config/config.ts';
import { startIngest } from '../ingest/pipeline.ts';
import type { Journal } from '../journal/journal.ts';
import { createKafkaEventLog } from '../kafka/event-log.ts';
import type { Logger } from '../observability/logger.ts';
import { startForwarder } from '../service/delivery/forwarder.ts';
import type { Metrics } from '../service/ports/metrics.ts';
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
  const kafka = createKafkaEventLog(config.kafka, logger);
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of started.reverse()) await part.stop();
    await kafka.close();
  };
  try {
    await kafka.ensureTopics();
    if (options.isIngestHere) started.push(await startIngest({ log: kafka, store, metrics, logger }));
    started.push(await startForwarder(journal, kafka));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
