import { afterEach, describe, expect, it } from 'vitest';
import { AllotError } from '../../../src/core/errors.ts';
import { createMemoryEventLog } from '../../../src/memory/event-log.ts';
import type { EventConsumer, RawRecord } from '../../../src/service/ports/event-log.ts';
import { startForwarder } from '../../../src/service/delivery/forwarder.ts';
import { eventually, idOf, idsOf, recordsOf } from '../../contracts/event-log-contract.ts';

describe('the way from the journal to another log', () => {
  let forwarder: EventConsumer | undefined;
  afterEach(() => forwarder?.stop());

  /** Takes what is shorter than `limit`, all of a call or nothing. */
  function narrowLog(limit: number): {
    publish(records: readonly RawRecord[]): Promise<void>;
    ids: string[];
  } {
    const ids: string[] = [];
    const publish = async (records: readonly RawRecord[]): Promise<void> => {
      if (records.some(({ value }) => value.length >= limit))
        throw new AllotError('body_too_large', 'too large');
      ids.push(...records.map(idOf));
    };
    return { publish, ids };
  }

  const larger = ({ key, value }: RawRecord): RawRecord => ({
    key,
    value: Buffer.concat([value, Buffer.alloc(1_000, ' ')]),
  });

  it('leads what is too large for it past it, and everything else through, in order', async () => {
    const from = createMemoryEventLog({ batchRecords: 50 });
    const records = recordsOf(0, 50);
    records[7] = larger(records[7]);
    records[31] = larger(records[31]);
    await from.publish(records);
    const to = narrowLog(1_200);
    const past: string[] = [];
    forwarder = await startForwarder(from, to, async (some) => void past.push(...some.map(idOf)));
    await eventually(async () => (await forwarder?.lag()) === 0);
    expect(past).toEqual(['decision-7', 'decision-31']);
    expect(to.ids).toEqual(idsOf(0, 50).filter((id) => !past.includes(id)));
  });

  it('offers the batch again when what is led past it cannot be taken either', async () => {
    const from = createMemoryEventLog({ batchRecords: 50 });
    await from.publish(recordsOf(0, 3).map(larger));
    let failures = 2;
    const past = new Set<string>();
    forwarder = await startForwarder(from, narrowLog(1_200), async (some) => {
      if ((failures -= 1) >= 0) throw new AllotError('store_unavailable', 'away');
      for (const one of some) past.add(idOf(one));
    });
    await eventually(async () => (await forwarder?.lag()) === 0);
    expect([...past]).toEqual(idsOf(0, 3));
  });
});
