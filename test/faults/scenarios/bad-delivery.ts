import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../../src/config/env.ts';
import { loadOrCreateSecrets } from '../../../src/config/secrets.ts';
import { createDecisionIds } from '../../../src/core/feedback/decision-id.ts';
import type { LogEvent } from '../../../src/core/feedback/events.ts';
import type { Random } from '../../../src/core/math/random.ts';
import { openJournal } from '../../../src/journal/journal.ts';
import { createKafkaEventLog } from '../../../src/kafka/event-log.ts';
import type { EventLog, RawRecord } from '../../../src/service/ports/event-log.ts';
import { silentLogger } from '../../../src/service/ports/logger.ts';
import { eventKey } from '../../../src/service/schemas/event-key.ts';
import { serializeEvent } from '../../../src/service/schemas/events.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../../support/events.ts';
import { startBroker, whyNoBroker } from '../../support/kafka.ts';
import { compareStored, expectedEvent, untilStored } from '../../support/stored-events.ts';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { startGivenWorld, type World } from '../support/world.ts';

const DECISIONS = 2_000;

/** Ten per cent delivered twice, everything in random order, and records in between that nobody can store. */
export const badDelivery: Scenario = {
  name: 'bad-delivery',
  isShort: true,
  run: async (context) => {
    const world = await context.world();
    // A process that has ended leaves its journal, and the running one adopts it.
    const journal = await openJournal({
      directory: join(world.dataDir, 'journal'),
      segmentBytes: 1024 * 1024,
      maxBytes: 1e9,
      sync: 'group',
    });
    return await deliver(context, world, journal, 'through the journal');
  },
};

/** The same on the topics of a real broker, to two members of ingest. */
export const badDeliveryOverKafka: Scenario = {
  name: 'bad-delivery-kafka',
  isShort: false,
  unmet: whyNoBroker,
  run: async (context) => {
    const broker = await startBroker();
    context.defer(() => broker.stop());
    const environment = { KAFKA_BROKERS: broker.address };
    const world = await startGivenWorld(context, { parts: ['api', 'ingest', 'ingest'], environment });
    const { kafka } = readConfig(environment);
    if (kafka === null) throw new Error('no brokers');
    return await deliver(context, world, createKafkaEventLog(kafka, silentLogger), 'over Kafka');
  },
};

async function deliver(
  context: FaultContext,
  world: World,
  log: Pick<EventLog, 'publish' | 'close'>,
  how: string,
): Promise<FaultOutcome> {
  const events = eventsOf(context, join(world.dataDir, 'secrets.json'));
  const records = events.map(toRecord);
  const repeated = records.filter(() => context.random.uniform() < 0.1);
  const poison = poisonRecords(events[0]);
  const all = shuffled([...records, ...repeated, ...poison], context.random);
  for (let from = 0; from < all.length; from += 500) await log.publish(all.slice(from, from + 500));
  await log.close();
  const closedAt = Date.now();
  const expected = events.map(expectedEvent);
  await untilStored(world.pool, expected, 60_000);
  const caughtUpMs = Date.now() - closedAt;
  const letters = await untilSetAside(world.pool, poison.length);
  const found = await compareStored(world.pool, expected);
  await world.pool.query('delete from dead_letters');
  const broken = found.differing.slice(0, 1).map((id) => `stored otherwise than published: ${id}`);
  if (letters !== poison.length) broken.push(`${String(letters)} dead letters of ${String(poison.length)}`);
  return {
    fault: `${String(repeated.length)} delivered twice, all reordered, ${String(poison.length)} poison records, ${how}`,
    accepted: found.accepted,
    stored: found.stored,
    duplicates: found.doubled.length,
    missing: found.missing.length,
    backAfterMs: null,
    caughtUpMs,
    refused: 0,
    unlogged: 0,
    broken,
  };
}

/** The last part of a batch may hold poison only. */
async function untilSetAside(pool: World['pool'], count: number): Promise<number> {
  for (let n = 0; ; n += 1) {
    const { rows } = await pool.query<{ n: string }>('select count(*) as n from dead_letters');
    if (Number(rows[0].n) >= count || n === 50) return Number(rows[0].n);
    await sleep(200);
  }
}

function eventsOf({ random }: FaultContext, secretsFile: string): LogEvent[] {
  const ids = createDecisionIds(loadOrCreateSecrets(secretsFile).idKeys);
  const start = Date.now() - DECISIONS;
  return Array.from({ length: DECISIONS }, (_, n) => {
    const bytes = Uint8Array.from({ length: 8 }, () => random.integer(256));
    const decidedAt = start + n;
    const decisionId = ids.mint({
      timeMs: decidedAt,
      tenant: 'default',
      surface: 'live-feed',
      random: bytes,
    });
    const propensity = 1 / (2 + (n % 7));
    return [
      decisionEvent(n, { decisionId, decidedAt, propensity, probabilities: [1 - propensity, propensity] }),
      exposureEvent(n, { decisionId }),
      interactionEvent(n, { decisionId, value: n / 7 }),
    ];
  }).flat();
}

const toRecord = (event: LogEvent): RawRecord => ({ key: eventKey(event), value: serializeEvent(event) });

/** No grammar, no JSON, no bytes; and grammar that PostgreSQL refuses: NUL, a lone surrogate, an id of no time; and too deep to write. */
function poisonRecords(decision: LogEvent): RawRecord[] {
  const changed = (changes: object): string => JSON.stringify({ ...decision, ...changes });
  const texts = [
    '',
    '{',
    'null',
    '{"v":1,"kind":"nobody-knows"}',
    '{"v":99,"kind":"decision"}',
    changed({ propensity: 0 }),
    changed({ unitId: 'nul\u0000' }),
    changed({ unitId: 'x' }).replace('"x"', '"\\ud800"'),
    changed({ decisionId: 'not-an-id' }),
    changed({ later: [] }).replace('[]', '['.repeat(100_000) + ']'.repeat(100_000)),
  ];
  const records = texts.map((text) => ({ key: 'poison', value: Buffer.from(text) }));
  return [...records, { key: 'poison', value: Buffer.from([0xff, 0xfe, 0x00, 0x80]) }];
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = random.integer(i + 1);
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}
