import kafkajs, { type Admin } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Waiting } from './standstill.ts';

/** A record may be as large as the journal's largest, or one event would block the forwarder for ever. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

const TOPIC = kafkajs.ConfigResourceTypes.TOPIC;
const SET_ON_TOPIC = kafkajs.ConfigSource.TOPIC_CONFIG;

export const topicsOf = (config: KafkaConfig): string[] => [config.decisionsTopic, config.feedbackTopic];

/** What Allot wants of both topics; `allot topics apply` makes it so, and `check` compares. */
export interface TopicDeclaration {
  readonly partitions: number;
  /** How long the broker keeps a record: an outage of ingest must be shorter. */
  readonly retentionMs: number;
}

const HOUR_MS = 3_600_000;
export const declaredTopics: TopicDeclaration = { partitions: 6, retentionMs: 168 * HOUR_MS };

/**
 * The client reads gzip and nothing else: of a batch that the broker has compressed otherwise no member gets past. `producer`
 * keeps batches as they were sent, which here is uncompressed.
 */
const COMPRESSION = { name: 'compression.type', value: 'producer' };
const readable: ReadonlySet<string> = new Set(['producer', 'gzip', 'uncompressed']);

/** One setting of one topic that is not as declared; `found` null: the topic is missing. */
export interface TopicDifference {
  readonly topic: string;
  readonly setting: 'partitions' | 'retention.ms' | 'max.message.bytes' | 'compression.type';
  readonly declared: number | string;
  readonly found: number | string | null;
}

const entriesOf = ({ retentionMs }: TopicDeclaration): { name: string; value: string }[] => [
  { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) },
  { name: 'retention.ms', value: String(retentionMs) },
];

/** Creates the topics that are missing; existing ones are left as they are, and a warning says what differs. */
export async function createTopics(
  admin: Admin,
  config: KafkaConfig,
  declaration: TopicDeclaration,
  logger: Logger,
): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = topicsOf(config).filter((topic) => !existing.has(topic));
  if (missing.length > 0) {
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map((topic) => ({
        topic,
        numPartitions: declaration.partitions,
        replicationFactor: -1,
        configEntries: [...entriesOf(declaration), COMPRESSION],
      })),
    });
    logger.info({ topics: missing, partitions: declaration.partitions }, 'kafka: topics created');
  }
  for (const { topic, setting, declared, found } of await compareTopics(admin, config, declaration))
    logger.warn(
      { topic, setting, declared, found },
      'kafka: a topic is not as declared; see `allot topics check`',
    );
}

export async function compareTopics(
  admin: Admin,
  config: KafkaConfig,
  declaration: TopicDeclaration,
): Promise<TopicDifference[]> {
  const existing = new Set(await admin.listTopics());
  const differences: TopicDifference[] = [];
  for (const topic of topicsOf(config)) {
    const found = existing.has(topic) ? await settingsOf(admin, topic) : null;
    const declared = {
      partitions: declaration.partitions,
      'retention.ms': declaration.retentionMs,
      'max.message.bytes': MAX_MESSAGE_BYTES,
    };
    for (const setting of ['partitions', 'retention.ms', 'max.message.bytes'] as const) {
      const value = found?.[setting] ?? null;
      if (value !== declared[setting])
        differences.push({ topic, setting, declared: declared[setting], found: value });
    }
    if (found !== null && !readable.has(found['compression.type']))
      differences.push({
        topic,
        setting: 'compression.type',
        declared: COMPRESSION.value,
        found: found['compression.type'],
      });
  }
  return differences;
}

interface TopicSettings {
  readonly partitions: number;
  readonly 'retention.ms': number;
  readonly 'max.message.bytes': number;
  readonly 'compression.type': string;
}

async function settingsOf(admin: Admin, topic: string): Promise<TopicSettings> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      { type: TOPIC, name: topic, configNames: ['retention.ms', 'max.message.bytes', 'compression.type'] },
    ],
  });
  const valueOf = (name: string): string | undefined =>
    resources[0].configEntries.find(({ configName }) => configName === name)?.configValue;
  return {
    partitions: topics[0].partitions.length,
    'retention.ms': Number(valueOf('retention.ms')),
    'max.message.bytes': Number(valueOf('max.message.bytes')),
    'compression.type': valueOf('compression.type') ?? '',
  };
}

/**
 * Creates, sets and grows until nothing differs but what cannot be done: partitions are never taken away. Growing moves
 * keys to other partitions, which is harmless here: order has no meaning for what ingest stores.
 */
export async function applyTopics(
  admin: Admin,
  config: KafkaConfig,
  declaration: TopicDeclaration,
  logger: Logger,
): Promise<readonly TopicDifference[]> {
  await createTopics(admin, config, declaration, logger);
  const differences = await compareTopics(admin, config, declaration);
  for (const topic of new Set(differences.map((difference) => difference.topic))) {
    const own = differences.filter((difference) => difference.topic === topic);
    const grown = own.find(
      ({ setting, found }) => setting === 'partitions' && declaration.partitions > Number(found),
    );
    if (grown !== undefined)
      await admin.createPartitions({ topicPartitions: [{ topic, count: declaration.partitions }] });
    if (own.some(({ setting }) => setting !== 'partitions'))
      await admin.alterConfigs({
        validateOnly: false,
        resources: [await resourceOf(admin, topic, declaration)],
      });
  }
  return await compareTopics(admin, config, declaration);
}

/** The request replaces every setting of the topic, so what somebody else has set is sent along. */
async function resourceOf(
  admin: Admin,
  topic: string,
  declaration: TopicDeclaration,
): Promise<{ type: number; name: string; configEntries: { name: string; value: string }[] }> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: TOPIC, name: topic }],
  });
  const set = resources[0].configEntries.find(({ configName }) => configName === COMPRESSION.name);
  const own = entriesOf(declaration);
  if (!readable.has(set?.configValue ?? '')) own.push(COMPRESSION);
  const kept = resources[0].configEntries
    .filter(
      ({ configName, configSource }) =>
        configSource === SET_ON_TOPIC && !own.some(({ name }) => name === configName),
    )
    .map(({ configName, configValue }) => ({ name: configName, value: configValue }));
  return { type: TOPIC, name: topic, configEntries: [...kept, ...own] };
}

export type Assignment = Readonly<Record<string, readonly number[]>>;

/** Partitions with records that the group has not committed. */
export async function groupWaiting(admin: Admin, config: KafkaConfig): Promise<Waiting[]> {
  const topics = topicsOf(config);
  const committed = await admin.fetchOffsets({ groupId: config.groupId, topics });
  const waiting: Waiting[] = [];
  for (const { topic, partitions } of committed) {
    const offsets = new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      // −1: nothing committed yet, the group begins at the oldest record there is.
      const next = offsets.get(partition) ?? -1n;
      const from = next < BigInt(low) ? BigInt(low) : next;
      if (from < BigInt(high)) waiting.push({ topic, partition, committed: from, high: BigInt(high) });
    }
  }
  return waiting;
}

export const lagOf = (waiting: readonly Waiting[]): number =>
  waiting.reduce((sum, { committed, high }) => sum + Number(high - committed), 0);

/** The node that a partition is fetched from. */
export async function leaderOf(admin: Admin, topic: string, partition: number): Promise<Leader> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const nodeId = topics[0].partitions.find(({ partitionId }) => partitionId === partition)?.leader ?? -1;
  const { brokers } = await admin.describeCluster();
  const broker = brokers.find((one) => one.nodeId === nodeId);
  return { nodeId, address: broker === undefined ? '' : `${broker.host}:${String(broker.port)}` };
}

/** The broker that a partition is fetched from. */
export interface Leader {
  readonly nodeId: number;
  /** host:port */
  readonly address: string;
}
