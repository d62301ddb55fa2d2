import type { Consumer, Kafka } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { BatchHandler } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { handleBatch } from './batch.ts';
import { within } from './deadline.ts';
import { type Assignment, topicsOf } from './topics.ts';

const WATCH_MS = 5_000;
/** With records waiting and nothing in hand, this long without a handled batch is a standstill. */
const STALL_MS = 20_000;
const STOP_DEADLINE_MS = 15_000;
const RESTART_DELAY_MS = 1_000;

export interface SupervisorOptions {
  readonly kafka: Kafka;
  readonly config: KafkaConfig;
  readonly handler: BatchHandler;
  readonly logger: Logger;
  lagOf(assignment: Assignment): Promise<number>;
}

/**
 * Keeps one group member alive. States: starting → running → (crashed or stalled → starting)* → stopped. A member
 * counts as alive by progress, not by its connection: the library has been seen connected, heartbeating and idle
 * with records waiting, and it has crashed for good with errors that pass.
 */
export class SupervisedConsumer {
  readonly #options: SupervisorOptions;
  readonly #watch: NodeJS.Timeout;
  #consumer: Consumer | null = null;
  #assignment: Assignment = {};
  #lastProgress = Date.now();
  #inHand = 0;
  #isStopping = false;
  #restarting: Promise<void> | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#watch = setInterval(() => void this.#check(), WATCH_MS).unref();
  }

  /** Joins the group in the background: where the broker does not answer it goes on trying until `stop`. */
  begin(): void {
    this.#start().catch((error: unknown) => {
      this.#options.logger.warn({ error }, 'kafka: the consumer did not start, trying again');
      return this.#restart();
    });
  }

  async #start(): Promise<void> {
    const { kafka, config, logger } = this.#options;
    const consumer = kafka.consumer({
      groupId: config.groupId,
      sessionTimeout: 6_000,
      heartbeatInterval: 1_000,
      rebalanceTimeout: 10_000,
      // The default of 5 s delays a quiet partition behind a busy one, and every disconnect.
      maxWaitTimeInMs: 200,
      allowAutoTopicCreation: false,
    });
    this.#consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assignment = payload.memberAssignment;
      this.#lastProgress = Date.now();
      // The library may rejoin out of a retry that began before it was told to stop.
      if (this.#isStopping || this.#consumer !== consumer) void consumer.disconnect();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      logger.warn({ error: payload.error, restarts: payload.restart }, 'kafka: the consumer crashed');
      if (!payload.restart && this.#consumer === consumer) void this.#restart();
    });
    await consumer.connect();
    await consumer.subscribe({ topics: topicsOf(config), fromBeginning: true });
    await this.#run(consumer);
  }

  async #run(consumer: Consumer): Promise<void> {
    const { handler, logger } = this.#options;
    const isStopping = (): boolean => this.#isStopping || this.#consumer !== consumer;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: async (payload) => {
        if (isStopping()) return;
        this.#inHand += 1;
        try {
          await handleBatch(payload, {
            handler,
            logger,
            isStopping,
            commit: (topic, partition, offset) => consumer.commitOffsets([{ topic, partition, offset }]),
            onProgress: () => (this.#lastProgress = Date.now()),
          });
        } finally {
          this.#inHand -= 1;
        }
      },
    });
  }

  async #check(): Promise<void> {
    if (this.#isStopping || this.#inHand > 0 || Date.now() - this.#lastProgress < STALL_MS) return;
    try {
      // Only a broker that answers can tell that records wait for us; otherwise it is an outage, not a standstill.
      const waiting = await this.#options.lagOf(this.#assignment);
      if (waiting === 0 || this.#inHand > 0 || Date.now() - this.#lastProgress < STALL_MS) return;
      const fields = { waiting, stalledMs: Date.now() - this.#lastProgress, assignment: this.#assignment };
      this.#options.logger.error(
        fields,
        'kafka: records wait and none is handled, the consumer is started again',
      );
      await this.#restart();
    } catch (error) {
      this.#options.logger.debug({ error }, 'kafka: the lag cannot be told now');
    }
  }

  #restart(): Promise<void> {
    this.#restarting ??= this.#startAgain().finally(() => (this.#restarting = null));
    return this.#restarting;
  }

  async #startAgain(): Promise<void> {
    while (!this.#isStopping) {
      const old = this.#consumer;
      this.#consumer = null;
      this.#lastProgress = Date.now();
      await disconnect(old);
      await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS));
      if (this.#isStopping) return;
      try {
        return await this.#start();
      } catch (error) {
        this.#options.logger.warn({ error }, 'kafka: the consumer did not start, trying again');
      }
    }
  }

  /** Waits for the batch in hand, then leaves the group. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    await disconnect(this.#consumer);
  }
}

async function disconnect(consumer: Consumer | null): Promise<void> {
  if (consumer === null) return;
  await within(STOP_DEADLINE_MS, 'disconnect', consumer.disconnect()).catch(() => undefined);
}
