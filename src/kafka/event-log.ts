import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import { AllotError } from '../core/errors.ts';
import type { BatchHandler, EventConsumer, EventLog, RawRecord } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { adviceFor } from './advice.ts';
import { type Client, createClient } from './client.ts';
import { SupervisedConsumer, type WatchTimes, defaultWatch } from './consumer.ts';
import { within } from './deadline.ts';
import type { Waiting } from './standstill.ts';
import { DeadlineProducer, SEND_DEADLINE_MS } from './producer.ts';
import {
  type Assignment,
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

const ADMIN_DEADLINE_MS = 15_000;

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
  times: KafkaTimes = {},
): KafkaEventLog {
  return new KafkaLog(config, logger, times);
}

export interface KafkaTimes {
  readonly adminDeadlineMs?: number;
  readonly sendDeadlineMs?: number;
  readonly watch?: WatchTimes;
}

class KafkaLog implements KafkaEventLog {
  readonly #config: KafkaConfig;
  readonly #logger: Logger;
  readonly #client: Client;
  readonly #producer: DeadlineProducer;
  readonly #watch: WatchTimes;
  readonly #adminDeadlineMs: number;
  readonly #consumers = new Set<EventConsumer>();
  #admin: Promise<Admin> | null = null;

  constructor(config: KafkaConfig, logger: Logger, times: KafkaTimes) {
    this.#config = config;
    this.#watch = times.watch ?? defaultWatch;
    this.#adminDeadlineMs = times.adminDeadlineMs ?? ADMIN_DEADLINE_MS;
    this.#logger = logger;
    this.#client = createClient(config, logger);
    this.#producer = new DeadlineProducer(
      this.#client.kafka,
      config,
      times.sendDeadlineMs ?? SEND_DEADLINE_MS,
    );
  }

  async ensureTopics(partitions = declaredTopics.partitions): Promise<void> {
    const declaration = { ...declaredTopics, partitions };
    await this.#ask('create topics', (admin) => createTopics(admin, this.#config, declaration, this.#logger));
  }

  checkTopics(declaration: TopicDeclaration): Promise<readonly TopicDifference[]> {
    return this.#ask('check topics', (admin) => compareTopics(admin, this.#config, declaration));
  }

  applyTopics(declaration: TopicDeclaration): Promise<readonly TopicDifference[]> {
    return this.#ask('apply topics', (admin) => applyTopics(admin, this.#config, declaration, this.#logger));
  }

  publish(records: readonly RawRecord[]): Promise<void> {
    return this.#producer.send(records);
  }

  /** The error, with what a person can do about it where that can be told. */
  async #explained(error: unknown): Promise<unknown> {
    if (!(error instanceof AllotError)) return error;
    const cause = error.cause instanceof Error ? error.cause.message : '';
    const advice = await adviceFor(this.#config, `${cause} ${this.#client.lastComplaint()}`);
    if (advice === null) return error;
    return new AllotError(error.code, `${error.message}: ${advice}`, { cause: error.cause });
  }

  async consume(handler: BatchHandler): Promise<EventConsumer> {
    const supervised = new SupervisedConsumer({
      kafka: this.#client.kafka,
      config: this.#config,
      handler,
      logger: this.#logger,
      watch: this.#watch,
      waitingOf: (assignment) => this.#waiting(assignment),
      leaderOf: (topic, partition) => this.#ask('leader', (admin) => leaderOf(admin, topic, partition)),
    });
    // A broker that is away must not keep ingest from starting: the member joins when it can.
    supervised.begin();
    const consumer: EventConsumer = {
      lag: async () => lagOf(await this.#waiting(null)),
      stop: async () => {
        await supervised.stop();
        this.#consumers.delete(consumer);
      },
    };
    this.#consumers.add(consumer);
    return consumer;
  }

  #waiting(only: Assignment | null): Promise<readonly Waiting[]> {
    return this.#ask('lag', (admin) => groupWaiting(admin, this.#config, only));
  }

  async #ask<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      return await within(this.#adminDeadlineMs, what, this.#useAdmin(work));
    } catch (error) {
      throw await this.#explained(error);
    }
  }

  async #useAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= this.#connectAdmin();
    try {
      return await work(await this.#admin);
    } catch (error) {
      // A broken connection is made anew by the next call.
      const broken = this.#admin;
      this.#admin = null;
      void broken.then((admin) => admin.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  async #connectAdmin(): Promise<Admin> {
    const admin = this.#client.kafka.admin();
    await admin.connect();
    return admin;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await this.#producer.close();
    const admin = this.#admin;
    if (admin === null) return;
    const leaving = admin.then((connected) => connected.disconnect());
    await within(this.#adminDeadlineMs, 'disconnect', leaving).catch(() => undefined);
  }
}
