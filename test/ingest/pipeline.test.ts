import { afterEach, describe, expect, it } from 'vitest';
import { AllotError } from '../../src/core/errors.ts';
import { createDecisionIds } from '../../src/core/feedback/decision-id.ts';
import type { LogEvent } from '../../src/core/feedback/events.ts';
import { startIngest } from '../../src/ingest/pipeline.ts';
import { createMemoryEventLog } from '../../src/memory/event-log.ts';
import type { EventConsumer, EventLog } from '../../src/service/ports/event-log.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { type Metrics, noMetrics } from '../../src/service/ports/metrics.ts';
import type { EventStore, WriteCounts } from '../../src/service/ports/stores.ts';
import { eventKey } from '../../src/service/schemas/event-key.ts';
import { serializeEvent } from '../../src/service/schemas/events.ts';
import { eventually } from '../contracts/event-log-contract.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../support/events.ts';

type Write = Parameters<EventStore['write']>[0];

/** A store in memory that can be away, and that refuses, as PostgreSQL does, what holds a NUL character. */
class Store implements EventStore {
  readonly events = new Map<string, LogEvent>();
  readonly deadLetters: { reason: string; record: string }[] = [];
  writes = 0;
  isAway = false;
  throwsOn: string | null = null;

  async write({ events, deadLetters }: Write): Promise<WriteCounts> {
    this.writes += 1;
    if (this.isAway) throw new AllotError('store_unavailable', 'away');
    if (events.some((event) => event.kind !== 'decision' && event.eventId === this.throwsOn)) {
      throw new RangeError('Maximum call stack size exceeded');
    }
    if (events.some((event) => JSON.stringify(event).includes('\\u0000'))) {
      throw new AllotError('invalid_request', 'a text holds U+0000');
    }
    if (events.some(({ decisionId }) => decisionId.includes(' '))) {
      throw new AllotError('decision_id_invalid', 'not an id');
    }
    const inserted = { decisions: 0, exposures: 0, interactions: 0 };
    const duplicates = { decisions: 0, exposures: 0, interactions: 0 };
    for (const event of events) {
      const id = event.kind === 'decision' ? event.decisionId : event.eventId;
      (this.events.has(id) ? duplicates : inserted)[`${event.kind}s`] += 1;
      this.events.set(id, event);
    }
    for (const { reason, record } of deadLetters) {
      this.deadLetters.push({ reason, record: Buffer.from(record).toString() });
    }
    return { inserted, duplicates, deadLetters: deadLetters.length };
  }
}

const record = (event: LogEvent): { key: string; value: Uint8Array } => ({
  key: eventKey(event),
  value: serializeEvent(event),
});

describe('ingest', () => {
  let log: EventLog;
  let store: Store;
  let ingest: EventConsumer;
  const counted: string[] = [];
  const metrics: Metrics = {
    ...noMetrics,
    eventsIngested: (kind, outcome, count) => counted.push(`${kind} ${outcome} ${String(count)}`),
    joinDelay: (kind, delayMs) => counted.push(`joined ${kind} ${String(delayMs)}`),
    deadLettered: (reason, count) => counted.push(`${reason} ${String(count)}`),
  };
  const start = async (batchRecords = 100): Promise<void> => {
    log = createMemoryEventLog({ batchRecords });
    store = new Store();
    counted.length = 0;
    ingest = await startIngest({ log, store, metrics, logger: silentLogger });
  };
  const isDrained = async (): Promise<boolean> => (await ingest.lag()) === 0;
  afterEach(async () => {
    await ingest.stop();
    await log.close();
  });

  it('stores decisions and feedback in whatever order they come, and counts repeats', async () => {
    await start();
    const events = [interactionEvent(1), exposureEvent(1), decisionEvent(1), decisionEvent(1)];
    await log.publish(events.map(record));
    await eventually(isDrained);
    expect([...store.events.values()]).toEqual(events.slice(0, 3));
    expect(counted).toContain('decision duplicate 1');
    expect(counted).toContain('decision stored 1');
  });

  it('measures from the time in the decision id to the arrival of its feedback', async () => {
    await start();
    const ids = createDecisionIds([{ id: 1, key: new Uint8Array(16) }]);
    const parts = { tenant: 'default', surface: 'live-feed', random: new Uint8Array(8) };
    const decisionId = ids.mint({ ...parts, timeMs: 5_000 });
    await log.publish([
      record(exposureEvent(1, { decisionId, receivedAt: 6_500 })),
      record(exposureEvent(2)),
    ]);
    await eventually(isDrained);
    expect(counted.filter((entry) => entry.startsWith('joined'))).toEqual(['joined exposure 1500']);
  });

  it('keeps fields of a newer grammar that it does not know', async () => {
    await start();
    const newer = { ...exposureEvent(1), screen: 'home' };
    await log.publish([record(newer)]);
    await eventually(isDrained);
    expect(store.events.get('exposure-1')).toEqual(newer);
  });

  it('sets aside what no version of the grammar can read, in the same transaction as the rest', async () => {
    await start();
    const broken = [
      { key: 'k', value: Buffer.from('not json') },
      { key: 'k', value: Buffer.from([0xff, 0xfe]) },
      { key: 'k', value: Buffer.from(JSON.stringify({ ...exposureEvent(2), v: 9 })) },
      { key: 'k', value: Buffer.from(JSON.stringify({ ...exposureEvent(3), occurredAt: 'now' })) },
      { key: 'k', value: Buffer.from(JSON.stringify({ ...decisionEvent(4), propensity: 0 })) },
    ];
    await log.publish([record(decisionEvent(1)), ...broken, record(exposureEvent(1))]);
    await eventually(isDrained);
    expect(store.writes).toBe(1);
    expect([...store.events.keys()]).toEqual(['decision-1', 'exposure-1']);
    expect(store.deadLetters.map(({ reason }) => reason.split(':').slice(0, 2).join(':'))).toEqual([
      'event: the record is not JSON in UTF-8',
      'event: the record is not JSON in UTF-8',
      'event: v',
      'event: occurredAt',
      'event: propensity',
    ]);
    expect(counted).toContain('grammar 5');
  });

  it('never names a dead letter by characters that the store would refuse in turn', async () => {
    await start();
    const event = { ...decisionEvent(1), features: { 'a\u0000\ud800': null } };
    await log.publish([{ key: 'k', value: Buffer.from(JSON.stringify(event)) }]);
    await eventually(isDrained);
    expect(store.deadLetters).toHaveLength(1);
    expect(store.deadLetters[0].reason).toMatch(/^event: features\.a\?\ufffd: /);
  });

  it('sets aside a record whose decision id the store cannot place', async () => {
    await start();
    await log.publish([decisionEvent(1), exposureEvent(2, { decisionId: 'ours? no' })].map(record));
    await eventually(isDrained);
    expect([...store.events.keys()]).toEqual(['decision-1']);
    expect(store.deadLetters.map(({ reason }) => reason)).toEqual(['not an id']);
  });

  it('sets aside an event that is nested too deep to be written again, and reads on', async () => {
    await start();
    const deep = JSON.stringify(exposureEvent(2)).replace(
      /}$/,
      `,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    );
    const inside = { kind: 'cap', nullBefore: 0, nullAfter: 1, x: [[]] };
    const adjusted = JSON.stringify(decisionEvent(3, { adjustments: [inside] as never })).replace(
      '[[]]',
      '['.repeat(5_000) + ']'.repeat(5_000),
    );
    await log.publish([
      record(decisionEvent(1)),
      { key: 'k', value: Buffer.from(deep) },
      { key: 'k', value: Buffer.from(adjusted) },
      record(exposureEvent(4)),
    ]);
    await eventually(isDrained);
    expect([...store.events.keys()]).toEqual(['decision-1', 'exposure-4']);
    expect(store.deadLetters.map(({ reason }) => reason)).toEqual([
      'event: the record: is nested at most 32 deep',
      'event: the record: is nested at most 32 deep',
    ]);
    expect(store.deadLetters[0].record).toBe(deep);
  });

  it('sets aside a record on which the code itself throws, and waits for no outage to end', async () => {
    await start();
    store.throwsOn = 'exposure-2';
    await log.publish([decisionEvent(1), exposureEvent(2), exposureEvent(3)].map(record));
    await eventually(isDrained);
    expect([...store.events.keys()]).toEqual(['decision-1', 'exposure-3']);
    expect(store.deadLetters.map(({ reason }) => reason)).toEqual(['Maximum call stack size exceeded']);
  });

  it.each([1, 3])(
    'finds %d poison records in a batch by halving and stores all the others',
    async (count) => {
      await start();
      const poison = Array.from({ length: count }, (_, i) =>
        interactionEvent(i * 30 + 7, { type: 'a\u0000b' }),
      );
      const good = Array.from({ length: 97 }, (_, n) => decisionEvent(n));
      const mixed = [...good.map(record)];
      poison.forEach((event, i) => mixed.splice(i * 40 + 11, 0, record(event)));
      await log.publish(mixed.slice(0, 100));
      await eventually(isDrained);
      expect(store.events.size).toBe(Math.min(97, 100 - count));
      expect(store.deadLetters).toHaveLength(count);
      expect(store.deadLetters.map((letter) => letter.record)).toEqual(poison.map((e) => JSON.stringify(e)));
      expect(counted).toContain(`data ${String(count)}`);
      // 1 + 2 per level of halving and poison, and one for the dead letters: far from one write per record.
      expect(store.writes).toBeLessThan(2 + 16 * count);
    },
  );

  it('waits out a store that is away, with nothing lost and nothing skipped', async () => {
    await start(10);
    store.isAway = true;
    await log.publish(Array.from({ length: 35 }, (_, n) => record(decisionEvent(n))));
    await eventually(() => store.writes >= 3);
    expect(store.events.size).toBe(0);
    expect(await ingest.lag()).toBe(35);
    store.isAway = false;
    await eventually(isDrained);
    expect([...store.events.keys()]).toEqual(Array.from({ length: 35 }, (_, n) => `decision-${String(n)}`));
    expect(store.deadLetters).toEqual([]);
  });

  it('stops in the middle of an outage and leaves the batch in the log', async () => {
    await start();
    store.isAway = true;
    await log.publish([record(decisionEvent(1))]);
    await eventually(() => store.writes >= 2);
    await ingest.stop();
    expect(await ingest.lag()).toBe(1);
    store.isAway = false;
    ingest = await startIngest({ log, store, metrics, logger: silentLogger });
    await eventually(isDrained);
    expect([...store.events.keys()]).toEqual(['decision-1']);
  });
});
