import { join } from 'node:path';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { withStores } from '../local/with-stores.ts';
import { note } from '../output.ts';
import { allotVersion } from '../version.ts';
import type { TrainOptions } from './options.ts';
import { trainingProgress } from './progress.ts';

/**
 * Job mode: everything comes from the stored run. Its checkpoints lie in the data directory under its id, so a job that the
 * queue tries again goes on where it was. A training that stops itself closes its run here, with the report that says why.
 */
export async function trainRun(options: TrainOptions, runId: string): Promise<Record<string, unknown>> {
  const { runTraining } = await import('../../../offline/train.ts');
  return await withStores(async (stores, config) => {
    try {
      return await runTraining({
        stores,
        tenant: options.tenant,
        runId,
        snapshotsDirectory: join(config.dataDir, 'snapshots'),
        checkpointsDirectory: join(config.dataDir, 'checkpoints', runId),
        codeVersion: allotVersion(),
        workers: options.workers,
        progress: trainingProgress({ quiet: options.json === true, areSeveral: options.workers > 1 }),
        warn: note,
      });
    } catch (error) {
      await closeStopped(stores, options.tenant, runId, error);
      throw error;
    }
  });
}

async function closeStopped(stores: AllStores, tenant: string, runId: string, error: unknown): Promise<void> {
  const { failureOf } = await import('../../../offline/train.ts');
  const run = await stores.runs.find(tenant, runId);
  const failure = run === undefined ? null : failureOf(error, run);
  if (failure !== null) await stores.runs.finish(tenant, runId, failure);
}
