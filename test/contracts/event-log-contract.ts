import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventConsumer, EventLog, RawRecord } from '../../src/service/ports/event-log.ts';
import { eventKey } from '../../src/service/schemas/event-key.ts';
import { parseEvent, serializeEvent } from '../../src/service/schemas/events.ts';
import { decisionEvent } from '../support/events.ts';

const WAIT_MS = 20_000;

/** Event `n` as a record. */
export function recordOf(n: number): RawRecord {
  const event = decisionEvent(n);
  return { key: eventKey(event), value: serializeEvent(event) };
}

export const recordsOf = (from: number, to: number): RawRecord[] =>
  Array.from({ length: to - from }, (_, i) => recordOf(from + i));

export const idOf = ({ value }: RawRecord): string => parseEvent(value).decisionId;

export const idsOf = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `decision-${String(from + i)}`);

export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so within ${String(WAIT_MS)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What every event log must do. `open` gives an empty log; a second call in a test, another client of the same. */
export function describeEventLog(
  name: string,
  open: () => Promise<{ log: EventLog; remove(): Promise<void> }>,
): void {
  describe(`an event log (${name})`, () => {
    let log: EventLog;
    let remove: () => Promise<void>;
    const consumers: EventConsumer[] = [];
    const consume = async (handler: Parameters<EventLog['consume']>[0]): Promise<EventConsumer> => {
      const consumer = await log.consume(handler);
      consumers.push(consumer);
      return consumer;
    };

    beforeEach(async () => {
      ({ log, remove } = await open());
    });
    afterEach(async () => {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
      await log.close();
      await remove();
    });

    it('delivers every record once, with its key and bytes, when nothing fails', async () => {
      const seen: RawRecord[] = [];
      await consume(async (records) => void seen.push(...records.map(copy)));
      await log.publish(recordsOf(0, 300));
      await log.publish(recordsOf(300, 500));
      await eventually(() => seen.length >= 500);
      expect(seen.map(idOf).sort()).toEqual(idsOf(0, 500).sort());
      for (const record of seen) {
        const expected = decisionEvent(Number(idOf(record).split('-')[1]));
        expect(record.key).toBe(expected.unitId);
        expect(parseEvent(record.value)).toEqual(expected);
      }
    });

    it('keeps the records of one key in order', async () => {
      const seen: RawRecord[] = [];
      await consume(async (records) => void seen.push(...records.map(copy)));
      await log.publish(recordsOf(0, 200));
      await eventually(() => seen.length >= 200);
      for (const unit of new Set(seen.map(({ key }) => key))) {
        const times = seen.filter(({ key }) => key === unit).map(({ value }) => numberOf(value));
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }
    });

    it('holds what was published before anybody consumes', async () => {
      await log.publish(recordsOf(0, 20));
      const seen: string[] = [];
      await consume(async (records) => void seen.push(...records.map(idOf)));
      await eventually(() => seen.length >= 20);
      expect(seen.sort()).toEqual(idsOf(0, 20).sort());
    });

    it('offers a batch again until its handler resolves, and loses nothing of it', async () => {
      const handled: string[] = [];
      let refusals = 0;
      await consume(async (records) => {
        if (refusals < 3) {
          refusals += 1;
          throw new Error('the store is away');
        }
        handled.push(...records.map(idOf));
      });
      await log.publish(recordsOf(0, 50));
      await eventually(() => new Set(handled).size >= 50);
      expect(refusals).toBe(3);
      expect([...new Set(handled)].sort()).toEqual(idsOf(0, 50).sort());
    });

    it('does not come again with what was handled after a consumer stops and another starts', async () => {
      const first: string[] = [];
      const one = await consume(async (records) => void first.push(...records.map(idOf)));
      await log.publish(recordsOf(0, 40));
      await eventually(() => first.length >= 40);
      await one.stop();
      await log.publish(recordsOf(40, 60));
      const second: string[] = [];
      await consume(async (records) => void second.push(...records.map(idOf)));
      await eventually(() => second.length >= 20);
      expect(second.sort()).toEqual(idsOf(40, 60).sort());
    });

    it('finishes the batch in hand before a stop resolves', async () => {
      let isInHand = false;
      let isFinished = false;
      const consumer = await consume(async () => {
        isInHand = true;
        await new Promise((resolve) => setTimeout(resolve, 200));
        isFinished = true;
      });
      await log.publish(recordsOf(0, 1));
      await eventually(() => isInHand);
      await consumer.stop();
      expect(isFinished).toBe(true);
    });

    it('shares the work: with two consumers nothing is missed, and one goes on alone when the other stops', async () => {
      const seen: string[] = [];
      const handler = async (records: readonly RawRecord[]): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        seen.push(...records.map(idOf));
      };
      const one = await consume(handler);
      await consume(handler);
      await log.publish(recordsOf(0, 200));
      await eventually(() => new Set(seen).size >= 200);
      await one.stop();
      await log.publish(recordsOf(200, 300));
      await eventually(() => new Set(seen).size >= 300);
      expect([...new Set(seen)].sort()).toEqual(idsOf(0, 300).sort());
    });

    it('tells how many records are waiting', async () => {
      let isOpen = false;
      const consumer = await consume(async () => {
        if (!isOpen) throw new Error('not yet');
      });
      await log.publish(recordsOf(0, 30));
      // At least: a send that was repeated may have landed twice.
      expect(await consumer.lag()).toBeGreaterThanOrEqual(30);
      isOpen = true;
      await eventually(async () => (await consumer.lag()) === 0);
    });
  });
}

const copy = ({ key, value }: RawRecord): RawRecord => ({ key, value: Uint8Array.from(value) });
const numberOf = (value: Uint8Array): number => Number(parseEvent(value).decisionId.split('-')[1]);
