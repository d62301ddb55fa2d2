import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { startCluster, type TestBroker, whyNoBroker } from '../../support/kafka.ts';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { Load } from '../support/load.ts';
import { type GivenWorld, startGivenWorld } from '../support/world.ts';

const AWAY_MS = 12_000;

/** Three brokers, every record on all of them and confirmed by two; the leader of a partition is killed under load. */
export const kafkaLeader: Scenario = {
  name: 'kafka-leader',
  isShort: false,
  unmet: whyNoBroker,
  run: async (context) => {
    const brokers = await startCluster(3);
    context.defer(() => Promise.all(brokers.map((broker) => broker.stop())));
    const world = await startGivenWorld(context, {
      parts: ['api', 'ingest', 'ingest'],
      environment: { KAFKA_BROKERS: brokers.map(({ address }) => address).join(',') },
    });
    const rows: FaultOutcome[] = [];
    for (const topic of ['allot.decisions.v1', 'allot.feedback.v1'])
      rows.push(await leaderKilled(context, world, brokers, topic));
    return rows;
  },
};

async function leaderKilled(
  context: FaultContext,
  world: GivenWorld,
  brokers: readonly TestBroker[],
  topic: string,
): Promise<FaultOutcome> {
  const load = new Load(context.folder, () => world.client);
  await sleep(1_000);
  const addresses = brokers.map(({ address }) => address);
  const { leader, replicas } = await partitionOf(addresses, topic);
  if (replicas !== 3) load.broken(`${topic} is kept ${String(replicas)} times, not 3`);
  const broker = brokers[leader - 1];
  await broker.kill();
  const killedAt = Date.now();
  // The two that are left must be enough, while the third is away.
  await sleep(AWAY_MS);
  await load.untilCaughtUp(world.pool, killedAt + AWAY_MS);
  const { leader: next } = await partitionOf(
    addresses.filter((address) => address !== broker.address),
    topic,
  );
  if (next === leader) load.broken('the partition has no other leader');
  await broker.restart();
  await load.untilCaughtUp(world.pool, Date.now());
  await load.untilAnswered(Date.now());
  return await load.outcome(
    `Kafka, three brokers: leader of ${topic} killed, back after ${String(AWAY_MS / 1_000)} s`,
    world.pool,
  );
}

async function partitionOf(
  brokers: readonly string[],
  topic: string,
): Promise<{ readonly leader: number; readonly replicas: number }> {
  const admin = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const first = topics[0].partitions.find(({ partitionId }) => partitionId === 0);
    return { leader: first?.leader ?? -1, replicas: first?.replicas.length ?? 0 };
  } finally {
    await admin.disconnect();
  }
}
