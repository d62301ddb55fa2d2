import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AllotConfig } from '../../config/config.ts';
import { LAST_GOOD_FILE } from '../../disk/last-good-copy.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { everyRun } from '../../service/registry/every-run.ts';
import { IDEMPOTENCY_WINDOW } from '../../service/serving/idempotency-window.ts';
import { UNIT_COUNTER_KEYS } from '../../service/serving/unit-counters.ts';

/** A place where the unit is, or may be, and what to do about it. */
export interface OutOfReach {
  readonly place: string;
  readonly found: string;
  readonly remedy: string;
}

interface Unit {
  readonly tenant: string;
  readonly unitId: string;
}

/** What a command on this host, with this database, cannot take away. */
export async function outOfReach(
  stores: AllStores,
  config: AllotConfig,
  unit: Unit,
): Promise<readonly OutOfReach[]> {
  return [
    ...(await frozenSnapshots(stores, config, unit)),
    ...(await lastGoodCopies(config, unit)),
    ...topics(config),
    ...elsewhere,
  ];
}

/** Both are `TwoGenerations`: they hold up to twice what they promise. */
function memoryOfApi(): string {
  const count = (promised: number): string => (2 * promised).toLocaleString('en');
  return `up to the last ${count(IDEMPOTENCY_WINDOW.decisions)} decisions of each, and the units of its last ${count(UNIT_COUNTER_KEYS)} capped answers`;
}

const elsewhere: readonly OutOfReach[] = [
  {
    place: 'journals of other hosts',
    found: 'not looked at',
    remedy: 'run the same command where each api runs; ingest drops what they hand on of the unit',
  },
  {
    place: `${LAST_GOOD_FILE} of other hosts`,
    found: 'the unit, where an experiment had it on a side by hand',
    remedy: 'run the same command where each api runs: it names the files',
  },
  {
    place: 'memory of running api processes',
    found: memoryOfApi(),
    remedy: 'they are pushed out by newer ones, or restart the processes',
  },
  {
    place: 'poison that is still to come and is no JSON',
    found: 'cannot be told to be of the unit, so it is kept as a dead letter',
    remedy: 'run the command again when what is under way has arrived',
  },
  {
    place: 'files of the database server',
    found: 'deleted rows until they are vacuumed, and the write-ahead log',
    remedy:
      'the server writes them over by itself, `vacuum` sooner; replicas follow, archives of the log are backups',
  },
  {
    place: 'backups',
    found: 'not looked at',
    remedy: 'let them expire; after a restore run the command again',
  },
];

function topics({ kafka }: AllotConfig): OutOfReach[] {
  if (kafka === null) return [];
  return [
    {
      place: `Kafka topics ${kafka.decisionsTopic}, ${kafka.feedbackTopic}`,
      found: 'events up to the retention of the topics',
      remedy: 'wait for it, or lower retention.ms for a while; ingest drops what is read of the unit',
    },
  ];
}

/** Experiments name the units that have a side by hand. They are taken out there, and a decider then writes its copy anew. */
async function lastGoodCopies({ dataDir }: AllotConfig, { unitId }: Unit): Promise<OutOfReach[]> {
  const names = await namesIn(dataDir);
  if (!Array.isArray(names)) return [names];
  const asKey = `${JSON.stringify(unitId)}:"`;
  const found: OutOfReach[] = [];
  for (const name of names.filter((n) => n.startsWith(LAST_GOOD_FILE))) {
    const file = join(dataDir, name);
    const bytes = await readFile(file).catch(ignoreMissing);
    if (bytes === null || !bytes.includes(asKey)) continue;
    found.push({
      place: file,
      found: 'the unit, on a side of an experiment by hand',
      remedy: 'the next two changes of the control state write it over while the api runs; or remove it',
    });
  }
  return found;
}

/** A snapshot has a content hash that runs refer to: it is never changed, only removed and taken again. */
async function frozenSnapshots(stores: AllStores, config: AllotConfig, unit: Unit): Promise<OutOfReach[]> {
  const { rowsOfUnit } = await import('../../../offline/dataset/rows-of-unit.ts');
  const under = join(config.dataDir, 'snapshots');
  const names = await namesIn(under);
  const isListed = Array.isArray(names);
  const found: OutOfReach[] = isListed ? [] : [names];
  const ofRuns: string[] = [];
  for await (const { result } of everyRun(stores.runs, unit.tenant, { kinds: ['snapshot'] })) {
    const directory = result?.['directory'];
    if (typeof directory === 'string') ofRuns.push(directory);
  }
  const folders = new Set([...(isListed ? names.map((name) => join(under, name)) : []), ...ofRuns]);
  for (const folder of folders) {
    const rows = await rowsOfUnit(folder, unit.tenant, unit.unitId);
    if (rows === null) found.push(unsearched(folder));
    else if (rows > 0) {
      found.push({
        place: folder,
        found: `${String(rows)} rows of a frozen snapshot`,
        remedy:
          'remove the folder, take the snapshot again (`allot snapshot`), and train again what was trained on it',
      });
    }
  }
  return found;
}

const unsearched = (place: string): OutOfReach => ({
  place,
  found: 'could not be searched: damaged, not finished, or not ours to read',
  remedy: 'if a snapshot is being taken, run the command again when it is done; else mend or remove it',
});

async function namesIn(folder: string): Promise<string[] | OutOfReach> {
  try {
    return (await readdir(folder).catch(ignoreMissing)) ?? [];
  } catch {
    return unsearched(folder);
  }
}

function ignoreMissing(error: unknown): null {
  if ((error as { code?: unknown }).code === 'ENOENT') return null;
  throw error;
}
