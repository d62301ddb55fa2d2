import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { BatchHandler } from '../service/ports/event-log.ts';
import type { Logger } from '../service/ports/logger.ts';
import { type GapStep, stepPastGap } from './gap.ts';
import { Member } from './member.ts';
import { IdleClock, Standstill, type Verdict, type Waiting } from './standstill.ts';
import type { Assignment, Leader } from './topics.ts';

export interface WatchTimes {
  /** Between two looks at what waits. */
  readonly everyMs: number;
  /** With records waiting and nothing in hand, this long at one offset is a standstill. */
  readonly stallMs: number;
  /** A member that has not joined after this long, while the broker answers, is started again. */
  readonly joinMs: number;
  /** Between the end of a member and the next. */
  readonly restartMs: number;
  /** A member that is stopped while it joins is given this long: a busy member may make it wait for a rebalance of 10 s. */
  readonly leaveMs: number;
}
export const defaultWatch: WatchTimes = {
  everyMs: 5_000,
  stallMs: 20_000,
  joinMs: 60_000,
  restartMs: 1_000,
  leaveMs: 12_000,
};

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
  #member: Member | null = null;
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
    const member = this.#create();
    this.#member = member;
    this.#hasJoined = false;
    this.#outsideSince = null;
    member.join().catch((error: unknown) => {
      if (this.#isStopping || this.#member !== member) return;
      this.#options.logger.warn({ error }, 'kafka: the consumer did not start, trying again');
      this.#restart();
    });
  }

  #create(): Member {
    const { kafka, config, handler, logger } = this.#options;
    return new Member({
      kafka,
      config,
      handler,
      logger,
      onJoin: (assignment) => {
        this.#assignment = assignment;
        this.#hasJoined = true;
        this.#standstill.reset();
      },
      onRebalancing: () => (this.#hasJoined = false),
      onCrash: (error) => this.#crashed(error),
      onBatch: (step) => {
        if (step === 'handled') this.#crashes = 0;
        else this.#idle[step](Date.now());
      },
    });
  }

  #crashed(error: Error): void {
    this.#crashes += 1;
    const about = { error, crashes: this.#crashes };
    const { logger } = this.#options;
    if (this.#crashes < MANY_CRASHES) logger.warn(about, 'kafka: the consumer crashed');
    else logger.error(about, 'kafka: the consumer crashes again and again and has read nothing in between');
    this.#restart();
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
    const consumer = this.#member?.consumer;
    if (consumer === undefined) return;
    const { logger } = this.#options;
    logger.error(
      placeOf(stuck),
      'kafka: no record comes from this offset, restarted or not: seeking past a gap',
    );
    const leader = await this.#options.leaderOf(stuck.topic, stuck.partition);
    const { outcome, offset } = await stepPastGap(consumer, stuck, this.#assignment, leader);
    this.#standstill.reset();
    if (offset > stuck.committed) {
      this.#options.onGap(stuck.topic);
      const { topic, partition } = stuck;
      // After `past` the batch that came commits.
      if (outcome !== 'past') await consumer.commitOffsets([{ topic, partition, offset: String(offset) }]);
    }
    logger.warn({ ...placeOf(stuck), to: String(offset), outcome }, `kafka: ${said[outcome]}`);
  }

  /** The old member leaves first, and the new one joins in the background: whether it does is watched like any other. */
  #restart(): void {
    if (this.#isRestarting || this.#isStopping) return;
    this.#isRestarting = true;
    const { leaveMs, restartMs } = this.#options.watch;
    this.#leaving = this.#member?.leave(leaveMs) ?? Promise.resolve();
    this.#member = null;
    this.#assignment = {};
    void this.#leaving
      .then(() => sleep(restartMs))
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
    await this.#member?.leave(this.#options.watch.leaveMs);
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
