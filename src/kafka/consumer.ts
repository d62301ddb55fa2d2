import type { Consumer, Kafka } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { BatchHandler } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { handleBatch, offsetAfter } from './batch.ts';
import { within } from './deadline.ts';
import { type GapStep, stepPastGap } from './gap.ts';
import { IdleClock, Standstill, type Verdict, type Waiting } from './standstill.ts';
import { type Assignment, type Leader, topicsOf } from './topics.ts';

export interface WatchTimes {
  /** Between two looks at what waits. */
  readonly everyMs: number;
  /** With records waiting and nothing in hand, this long at one offset is a standstill. */
  readonly stallMs: number;
}
export const defaultWatch: WatchTimes = { everyMs: 5_000, stallMs: 20_000 };

const STOP_DEADLINE_MS = 15_000;
const RESTART_DELAY_MS = 1_000;

export interface SupervisorOptions {
  readonly kafka: Kafka;
  readonly config: KafkaConfig;
  readonly handler: BatchHandler;
  readonly logger: Logger;
  readonly watch: WatchTimes;
  waitingOf(assignment: Assignment): Promise<readonly Waiting[]>;
  leaderOf(topic: string, partition: number): Promise<Leader>;
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
  readonly #standstill: Standstill;
  readonly #idle = new IdleClock(Date.now());
  #isStopping = false;
  #restarting: Promise<void> | null = null;
  #isChecking = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#standstill = new Standstill(options.watch.stallMs);
    this.#watch = setInterval(() => void this.#check(), options.watch.everyMs).unref();
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
      // A megabyte each for the twelve partitions that are declared: the last would wait until the others have caught up.
      maxBytes: 16 * 1024 * 1024,
      allowAutoTopicCreation: false,
    });
    this.#consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assignment = payload.memberAssignment;
      this.#standstill.reset();
      // The library may rejoin out of a retry that began before it was told to stop.
      if (this.#isStopping || this.#consumer !== consumer) void consumer.disconnect();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      logger.warn({ error: payload.error, restarts: payload.restart }, 'kafka: the consumer crashed');
      if (!payload.restart && this.#consumer === consumer) void this.#restart();
    });
    consumer.on(
      consumer.events.END_BATCH_PROCESS,
      ({ payload: { topic, partition, batchSize, lastOffset } }) => {
        // Markers of transactions alone: the client reads on and commits nothing, and the lag would never be 0.
        if (batchSize > 0) return;
        const commit = consumer.commitOffsets([{ topic, partition, offset: offsetAfter(lastOffset) }]);
        commit.catch((error: unknown) => logger.debug({ error }, 'kafka: a marker was not committed'));
      },
    );
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
        this.#idle.begin(Date.now());
        try {
          await handleBatch(payload, {
            handler,
            logger,
            isStopping,
            commit: (topic, partition, offset) => consumer.commitOffsets([{ topic, partition, offset }]),
          });
        } finally {
          this.#idle.end(Date.now());
        }
      },
    });
  }

  async #check(): Promise<void> {
    if (this.#isStopping || this.#isChecking || this.#restarting !== null) return;
    this.#isChecking = true;
    try {
      // Only a broker that answers can tell that records wait for us; otherwise it is an outage, not a standstill.
      const waiting = await this.#options.waitingOf(this.#assignment);
      await this.#act(this.#standstill.look(waiting, this.#idle.idleMs(Date.now())));
    } catch (error) {
      this.#standstill.reset();
      this.#options.logger.debug({ error }, 'kafka: the lag cannot be told now');
    } finally {
      this.#isChecking = false;
    }
  }

  async #act(verdict: Verdict): Promise<void> {
    if (verdict.kind === 'moving' || this.#isStopping) return;
    if (verdict.kind === 'gap') {
      for (const stuck of verdict.stuck) await this.#stepPast(stuck);
      return;
    }
    this.#options.logger.error(
      { stuck: verdict.stuck.map(placeOf), stalledMs: this.#options.watch.stallMs },
      'kafka: records wait and none is handled, the consumer is started again',
    );
    await this.#restart();
  }

  async #stepPast(stuck: Waiting): Promise<void> {
    const consumer = this.#consumer;
    if (consumer === null) return;
    const { logger } = this.#options;
    logger.error(
      placeOf(stuck),
      'kafka: no record comes from this offset, restarted or not: seeking past a gap',
    );
    const leader = await this.#options.leaderOf(stuck.topic, stuck.partition);
    const { outcome, offset } = await stepPastGap(consumer, stuck, this.#assignment, leader);
    this.#standstill.reset();
    if (outcome !== 'past' && offset > stuck.committed) {
      const { topic, partition } = stuck;
      await consumer.commitOffsets([{ topic, partition, offset: String(offset) }]);
    }
    logger.warn({ ...placeOf(stuck), to: String(offset), outcome }, `kafka: ${said[outcome]}`);
  }

  #restart(): Promise<void> {
    this.#restarting ??= this.#startAgain().finally(() => (this.#restarting = null));
    return this.#restarting;
  }

  async #startAgain(): Promise<void> {
    while (!this.#isStopping) {
      const old = this.#consumer;
      this.#consumer = null;
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

const placeOf = ({ topic, partition, committed }: Waiting): Record<string, unknown> => ({
  topic,
  partition,
  offset: String(committed),
});

const said = {
  past: 'records come again after the gap',
  end: 'the gap reached to the end of the partition',
  nothing: 'the broker has nothing for this offset, which is no gap: it may be an open transaction',
  late: 'the gap has not ended yet',
} as const satisfies Record<GapStep['outcome'], string>;

async function disconnect(consumer: Consumer | null): Promise<void> {
  if (consumer === null) return;
  await within(STOP_DEADLINE_MS, 'disconnect', consumer.disconnect()).catch(() => undefined);
}
