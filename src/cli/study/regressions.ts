import { setTimeout as sleep } from 'node:timers/promises';
import type { StudyRun } from '../../../offline/reproductions/study-run.ts';
import type { StudyTable } from '../../../offline/reproductions/study-table.ts';
import { loadOrCreateSecrets } from '../../config/secrets.ts';
import { type Database, openDatabase } from '../../postgres/database.ts';
import { createExperimentUnits } from '../../postgres/experiment-units.ts';
import { startApiReplicas } from './replicas.ts';

const REPLICAS = 3;
const LOOK_INTERVAL_MS = 1_000;

/** Regressions planted on running processes (proof 5 of docs/experiments.md); `url` null: an embedded database. */
export async function regressions(run: StudyRun, url: string | null = null): Promise<StudyTable[]> {
  const { regressions: study } =
    await import('../../../offline/reproductions/experiments/regressions/regressions.ts');
  return await study(run, () => startWorld(url));
}

const WAIT_MS = 60_000;

/** Until the controller leads: before that nobody looks. */
async function untilLed(pool: Database['pool']): Promise<void> {
  for (const until = Date.now() + WAIT_MS; Date.now() < until; await sleep(100)) {
    const { rowCount } = await pool.query('select from leader_epochs');
    if (rowCount !== 0) return;
  }
  throw new Error('the controller did not start');
}

/** Three replicas that decide, one more that takes feedback, a controller. */
async function startWorld(url: string | null) {
  const { clients, processes, databaseUrl, secretsFile, startBeside, stop } = await startApiReplicas(
    REPLICAS + 1,
    url,
  );
  startBeside('src/controller/main.ts', 'controller', { ALLOT_LOOK_INTERVAL_MS: String(LOOK_INTERVAL_MS) });
  const database = await openDatabase({
    url: databaseUrl,
    applicationName: 'allot-study',
    maxConnections: 2,
  });
  await untilLed(database.pool);
  const units = createExperimentUnits(database.pool);
  const collector = processes[REPLICAS];
  return {
    clients: clients.slice(0, REPLICAS),
    collector: clients[REPLICAS],
    freezeCollector: () => void collector.kill('SIGSTOP'),
    thawCollector: () => void collector.kill('SIGCONT'),
    assignmentKey: loadOrCreateSecrets(secretsFile).assignmentKey,
    lookIntervalMs: LOOK_INTERVAL_MS,
    async entered(experiment: string) {
      const cells = await units.cells('default', experiment);
      return {
        units: cells.reduce((sum, { statistics }) => sum + statistics.units, 0),
        withoutFeedback: cells.reduce((sum, { statistics }) => sum + statistics.undeliveredUnits, 0),
      };
    },
    async stop() {
      await database.close();
      await stop();
    },
  };
}
