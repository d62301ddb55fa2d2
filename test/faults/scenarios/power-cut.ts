import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { type RecordOnDisk, pendingRecords } from '../support/journal-files.ts';
import { Load } from '../support/load.ts';
import { SyncedFiles } from '../support/synced-files.ts';
import { GivenPostgres, startGivenWorld } from '../support/world.ts';

const hook = fileURLToPath(new URL('../hooks/synced.mjs', import.meta.url));

/** A power cut keeps what was synced: every file is cut where its last sync began, and a name that no folder's sync saw is gone. */
export const powerCut: Scenario = {
  name: 'power-cut',
  isShort: true,
  unmet: () => (existsSync('/proc/self/fd') ? null : 'the hook needs /proc to tell which file was synced'),
  run: async (context) => {
    const postgres = await GivenPostgres.start(context);
    return [await cut(context, postgres, 'group'), await cut(context, postgres, 'commit')];
  },
};

async function cut(
  context: FaultContext,
  postgres: GivenPostgres,
  sync: 'group' | 'commit',
): Promise<FaultOutcome> {
  const log = join(context.folder, `synced-${sync}`);
  const world = await startGivenWorld(context, {
    parts: ['allot'],
    postgres,
    environment: { ALLOT_JOURNAL_SYNC: sync, FAULTS_SYNC_LOG: log, NODE_OPTIONS: `--import ${hook}` },
  });
  const [part] = world.parts;
  const load = new Load(context.folder, () => world.client);
  world.postgres.proxy.swallow();
  await sleep(1_500 + 500 * context.random.uniform());
  await part.kill();
  const cutAt = Date.now();
  const lost = cutAtSynced(world.dataDir, log);
  const ages = load.file.ages(cutAt, new Set(lost.map(({ id }) => id)));
  world.postgres.proxy.pass({ reset: true });
  part.start();
  await load.untilAnswered(cutAt);
  if (sync === 'commit' && ages.length > 0) load.broken('commit lost an acknowledged event');
  const oldest = ages.length === 0 ? 'nothing' : `${String(Math.max(...ages))} ms old at most`;
  const outcome = await load.outcome(`power cut, ALLOT_JOURNAL_SYNC=${sync}`, world.pool, {
    note: `acknowledged and lost: ${String(ages.length)} (${oldest})`,
    excused: new Set(lost.map(({ id }) => id)),
  });
  await part.stop();
  return outcome;
}

/** Cuts the journal, and says which records that took. */
function cutAtSynced(dataDir: string, log: string): RecordOnDisk[] {
  const records = pendingRecords(join(dataDir, 'journal'));
  const synced = new SyncedFiles(dataDir, log);
  const lost = records.filter(({ path, to }) => to > synced.bytes(path));
  synced.cut(join(dataDir, 'journal'));
  return lost;
}
