import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { openJournal } from '../src/journal/journal.ts';
import { createKafkaEventLog } from '../src/kafka/event-log.ts';
import { createPool } from '../src/postgres/database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/postgres/embedded/supervisor.ts';
import { migrate } from '../src/postgres/migrate.ts';
import type { EventLog } from '../src/service/ports/event-log.ts';
import { silentLogger } from '../src/service/ports/logger.ts';
import { kafkaConfig, startBroker } from '../test/support/kafka.ts';
import { recordsOfDecision } from './ingest/events.ts';
import { Consumer, cpuMsOfTree } from './ingest/processes.ts';
import { Command, Option } from 'commander';
import { positiveInteger } from '../src/cli/parse-numbers.ts';

/**
 * Events of distinct ids, a third each of decisions, exposures and interactions, are put into the log first; then processes
 * of ingest bring them into an embedded PostgreSQL, joined by decision id and durable. The rate is from the first stored
 * event to the last. From Kafka: a real broker, 4 partitions; `--kill`: when half is stored one consumer is killed (SIGKILL)
 * and started again, and the time in which it is away counts. Distinct ids in must be rows out, or the exit code is 1.
 * CPU µs per event are those of the processes of ingest and of PostgreSQL (Linux): other work on the machine changes them
 * less than the rate. Bar: 20,000 events per second and consumer.
 *
 *     npx tsx bench/ingest.ts [--from kafka|journal] [--events 1000000] [--consumers 2] [--kill] [--features 3]
 *                             [--profile DIR] [--json]
 */
interface Flags {
  readonly from: 'kafka' | 'journal';
  readonly events: number;
  readonly consumers: number;
  readonly kill: boolean;
  readonly features: number;
  readonly profile?: string;
  readonly json: boolean;
}

const flags = new Command()
  .description('events from the log into PostgreSQL')
  .addOption(
    new Option('--from <log>', 'where the events lie').choices(['kafka', 'journal']).default('kafka'),
  )
  .option('--events <n>', 'in all', positiveInteger, 1_000_000)
  .option('--consumers <n>', 'processes of ingest (from Kafka)', positiveInteger, 2)
  .option('--kill', 'SIGKILL one of them when half is stored', false)
  .option('--features <n>', 'of each decision', positiveInteger, 3)
  .option('--profile <folder>', 'write a CPU profile of each consumer there')
  .option('--json', 'one object on standard output', false)
  .parse()
  .opts<Flags>();
const PARTITIONS = 4;
const DECISIONS_PER_SEND = 1_000;
const decisions = Math.ceil(flags.events / 3);
const total = decisions * 3;
const isKafka = flags.from === 'kafka';
const nodeFlags = flags.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', flags.profile];

interface Published {
  readonly perSecond: number;
  readonly bytes: number;
}

async function publishAll(log: EventLog): Promise<Published> {
  const startedAt = performance.now();
  let bytes = 0;
  for (let n = 0; n < decisions; n += DECISIONS_PER_SEND) {
    const count = Math.min(decisions - n, DECISIONS_PER_SEND);
    const records = Array.from({ length: count }, (_, i) => recordsOfDecision(n + i, flags.features)).flat();
    for (const { value } of records) bytes += value.length;
    await log.publish(records);
  }
  return { perSecond: (total / (performance.now() - startedAt)) * 1_000, bytes };
}

async function toKafka(address: string): Promise<Published> {
  const names = { decisionsTopic: 'allot.decisions.v1', feedbackTopic: 'allot.feedback.v1' };
  const log = createKafkaEventLog({ ...kafkaConfig(address), ...names }, silentLogger);
  await log.ensureTopics(PARTITIONS);
  const published = await publishAll(log);
  await log.close();
  return published;
}

async function toJournal(folder: string): Promise<Published> {
  const journal = await openJournal({
    directory: join(folder, 'journal'),
    segmentBytes: 64 * 1024 ** 2,
    maxBytes: 2 ** 40,
    sync: 'group',
  });
  const published = await publishAll(journal);
  await journal.close();
  return published;
}

const kinds = ['decisions', 'exposures', 'interactions'] as const;

async function rowsIn(pool: pg.Pool): Promise<number> {
  const counts = kinds.map((kind) => `(select count(*) from ${kind})`).join(' + ');
  const { rows } = await pool.query<{ n: string }>(`select ${counts} as n`);
  return Number(rows[0].n);
}

/** Costs nothing, unlike a count, but is up to a second old and counts what was rolled back. */
async function roughlyIn(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: string | null }>(
    `select sum(n_tup_ins) as n from pg_stat_user_tables where relname ~ '^(${kinds.join('|')})'`,
  );
  return Number(rows[0].n ?? 0);
}

interface Stored {
  readonly perSecond: number;
  readonly cpuUsIngest: number;
  readonly cpuUsPostgres: number;
}

async function untilStored(
  pool: pg.Pool,
  postgres: EmbeddedPostgres,
  consumers: readonly Consumer[],
): Promise<Stored> {
  const cpuMs = (): number[] => [
    consumers.reduce((sum, consumer) => sum + consumer.cpuMs(), 0),
    cpuMsOfTree(postgres.pid),
  ];
  let first = 0;
  while ((first = await roughlyIn(pool)) === 0) await sleep(50);
  const startedAt = performance.now();
  const cpuBefore = cpuMs();
  let isKillDue = flags.kill;
  for (;;) {
    const rows = await roughlyIn(pool);
    if (rows >= total && (await rowsIn(pool)) >= total) break;
    if (isKillDue && rows * 2 >= total) {
      isKillDue = false;
      await consumers[0].killAndStart();
    }
    await sleep(100);
  }
  const ms = performance.now() - startedAt;
  const [ingest, server] = cpuMs().map((after, i) => ((after - cpuBefore[i]) * 1_000) / (total - first));
  return { perSecond: ((total - first) / ms) * 1_000, cpuUsIngest: ingest, cpuUsPostgres: server };
}

async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'allot-bench-ingest-'));
  const postgres = await startEmbeddedPostgres({ directory: join(folder, 'postgres') });
  const pool = createPool(postgres.url, { applicationName: 'allot-bench', statementTimeoutMs: 300_000 });
  const broker = isKafka ? await startBroker() : null;
  const consumers: Consumer[] = [];
  try {
    await migrate(postgres.url);
    const published = broker === null ? await toJournal(folder) : await toKafka(broker.address);
    const environment = {
      DATABASE_URL: postgres.url,
      ALLOT_DATA_DIR: folder,
      ...(broker === null ? {} : { KAFKA_BROKERS: broker.address }),
    };
    const count = isKafka ? flags.consumers : 1;
    for (let n = 0; n < count; n += 1) consumers.push(new Consumer(environment, nodeFlags));
    const stored = await untilStored(pool, postgres, consumers);
    report(published, stored, count, await rowsIn(pool));
  } finally {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await pool.end();
    await broker?.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(published: Published, stored: Stored, count: number, rows: number): void {
  const figures = {
    from: flags.from,
    consumers: count,
    killed: flags.kill ? 1 : 0,
    'ids in': total,
    'rows out': rows,
    'bytes each': Math.round(published.bytes / total),
    'published/s': Math.round(published.perSecond),
    'stored/s': Math.round(stored.perSecond),
    'per consumer': Math.round(stored.perSecond / count),
    'CPU µs ingest': Number(stored.cpuUsIngest.toFixed(1)),
    'CPU µs PostgreSQL': Number(stored.cpuUsPostgres.toFixed(1)),
  };
  if (flags.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else console.table([figures]);
  if (rows !== total) process.exitCode = 1;
}

await run();
