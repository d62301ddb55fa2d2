import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { KafkaConfig } from '../../src/config/config.ts';

const script = fileURLToPath(new URL('../../scripts/kafka-broker.sh', import.meta.url));
const repository = fileURLToPath(new URL('../..', import.meta.url));

export const kafkaVersion = process.env['KAFKA_VERSION'] ?? '3.9.2';

/** Why no broker can be started here, or null. */
export function whyNoBroker(): string | null {
  if (process.env['ALLOT_SKIP_KAFKA'] === '1') return 'ALLOT_SKIP_KAFKA=1';
  if (process.platform === 'win32') return 'the broker script needs bash';
  if (!runs('java')) return 'no java';
  const cache = process.env['ALLOT_CACHE'] ?? join(repository, '.cache');
  const hasJars = existsSync(join(resolve(cache), 'kafka', kafkaVersion, '.complete'));
  return hasJars || runs('mvn') ? null : 'no mvn to fetch the broker with';
}

/** The same for a broker with TLS, whose certificate has to be made. */
export const whyNoSecureBroker = (): string | null =>
  whyNoBroker() ?? (runs('openssl', 'version') ? null : 'no openssl');

const runs = (command: string, argument = '-version'): boolean =>
  spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;

export interface TestBroker {
  readonly address: string;
  /** kill -9 */
  kill(): Promise<void>;
  /** Again, on the same port and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A real broker of its own on free ports. The first start fetches it. */
export async function startBroker(): Promise<TestBroker> {
  const [port, controllerPort] = await freePorts(2);
  const { broker } = prepare({ KAFKA_PORT: String(port), KAFKA_CPORT: String(controllerPort) });
  await broker.restart();
  return broker;
}

export interface SecureBroker extends TestBroker {
  /** The listener with TLS and SASL. */
  readonly secureAddress: string;
  /** PEM file of its self-signed certificate. */
  readonly certificateFile: string;
  readonly user: { readonly username: string; readonly password: string };
}

export async function startSecureBroker(): Promise<SecureBroker> {
  const [port, controllerPort, securePort] = await freePorts(3);
  const { broker, folder } = prepare({
    KAFKA_PORT: String(port),
    KAFKA_CPORT: String(controllerPort),
    KAFKA_SECURE_PORT: String(securePort),
  });
  await broker.restart();
  return {
    ...broker,
    secureAddress: `127.0.0.1:${String(securePort)}`,
    certificateFile: join(folder, 'tls', 'certificate.pem'),
    user: { username: 'allot', password: 'allot-secret' },
  };
}

/** Brokers of one cluster: with three everything is kept three times, and two copies confirm a send. */
export async function startCluster(count: number): Promise<readonly TestBroker[]> {
  const ports = await freePorts(2 * count);
  const ids = Array.from({ length: count }, (_, n) => n + 1);
  const voters = ids.map((id) => `${String(id)}@127.0.0.1:${String(ports[2 * id - 1])}`).join(',');
  const clusterId = `A${randomBytes(16).toString('base64url').slice(1, 22)}`;
  const brokers = ids.map(
    (id) =>
      prepare({
        KAFKA_PORT: String(ports[2 * id - 2]),
        KAFKA_CPORT: String(ports[2 * id - 1]),
        KAFKA_NODE_ID: String(id),
        KAFKA_VOTERS: voters,
        KAFKA_CLUSTER_ID: clusterId,
      }).broker,
  );
  const started = await Promise.allSettled(brokers.map((broker) => broker.restart()));
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed === undefined) return brokers;
  await Promise.all(brokers.map((broker) => broker.stop()));
  throw (failed as PromiseRejectedResult).reason;
}

/** Not started yet: `restart` does. */
function prepare(environment: Readonly<Record<string, string>>): { broker: TestBroker; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'allot-broker-'));
  const own = { ...process.env, KAFKA_VERSION: kafkaVersion, KAFKA_RUN: folder, ...environment };
  const run = (command: string): Promise<unknown> =>
    promisify(execFile)('bash', [script, command], { env: { ...own, KAFKA_KEEP: '1' } });
  const broker = {
    address: `127.0.0.1:${environment['KAFKA_PORT']}`,
    kill: async () => void (await run('kill')),
    restart: async () => void (await run('start')),
    stop: async () => {
      await run('stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return { broker, folder };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

let logs = 0;

/** Topics and a group that no other test uses. */
export function kafkaConfig(address: string): KafkaConfig {
  logs += 1;
  const name = `test-${String(process.pid)}-${String(logs)}`;
  return {
    brokers: [address],
    clientId: name,
    groupId: name,
    ssl: false,
    sasl: null,
    decisionsTopic: `${name}.decisions.v1`,
    feedbackTopic: `${name}.feedback.v1`,
  };
}

/** Settings under which a process logs in to it. */
export const settingsFor = (broker: SecureBroker): Readonly<Record<string, string>> => ({
  KAFKA_BROKERS: broker.secureAddress,
  KAFKA_SSL: 'true',
  KAFKA_SSL_CA: broker.certificateFile,
  KAFKA_SASL_MECHANISM: 'plain',
  KAFKA_SASL_USERNAME: broker.user.username,
  KAFKA_SASL_PASSWORD: broker.user.password,
});
