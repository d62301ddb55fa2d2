import { execFile, spawnSync } from 'node:child_process';
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
  const runs = (command: string): boolean =>
    spawnSync(command, ['-version'], { stdio: 'ignore' }).status === 0;
  if (!runs('java')) return 'no java';
  const cache = process.env['ALLOT_CACHE'] ?? join(repository, '.cache');
  const hasJars = existsSync(join(resolve(cache), 'kafka', kafkaVersion, '.complete'));
  return hasJars || runs('mvn') ? null : 'no mvn to fetch the broker with';
}

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
  const folder = mkdtempSync(join(tmpdir(), 'allot-broker-'));
  const [port, controllerPort] = await freePorts(2);
  const environment = {
    ...process.env,
    KAFKA_VERSION: kafkaVersion,
    KAFKA_PORT: String(port),
    KAFKA_CPORT: String(controllerPort),
    KAFKA_RUN: folder,
  };
  const run = (command: string, more: Record<string, string> = {}): Promise<unknown> =>
    promisify(execFile)('bash', [script, command], { env: { ...environment, ...more } });
  await run('start');
  return {
    address: `127.0.0.1:${String(port)}`,
    kill: async () => void (await run('kill')),
    restart: async () => void (await run('start', { KAFKA_KEEP: '1' })),
    stop: async () => {
      await run('stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
