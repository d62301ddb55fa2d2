import { setTimeout as sleep } from 'node:timers/promises';
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
  /** A member that has not joined after this long, while the broker answers, is started again. */
  readonly joinMs: number;
  /** Between the end of a member and the next. */
  readonly restartMs: number;
  /** A member that is stopped while it joins is given this long: a new group lets nobody in before 3 s are over. */
  readonly leaveMs: number;
}
export const defaultWatch: WatchTimes = {
  everyMs: 5_000,
  stallMs: 20_000,
  joinMs: 60_000,
  restartMs: 1_000,
  leaveMs: 5_000,
};

const STOP_DEADLINE_MS = 15_000;
/** A crash passes; so many with nothing read in between need a person: a batch that cannot be read, a missing right. */
const MANY_CRASHES = 5;

export interface SupervisorOptions {
  readonly kafka: Pick<Kafka, 'consumer'>;
  readonly config: KafkaConfig;
  readonly handler: BatchHandler;
  readonly logger: Logger;
  readonly watch: WatchTimes;
  /** What waits for the group, in every partition. */
  waiting(): Promise<readonly Waiting[]>;
  leaderOf(topic: string, partition: number): Promise<Leader>;
  onGap(topic: string): void;
}

/**
 * Keeps one group member alive. States: starting → joined → (crashed, stalled or never joined → starting)* → stopped. A member
 * counts as alive by progress, not by its connection: the library has been seen connected, heartbeating and idle
 * with records waiting, and it has crashed for good with errors that pass.
 */
export class SupervisedConsumer {
  readonly #options: SupervisorOptions;
  readonly #watch: NodeJS.Timeout;
  #consumer: Consumer | null = null;
  #assignment: Assignment = {};
  #hasJoined = false;
  /** The first look since which the broker has answered and this member has not been in the group. */
  #outsideSince: number | null = null;
  readonly #standstill: Standstill;
  readonly #idle = new IdleClock(Date.now());
  #isStopping = false;
  /** Since a batch was last handled. */
  #crashes = 0;
  #isRestarting = false;
  /** Until the member has joined, or will not any more. */
  #joining: Promise<void> = Promise.resolve();
  /** The member before this one, until it has left. */
  #leaving: Promise<void> = Promise.resolve();
  #isChecking = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#standstill = new Standstill(options.watch.stallMs);
    this.#watch = setInterval(() => void this.#check(), options.watch.everyMs).unref();
  }

  /** Joins the group in the background: where the broker does not answer it goes on trying until `stop`. */
  begin(): void {
    const consumer = this.#create();
    this.#consumer = consumer;
    this.#hasJoined = false;
    this.#outsideSince = null;
    this.#joining = this.#join(consumer).catch((error: unknown) => {
      if (!this.#isWanted(consumer)) return;
      this.#options.logger.warn({ error }, 'kafka: the consumer did not start, trying again');
      this.#restart();
    });
  }

  #create(): Consumer {
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
      // The library's own restart is not undone by a disconnect before it: a member that nobody reads from would stay.
      retry: { restartOnFailure: () => Promise.resolve(false) },
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (!this.#isWanted(consumer)) return;
      this.#assignment = payload.memberAssignment;
      this.#hasJoined = true;
      this.#standstill.reset();
    });
    consumer.on(consumer.events.REBALANCING, () => {
      if (this.#consumer === consumer) this.#hasJoined = false;
    });
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
      if (!this.#isWanted(consumer)) return;
      this.#crashes += 1;
      const isForGood = this.#crashes >= MANY_CRASHES;
      const about = { error, crashes: this.#crashes };
      if (isForGood)
        logger.error(about, 'kafka: the consumer crashes again and again and has read nothing in between');
      else logger.warn(about, 'kafka: the consumer crashed');
      this.#restart();
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
    return consumer;
  }

  #isWanted(consumer: Consumer): boolean {
    return !this.#isStopping && this.#consumer === consumer;
  }

  async #join(consumer: Consumer): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: topicsOf(this.#options.config), fromBeginning: true });
    if (this.#isWanted(consumer)) await this.#run(consumer);
    if (!this.#isWanted(consumer)) await consumer.disconnect();
  }

  /** Resolves when the member is in its group, or has crashed on the way. */
  async #run(consumer: Consumer): Promise<void> {
    const { handler, logger } = this.#options;
    const isStopping = (): boolean => !this.#isWanted(consumer);
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
          this.#crashes = 0;
        } finally {
          this.#idle.end(Date.now());
        }
      },
    });
  }

  async #check(): Promise<void> {
    if (this.#isStopping || this.#isChecking || this.#isRestarting) return;
    this.#isChecking = true;
    try {
      // Only a broker that answers can tell that records wait for us; otherwise it is an outage, not a standstill.
      const waiting = await this.#options.waiting();
      if (this.#isOutsideTooLong(Date.now())) return this.#restart();
      const own = waiting.filter(({ topic, partition }) => this.#assignment[topic]?.includes(partition));
      await this.#act(this.#standstill.look(own, this.#idle.idleMs(Date.now())));
    } catch (error) {
      this.#standstill.reset();
      this.#outsideSince = null;
      this.#options.logger.debug({ error }, 'kafka: the lag cannot be told now');
    } finally {
      this.#isChecking = false;
    }
  }

  /** Joined is also who has got no partition: there may be more members than partitions. */
  #isOutsideTooLong(now: number): boolean {
    if (this.#hasJoined || this.#isStopping) {
      this.#outsideSince = null;
      return false;
    }
    this.#outsideSince ??= now;
    if (now - this.#outsideSince < this.#options.watch.joinMs) return false;
    const waitedMs = now - this.#outsideSince;
    this.#options.logger.error(
      { waitedMs },
      'kafka: the consumer does not join its group, it is started again',
    );
    return true;
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
    this.#restart();
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
    if ((outcome === 'past' || outcome === 'end') && offset > stuck.committed)
      this.#options.onGap(stuck.topic);
    if (outcome !== 'past' && offset > stuck.committed) {
      const { topic, partition } = stuck;
      await consumer.commitOffsets([{ topic, partition, offset: String(offset) }]);
    }
    logger.warn({ ...placeOf(stuck), to: String(offset), outcome }, `kafka: ${said[outcome]}`);
  }

  /** The old member leaves first, and the new one joins in the background: whether it does is watched like any other. */
  #restart(): void {
    if (this.#isRestarting || this.#isStopping) return;
    this.#isRestarting = true;
    const old = this.#consumer;
    this.#consumer = null;
    this.#assignment = {};
    this.#leaving = leave(old, this.#joining, this.#options.watch.leaveMs);
    void this.#leaving
      .then(() => sleep(this.#options.watch.restartMs))
      .then(() => {
        this.#isRestarting = false;
        if (!this.#isStopping) this.begin();
      });
  }

  /** Waits for the batch in hand, then leaves the group. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    await this.#leaving;
    await leave(this.#consumer, this.#joining, this.#options.watch.leaveMs);
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

/**
 * Told to disconnect while it joins, the library goes on joining, and the member holds partitions that nobody reads. So it
 * joins first, then leaves; where that takes too long, `#join` disconnects once more, and its session ends by itself.
 */
async function leave(consumer: Consumer | null, joining: Promise<void>, leaveMs: number): Promise<void> {
  if (consumer === null) return;
  const ignored = (): void => undefined;
  await within(leaveMs, 'join before leaving', joining).catch(ignored);
  await within(STOP_DEADLINE_MS, 'disconnect', consumer.disconnect()).catch(ignored);
}
