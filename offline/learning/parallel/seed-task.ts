import { TrainingDiverged } from '../run/divergence.ts';
import { trainPolicy, type TrainRequest } from '../train-policy.ts';
import type { PartReport } from './part-task.ts';
import type { TaskContext } from './pool.ts';
import type { SeedOutcome, SeedRequest } from './train-seeds.ts';

export type SeedReport = PartReport;

/** Trains one seed; see `train-seeds.ts`. */
export async function task(
  request: SeedRequest,
  { shared, report }: TaskContext<Omit<TrainRequest, 'seed' | 'runId'>>,
): Promise<SeedOutcome> {
  const { seed, checkpoints } = request;
  const tell = (about: SeedReport): void => report(about);
  const warn = (message: string): void => tell({ kind: 'warning', message });
  try {
    const trained = await trainPolicy({
      ...shared,
      ...request,
      ...(checkpoints === undefined ? {} : { checkpoints: { ...checkpoints, warn } }),
      progress: (progress) => tell({ kind: 'progress', progress }),
    });
    return { seed, trained };
  } catch (error) {
    if (!(error instanceof TrainingDiverged)) throw error;
    return { seed, stopped: error.diagnosis, curve: error.curve };
  }
}
