import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AllotConfig } from '../../config/config.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';

/** A place where the unit is, or may be, and what to do about it. */
export interface OutOfReach {
  readonly place: string;
  readonly found: string;
  readonly remedy: string;
}

/** What a command on this host, with this database, cannot take away. */
export async function outOfReach(
  stores: AllStores,
  config: AllotConfig,
  { tenant, unitId }: { readonly tenant: string; readonly unitId: string },
): Promise<readonly OutOfReach[]> {
  return [
    ...(await frozenSnapshots(stores, config, tenant, unitId)),
    ...topics(config),
    {
      place: 'journals of other hosts',
      found: 'not looked at',
      remedy: 'run the same command where each api runs; ingest drops what they hand on of the unit',
    },
    {
      place: 'memory of running api processes',
      found: 'the last 8,192 decisions of each',
      remedy: 'they are pushed out by newer ones, or restart the processes',
    },
    {
      place: 'backups',
      found: 'not looked at',
      remedy: 'let them expire; after a restore run the command again',
    },
  ];
}

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

/** A snapshot has a content hash that runs refer to: it is never changed, only removed and taken again. */
async function frozenSnapshots(
  stores: AllStores,
  config: AllotConfig,
  tenant: string,
  unitId: string,
): Promise<OutOfReach[]> {
  const { rowsOfUnit } = await import('../../../offline/dataset/rows-of-unit.ts');
  const found: OutOfReach[] = [];
  for (const folder of await snapshotFolders(stores, config, tenant)) {
    const rows = await rowsOfUnit(folder, tenant, unitId);
    if (rows === null || rows === 0) continue;
    found.push({
      place: folder,
      found: `${String(rows)} rows of a frozen snapshot`,
      remedy:
        'remove the folder, take the snapshot again (`allot snapshot`), and train again what was trained on it',
    });
  }
  return found;
}

async function snapshotFolders(
  stores: AllStores,
  { dataDir }: AllotConfig,
  tenant: string,
): Promise<ReadonlySet<string>> {
  const under = join(dataDir, 'snapshots');
  const names = await readdir(under).catch(() => [] as string[]);
  const runs = await stores.runs.list(tenant, { kind: 'snapshot' });
  const ofRuns = runs.map(({ result }) => result?.['directory']).filter((d) => typeof d === 'string');
  return new Set([...names.map((name) => join(under, name)), ...ofRuns]);
}
