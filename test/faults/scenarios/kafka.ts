import { setTimeout as sleep } from 'node:timers/promises';
import { type TestBroker, startBroker, whyNoBroker } from '../../support/kafka.ts';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import { type GivenWorld, startGivenWorld } from '../support/world.ts';

/** Beyond the session of 6 s: the group takes the partitions away from whoever is silent for so long. */
const FROZEN_MS = 9_000;

/** api → journal → Kafka → two members of ingest, each a process of its own, on a real broker. */
export const kafka: Scenario = {
  name: 'kafka',
  isShort: true,
  unmet: whyNoBroker,
  run: async (context) => {
    const broker = await startBroker();
    context.defer(() => broker.stop());
    const world = await startGivenWorld(context, {
      parts: ['api', 'ingest', 'ingest', 'ingest'],
      environment: { KAFKA_BROKERS: broker.address },
    });
    const rows = [
      await memberKilled(context, world),
      await memberFrozen(context, world),
      await rebalanced(context, world),
      await brokerKilled(context, world, broker, 3),
    ];
    if (!context.isShort) rows.push(await brokerKilled(context, world, broker, 30));
    return rows;
  },
};

async function memberKilled(context: FaultContext, world: GivenWorld): Promise<FaultOutcome> {
  const load = new Load(context.folder, () => world.client);
  const members = world.parts.slice(1);
  for (let n = 0; n < context.kills; n += 1) {
    await sleep(300 + 1_000 * context.random.uniform());
    const member = members[context.random.integer(members.length)];
    await member.kill();
    member.start();
  }
  await load.untilCaughtUp(world.pool, Date.now());
  return await load.outcome(`Kafka: kill -9 of a member of ingest × ${String(context.kills)}`, world.pool);
}

async function memberFrozen(context: FaultContext, world: GivenWorld): Promise<FaultOutcome> {
  const load = new Load(context.folder, () => world.client);
  await sleep(500);
  world.parts[1].freeze();
  await sleep(FROZEN_MS);
  const thawedAt = Date.now();
  world.parts[1].thaw();
  await load.untilCaughtUp(world.pool, thawedAt);
  return await load.outcome(`Kafka: a member frozen for ${String(FROZEN_MS / 1_000)} s`, world.pool);
}

/** Members leave in order and come back, one after the other, while records flow. */
async function rebalanced(context: FaultContext, world: GivenWorld): Promise<FaultOutcome> {
  const load = new Load(context.folder, () => world.client);
  for (const member of world.parts.slice(1)) {
    await sleep(300);
    const code = await member.stop();
    if (code !== 0) load.broken(`a member ended with code ${String(code)}`);
    member.start();
  }
  await load.untilCaughtUp(world.pool, Date.now());
  return await load.outcome('Kafka: three members leave and join under load', world.pool);
}

async function brokerKilled(
  context: FaultContext,
  world: GivenWorld,
  broker: TestBroker,
  seconds: number,
): Promise<FaultOutcome> {
  const load = new Load(context.folder, () => world.client);
  await sleep(500);
  await broker.kill();
  const before = load.tally.answered;
  await sleep(seconds * 1_000);
  if (load.tally.answered === before) load.broken('no decision was answered without the broker');
  const startedAt = Date.now();
  await broker.restart();
  await load.untilCaughtUp(world.pool, startedAt);
  await load.untilAnswered(Date.now());
  return await load.outcome(`Kafka: broker killed, back after ${String(seconds)} s`, world.pool);
}
