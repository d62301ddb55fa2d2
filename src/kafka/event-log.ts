import type { Kafka } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { BatchHandler, EventConsumer, EventLog, RawRecord } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { type Metrics, noMetrics } from '../service/ports/metrics.ts';
import { ADMIN_DEADLINE_MS, ClusterAdmin, adminClient } from './admin.ts';
import { createClient } from './client.ts';
import { SupervisedConsumer, type WatchTimes, defaultWatch } from './consumer.ts';
import type { Waiting } from './standstill.ts';
import { DeadlineProducer, SEND_DEADLINE_MS } from './producer.ts';
import {
  type TopicDeclaration,
  type TopicDifference,
  applyTopics,
  compareTopics,
  createTopics,
  declaredTopics,
  groupWaiting,
  lagOf,
  leaderOf,
} from './topics.ts';

export interface KafkaEventLog extends EventLog {
  /** Creates the topics that are missing. `broker_unavailable` without an answer, here and below. */
  ensureTopics(partitions?: number): Promise<void>;
  /** What is not as declared. */
  checkTopics(declaration: TopicDeclaration): Promise<readonly TopicDifference[]>;
  /** Makes both topics as declared; returns what cannot be changed. */
  applyTopics(declaration: TopicDeclaration): Promise<readonly TopicDifference[]>;
}

/** The event log on Kafka. Nothing connects before it is used. */
export function createKafkaEventLog(
  config: KafkaConfig,
  logger: Logger,
  options: KafkaOptions = {},
): KafkaEventLog {
  return new KafkaLog(config, logger, options);
}

export interface KafkaOptions {
  readonly adminDeadlineMs?: number;
  readonly sendDeadlineMs?: number;
  readonly watch?: Partial<WatchTimes>;
  readonly metrics?: Pick<Metrics, 'logGap'>;
}

class KafkaLog implements KafkaEventLog {
  readonly #config: KafkaConfig;
  readonly #logger: Logger;
  readonly #kafka: Kafka;
  readonly #admin: ClusterAdmin;
  readonly #producer: DeadlineProducer;
  readonly #watch: WatchTimes;
  readonly #metrics: Pick<Metrics, 'logGap'>;
  readonly #consumers = new Set<EventConsumer>();
  #waiting: Promise<readonly Waiting[]> | null = null;

  constructor(config: KafkaConfig, logger: Logger, options: KafkaOptions) {
    this.#config = config;
    this.#watch = { ...defaultWatch, ...options.watch };
    this.#metrics = options.metrics ?? noMetrics;
    this.#logger = logger;
    this.#kafka = createClient(config, logger).kafka;
    const adminDeadlineMs = options.adminDeadlineMs ?? ADMIN_DEADLINE_MS;
    this.#admin = new ClusterAdmin(config, adminClient(config, logger), adminDeadlineMs);
    this.#producer = new DeadlineProducer({
      kafka: this.#kafka,
      config,
      deadlineMs: options.sendDeadlineMs ?? SEND_DEADLINE_MS,
      brokerAnswers: () => this.#admin.ask('brokers', (admin) => admin.describeCluster()),
    });
  }

  async ensureTopics(partitions = declaredTopics.partitions): Promise<void> {
    const declaration = { ...declaredTopics, partitions };
    await this.#admin.ask('create topics', (admin) =>
      createTopics(admin, this.#config, declaration, this.#logger),
    );
  }

  checkTopics(declaration: TopicDeclaration): Promise<readonly TopicDifference[]> {
    return this.#admin.ask('check topics', (admin) => compareTopics(admin, this.#config, declaration));
  }

  applyTopics(declaration: TopicDeclaration): Promise<readonly TopicDifference[]> {
    return this.#admin.ask('apply topics', (admin) =>
      applyTopics(admin, this.#config, declaration, this.#logger),
    );
  }

  publish(records: readonly RawRecord[]): Promise<void> {
    return this.#producer.send(records);
  }

  async consume(handler: BatchHandler): Promise<EventConsumer> {
    const supervised = new SupervisedConsumer({
      kafka: this.#kafka,
      config: this.#config,
      handler,
      logger: this.#logger,
      watch: this.#watch,
      onGap: (topic) => this.#metrics.logGap(topic),
      waiting: () => this.#askWaiting(),
      leaderOf: (topic, partition) => this.#admin.ask('leader', (admin) => leaderOf(admin, topic, partition)),
    });
    // A broker that is away must not keep ingest from starting: the member joins when it can.
    supervised.begin();
    const consumer: EventConsumer = {
      lag: async () => lagOf(await this.#askWaiting()),
      stop: async () => {
        await supervised.stop();
        this.#consumers.delete(consumer);
      },
    };
    this.#consumers.add(consumer);
    return consumer;
  }

  /** One question at a time, for all who want to know. */
  #askWaiting(): Promise<readonly Waiting[]> {
    this.#waiting ??= this.#admin
      .ask('lag', (admin) => groupWaiting(admin, this.#config))
      .finally(() => (this.#waiting = null));
    return this.#waiting;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await this.#producer.close();
    await this.#admin.close();
  }
}
