import { createServer, type AddressInfo } from 'node:net';
import type { Admin } from 'kafkajs';
import { afterEach, describe, expect, it } from 'vitest';
import { type AdminClient, ClusterAdmin } from '../../src/kafka/admin.ts';
import { createKafkaEventLog } from '../../src/kafka/event-log.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { startIngest } from '../../src/ingest/pipeline.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import type { EventLog } from '../../src/service/ports/event-log.ts';
import { eventually } from '../contracts/event-log-contract.ts';
import { kafkaConfig } from '../support/kafka.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a broker that does not answer', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** A port at which somebody hangs up, and how often. */
  async function hangsUp(): Promise<{ address: string; calls(): number }> {
    let calls = 0;
    const server = createServer((socket) => {
      calls += 1;
      socket.on('error', () => undefined).destroy();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    ends.push(() => new Promise((closed) => server.close(closed)));
    return { address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`, calls: () => calls };
  }

  it('leaves nothing behind of questions that nobody waits for any more', async () => {
    const { address, calls } = await hangsUp();
    const log = createKafkaEventLog(kafkaConfig(address), silentLogger, { adminDeadlineMs: 20 });
    ends.push(() => log.close());
    for (let n = 0; n < 30; n += 1)
      await expect(log.ensureTopics()).rejects.toMatchObject({ code: 'broker_unavailable' });
    // A question that goes on calls again within two seconds.
    await eventually(async () => {
      const before = calls();
      await pause(2_500);
      return calls() === before;
    });
  });

  it('is asked for the lag once at a time, however many want to know it', async () => {
    const { address } = await hangsUp();
    const log = createKafkaEventLog(kafkaConfig(address), silentLogger, { adminDeadlineMs: 300 });
    ends.push(() => log.close());
    const consumer = await log.consume(async () => undefined);
    const errors = await Promise.all(
      Array.from({ length: 20 }, () => consumer.lag().catch((error: unknown) => error)),
    );
    expect(new Set(errors).size).toBe(1);
    expect(errors[0]).toMatchObject({ code: 'broker_unavailable' });
  });

  it('is not asked again by ingest before it has answered', async () => {
    let asked = 0;
    const consumer = {
      stop: () => Promise.resolve(),
      lag: () => new Promise<never>(() => void (asked += 1)),
    };
    const log: EventLog = {
      publish: () => Promise.resolve(),
      consume: () => Promise.resolve(consumer),
      close: () => Promise.resolve(),
    };
    const store = { write: () => Promise.reject(new Error('nothing to write')) };
    const ingest = await startIngest({ log, store, metrics: noMetrics, logger: silentLogger, lagEveryMs: 5 });
    ends.push(() => ingest.stop());
    await eventually(() => asked > 0);
    await pause(100);
    expect(asked).toBe(1);
  });
});

describe('the connection that questions share', () => {
  /** Connections in the order they were made, and whether each was left. */
  function connections(): { client: AdminClient; made: { isLeft: boolean }[] } {
    const made: { isLeft: boolean }[] = [];
    const connect = (): Promise<Admin> => {
      const one = { isLeft: false, disconnect: () => Promise.resolve(void (one.isLeft = true)) };
      made.push(one);
      return Promise.resolve(one as unknown as Admin);
    };
    return { client: { connect, lastComplaint: () => '' }, made };
  }
  const config = { ...kafkaConfig('127.0.0.1:9'), ssl: true };
  const failing = (): Promise<never> => Promise.reject(new Error('broken'));

  it('is dropped once when two questions fail on it, and the one made since stays', async () => {
    const { client, made } = connections();
    const admin = new ClusterAdmin(config, client, 1_000);
    let failSecond: (error: Error) => void = () => undefined;
    const second = admin.ask('second', () => new Promise<never>((_, reject) => (failSecond = reject)));
    await expect(admin.ask('first', failing)).rejects.toMatchObject({ code: 'broker_unavailable' });
    expect(await admin.ask('third', () => Promise.resolve(3))).toBe(3);
    failSecond(new Error('broken too'));
    await expect(second).rejects.toMatchObject({ message: 'kafka: second' });
    expect(await admin.ask('fourth', () => Promise.resolve(4))).toBe(4);
    expect(made.map(({ isLeft }) => isLeft)).toEqual([true, false]);
    await admin.close();
    expect(made[1].isLeft).toBe(true);
  });

  it('is dropped when it does not answer in time', async () => {
    const { client, made } = connections();
    const admin = new ClusterAdmin(config, client, 20);
    await expect(admin.ask('nothing', () => new Promise(() => undefined))).rejects.toMatchObject({
      code: 'broker_unavailable',
    });
    expect(await admin.ask('next', () => Promise.resolve(1))).toBe(1);
    expect(made.map(({ isLeft }) => isLeft)).toEqual([true, false]);
  });
});
