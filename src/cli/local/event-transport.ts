import type { AllotConfig } from '../../config/config.ts';
import { startIngest } from '../../ingest/pipeline.ts';
import type { Journal } from '../../journal/journal.ts';
import { createKafkaEventLog } from '../../kafka/event-log.ts';
import type { Logger } from '../../observability/logger.ts';
import { startForwarder } from '../../service/delivery/forwarder.ts';
import type { Metrics } from '../../service/ports/metrics.ts';
import type { EventStore } from '../../service/ports/stores.ts';

const PARTITIONS = 6;

export interface EventTransport {
  stop(): Promise<void>;
}

export interface EventTransportOptions {
  readonly config: AllotConfig;
  readonly journal: Journal;
  readonly events: EventStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** journal → ingest, or journal → Kafka → ingest where brokers are configured. */
export async function startEventTransport(options: EventTransportOptions): Promise<EventTransport> {
  const { config, journal, events: store, logger, metrics } = options;
  if (config.kafka === null) {
    const ingest = await startIngest({ log: journal, store, metrics, logger });
    return { stop: () => ingest.stop() };
  }
  const kafka = createKafkaEventLog(config.kafka, logger);
  try {
    await kafka.ensureTopics(PARTITIONS);
    const ingest = await startIngest({ log: kafka, store, metrics, logger });
    const forwarder = await startForwarder(journal, kafka);
    return {
      async stop() {
        await forwarder.stop();
        await ingest.stop();
        await kafka.close();
      },
    };
  } catch (error) {
    await kafka.close();
    throw error;
  }
}
