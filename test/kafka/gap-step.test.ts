import type { Consumer } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { stepPastGap } from '../../src/kafka/gap.ts';

const names = [
  'REQUEST',
  'START_BATCH_PROCESS',
  'FETCH_START',
  'FETCH',
  'GROUP_JOIN',
  'STOP',
  'CRASH',
] as const;
const leader = { nodeId: 1, address: 'broker:9092' };
const stuck = { topic: 't', partition: 0, committed: 5n, high: 9n };

/** The client as far as a step uses it: what a fetch tells, in its order. */
class Client {
  readonly sought: string[] = [];
  isResumed = false;
  readonly #listeners = new Map<string, ((event: object) => void)[]>();

  readonly consumer = {
    events: Object.fromEntries(names.map((name) => [name, name])),
    on: (name: string, listener: (event: object) => void) => {
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
      return () => this.#listeners.delete(name);
    },
    pause: () => undefined,
    resume: () => void (this.isResumed = true),
    seek: ({ offset }: { offset: string }) => void this.sought.push(offset),
  } as unknown as Consumer;

  emit(name: (typeof names)[number], payload: object = {}): void {
    this.#listeners.get(name)?.forEach((listener) => listener({ payload }));
  }

  /** A fetch that brought a batch without a record, or one that could not be decoded. */
  fetch(isDecoded: boolean): void {
    this.emit('FETCH_START', { nodeId: 1 });
    this.emit('REQUEST', { apiName: 'Fetch', size: 500, broker: leader.address, sentAt: Date.now() });
    if (isDecoded) this.emit('FETCH', { nodeId: '1' });
  }
}

describe('a step past a gap', () => {
  it('is one offset after each answer without a record, up to the end', async () => {
    const client = new Client();
    const step = stepPastGap(client.consumer, stuck, { t: [0, 1] }, leader);
    for (let n = 0; n < 6; n += 1) client.fetch(true);
    expect(await step).toEqual({ outcome: 'end', offset: 9n });
    expect(client.sought).toEqual(['5', '6', '7', '8']);
    expect(client.isResumed).toBe(true);
  });

  it('is not made after an answer that could not be decoded: nobody knows which records it holds', async () => {
    const client = new Client();
    const step = stepPastGap(client.consumer, stuck, { t: [0] }, leader);
    for (let n = 0; n < 6; n += 1) client.fetch(false);
    client.emit('CRASH');
    expect(await step).toEqual({ outcome: 'late', offset: 5n });
    expect(client.sought).toEqual(['5']);
  });

  it('ends with a member that stops, which cannot be resumed', async () => {
    const client = new Client();
    const step = stepPastGap(client.consumer, stuck, { t: [0] }, leader);
    client.fetch(true);
    client.emit('STOP');
    expect(await step).toEqual({ outcome: 'late', offset: 5n });
    expect(client.isResumed).toBe(false);
  });
});
