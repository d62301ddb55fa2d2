import type { Consumer, Kafka } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { BatchHandler } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { GroupState, handleBatch, offsetAfter } from './batch.ts';
import { within } from './deadline.ts';
import { type Assignment, topicsOf } from './topics.ts';

const DISCONNECT_DEADLINE_MS = 15_000;

const settings = {
  sessionTimeout: 6_000,
  heartbeatInterval: 1_000,
  rebalanceTimeout: 10_000,
  // The default of 5 s delays a quiet partition behind a busy one, and every disconnect.
  maxWaitTimeInMs: 200,
  // A megabyte each for the twelve partitions that are declared: the last would wait until the others have caught up.
  maxBytes: 16 * 1024 * 1024,
  allowAutoTopicCreation: false,
  // The library's own restart is not undone by a disconnect before it: a member that nobody reads from would stay.
  // So few retries, because what it cannot read (a damaged batch) would else be fetched silently for a day.
  retry: { retries: 5, restartOnFailure: () => Promise.resolve(false) },
};

export interface MemberOptions {
  readonly kafka: Pick<Kafka, 'consumer'>;
  readonly config: KafkaConfig;
  readonly handler: BatchHandler;
  readonly logger: Logger;
  /** None of these is called once the member has been told to leave. */
  onJoin(assignment: Assignment): void;
  onRebalancing(): void;
  /** It has ended for good. */
  onCrash(error: Error): void;
  onBatch(step: 'begin' | 'handled' | 'end'): void;
}

/** One membership in the group of ingest: joins, handles batches, leaves; never twice. `SupervisedConsumer` makes the next one. */
export class Member {
  readonly consumer: Consumer;
  readonly #options: MemberOptions;
  readonly #group = new GroupState();
  #isLeaving = false;
  /** Until the member is in its group, or will not be any more. */
  #entering: Promise<void> = Promise.resolve();

  constructor(options: MemberOptions) {
    this.#options = options;
    this.consumer = options.kafka.consumer({ groupId: options.config.groupId, ...settings });
    this.#listen();
  }

  #listen(): void {
    const { events } = this.consumer;
    const { logger, onJoin, onRebalancing, onCrash } = this.#options;
    this.consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#group.clear();
      if (!this.#isLeaving) onJoin(payload.memberAssignment);
    });
    this.consumer.on(events.REBALANCING, () => {
      if (!this.#isLeaving) onRebalancing();
    });
    this.consumer.on(events.CRASH, ({ payload: { error } }) => {
      if (!this.#isLeaving) onCrash(error);
    });
    this.consumer.on(events.END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset } }) => {
      // Markers of transactions alone: the client reads on and commits nothing, and the lag would never be 0.
      if (batchSize > 0) return;
      const commit = this.consumer.commitOffsets([{ topic, partition, offset: offsetAfter(lastOffset) }]);
      commit.catch((error: unknown) => logger.debug({ error }, 'kafka: a marker was not committed'));
    });
  }

  /** Resolves when the member is in its group, or has crashed on the way, or was told to leave. */
  async join(): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: topicsOf(this.#options.config), fromBeginning: true });
    if (!this.#isLeaving) {
      this.#entering = this.#run();
      await this.#entering;
    }
    if (this.#isLeaving) await this.consumer.disconnect();
  }

  async #run(): Promise<void> {
    const { handler, logger, onBatch } = this.#options;
    const context = { handler, logger, group: this.#group, isStopping: () => this.#isLeaving };
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: async (payload) => {
        if (this.#isLeaving) return;
        onBatch('begin');
        try {
          await handleBatch(payload, context);
          onBatch('handled');
        } finally {
          onBatch('end');
        }
      },
    });
  }

  /**
   * Ends the batch in hand and leaves the group. Told to disconnect while it joins, the library goes on joining, and the member
   * holds partitions that nobody reads. So it joins first; where that takes longer than `leaveMs`, `join` disconnects once more.
   */
  async leave(leaveMs: number): Promise<void> {
    this.#isLeaving = true;
    const ignored = (): void => undefined;
    await within(leaveMs, 'join before leaving', this.#entering).catch(ignored);
    await within(DISCONNECT_DEADLINE_MS, 'disconnect', this.consumer.disconnect()).catch(ignored);
  }
}
