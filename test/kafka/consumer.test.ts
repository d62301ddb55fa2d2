import type { Consumer, ConsumerConfig, Kafka } from 'kafkajs';
import { afterEach, describe, expect, it } from 'vitest';
import { SupervisedConsumer, type WatchTimes } from '../../src/kafka/consumer.ts';
import { type Logger, silentLogger } from '../../src/service/ports/logger.ts';
import { eventually } from '../contracts/event-log-contract.ts';
import { kafkaConfig } from '../support/kafka.ts';

const watch = { everyMs: 10, stallMs: 60_000, joinMs: 60, restartMs: 5, leaveMs: 5_000 };
const names = { GROUP_JOIN: 'join', CRASH: 'crash', END_BATCH_PROCESS: 'batch', REBALANCING: 'rebalancing' };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The client as far as the supervisor uses it; each member joins as `join` says, or never. */
class Members {
  readonly made: { isLeft: boolean; emit(name: string, payload: object): void }[] = [];
  /** Until the member has joined. */
  run: () => Promise<void> = () => Promise.resolve();
  readonly #join: (n: number) => Record<string, number[]> | null;

  constructor(join: (n: number) => Record<string, number[]> | null) {
    this.#join = join;
  }

  readonly kafka = {
    consumer: (options: ConsumerConfig) => this.#consumer(options),
  } as unknown as Pick<Kafka, 'consumer'>;
  readonly options: ConsumerConfig[] = [];

  #consumer(options: ConsumerConfig): Consumer {
    this.options.push(options);
    const n = this.made.length;
    const listeners = new Map<string, (event: object) => void>();
    const member = {
      isLeft: false,
      emit: (name: string, payload: object) => listeners.get(name)?.({ payload }),
    };
    this.made.push(member);
    return {
      events: names,
      on: (name: string, listener: (event: object) => void) => listeners.set(name, listener),
      connect: () => Promise.resolve(),
      subscribe: () => Promise.resolve(),
      run: () => {
        const memberAssignment = this.#join(n);
        if (memberAssignment !== null) member.emit('join', { memberAssignment });
        return this.run();
      },
      disconnect: () => Promise.resolve(void (member.isLeft = true)),
    } as unknown as Consumer;
  }
}

describe('a member of the group', () => {
  let supervised: SupervisedConsumer | undefined;
  afterEach(() => supervised?.stop());

  it('that crashes again and again is a matter for a person, one crash is not', async () => {
    const said: string[] = [];
    const error = (_about: object, text: string): unknown => said.push(text);
    const members = new Members(() => ({ topic: [0] }));
    supervise(members, () => true, { ...silentLogger, error });
    const crash = async (n: number): Promise<void> => {
      members.made[n - 1].emit('crash', { error: new Error('no such compression') });
      await eventually(() => members.made.length === n + 1);
      expect(members.made[n - 1].isLeft).toBe(true);
    };
    for (let n = 1; n < 5; n += 1) await crash(n);
    expect(said).toEqual([]);
    await crash(5);
    expect(said).toEqual([expect.stringContaining('again and again')]);
  });

  it('is never started again by the client itself, which nothing could stop', async () => {
    const members = new Members(() => ({ topic: [0] }));
    supervise(members);
    expect(await members.options[0].retry?.restartOnFailure?.(new Error('passes'))).toBe(false);
  });

  it('that is stopped while it joins has joined before it leaves, and has left when the stop is over', async () => {
    let join = (): void => undefined;
    const members = new Members(() => ({}));
    members.run = () => new Promise<void>((joined) => (join = joined));
    supervise(members);
    await pause(0);
    const stop = supervised?.stop();
    await pause(20);
    expect(members.made[0].isLeft).toBe(false);
    join();
    await stop;
    expect(members.made[0].isLeft).toBe(true);
  });

  const supervise = (
    members: Members,
    answers: () => boolean = () => true,
    logger: Logger = silentLogger,
    times: WatchTimes = watch,
  ): void => {
    supervised = new SupervisedConsumer({
      kafka: members.kafka,
      config: kafkaConfig('127.0.0.1:9'),
      handler: () => Promise.resolve(),
      logger,
      watch: times,
      waiting: () => (answers() ? Promise.resolve([]) : Promise.reject(new Error('away'))),
      onGap: () => undefined,
      leaderOf: () => Promise.reject(new Error('nobody asks')),
    });
    supervised.begin();
  };

  it('that never joins while the broker answers is started again, and left in peace once it has joined', async () => {
    const members = new Members((n) => (n === 0 ? null : { topic: [0] }));
    supervise(members);
    await eventually(() => members.made.length === 2);
    expect(members.made[0].isLeft).toBe(true);
    await pause(5 * watch.joinMs);
    expect(members.made.map(({ isLeft }) => isLeft)).toEqual([true, false]);
  });

  it('that loses its place and never finds it again is started again', async () => {
    const members = new Members(() => ({ topic: [0] }));
    supervise(members);
    await pause(2 * watch.joinMs);
    expect(members.made).toHaveLength(1);
    members.made[0].emit('rebalancing', {});
    await eventually(() => members.made.length === 2);
  });

  it('that rightly has no partition is left in peace', async () => {
    const members = new Members(() => ({}));
    supervise(members);
    await pause(5 * watch.joinMs);
    expect(members.made.map(({ isLeft }) => isLeft)).toEqual([false]);
  });

  it('is not started again for an outage, whatever it lasts', async () => {
    const members = new Members(() => null);
    let answers = 0;
    supervise(members, () => {
      answers += 1;
      return answers % 3 === 0;
    });
    await pause(6 * watch.joinMs);
    expect(answers).toBeGreaterThan(10);
    expect(members.made).toHaveLength(1);
  });

  it('that has been given up leaves once more when it joins late', async () => {
    const joins: (() => void)[] = [];
    const members = new Members((n) => (n === 0 ? null : { topic: [0] }));
    members.run = () => new Promise<void>((joined) => joins.push(joined));
    supervise(members, undefined, silentLogger, { ...watch, leaveMs: 5 });
    await eventually(() => members.made.length === 2);
    members.made[0].isLeft = false;
    joins[0]();
    await pause(0);
    joins[1]();
    await pause(0);
    expect(members.made.map(({ isLeft }) => isLeft)).toEqual([true, false]);
  });
});
