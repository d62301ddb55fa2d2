import type { Diagnosis } from '../run/divergence.ts';
import type { CurvePoint, TrainingProgress } from '../run/learner.ts';
import type { TrainedPolicy, TrainRequest } from '../train-policy.ts';
import { runInWorkers } from './pool.ts';
import type { SeedReport } from './seed-task.ts';

/** One of several trainings that differ in their seed. */
export interface SeedRequest extends Pick<TrainRequest, 'seed' | 'runId' | 'createdAt' | 'checkpoints'> {
  readonly seed: number;
}

export interface SeedsRequest extends Omit<
  TrainRequest,
  'seed' | 'runId' | 'createdAt' | 'checkpoints' | 'progress' | 'onLearner' | 'workers'
> {
  readonly seeds: readonly SeedRequest[];
  /** Processes; 1: this one. The answers do not depend on it. */
  readonly workers: number;
  /** Processes of every single training; see `TrainRequest.workers`. */
  readonly partWorkers?: number;
  readonly progress?: (progress: TrainingProgress, seed: number) => void;
  readonly warn?: (message: string) => void;
}

/** A seed that diverged says why; it does not take the others with it. */
export type SeedOutcome =
  | { readonly seed: number; readonly trained: TrainedPolicy }
  | { readonly seed: number; readonly stopped: Diagnosis; readonly curve: readonly CurvePoint[] };

/** The same training with several seeds; the dataset crosses to every worker once. In the order of the seeds. */
export async function trainSeeds(request: SeedsRequest): Promise<SeedOutcome[]> {
  const { seeds, workers, partWorkers = 1, progress, warn, ...recipe } = request;
  return await runInWorkers<SeedRequest, SeedOutcome>({
    module: new URL('./seed-task.ts', import.meta.url),
    tasks: seeds,
    workers,
    shared: { ...recipe, workers: partWorkers },
    nameOf: ({ seed }) => `seed ${seed}`,
    onReport(about, index) {
      const report = about as SeedReport;
      if (report.kind === 'progress') progress?.(report.progress, seeds[index].seed);
      else warn?.(report.message);
    },
  });
}

export interface SeedChoice {
  readonly chosen: SeedOutcome | null;
  /** Which rule chose, or why nothing was chosen. */
  readonly reason: string;
}

/**
 * The seed with the highest lower bound of the main response on the validation units: a screen, so what it picks is still to
 * be evaluated. None is chosen where a seed diverged (the others were lucky, not right) or the validation units cannot tell.
 */
export function chooseSeed(outcomes: readonly SeedOutcome[]): SeedChoice {
  if (outcomes.length === 1) return { chosen: outcomes[0], reason: 'the only seed' };
  const stopped = outcomes.filter((outcome) => 'stopped' in outcome);
  if (stopped.length > 0)
    return {
      chosen: null,
      reason: `seed ${stopped.map(({ seed }) => seed).join(', ')} stopped itself: a config that diverges by chance is not one to publish from`,
    };
  const bounds = outcomes.map((outcome) =>
    'trained' in outcome ? (outcome.trained.finished.validation?.lower ?? NaN) : NaN,
  );
  if (bounds.some((bound) => !Number.isFinite(bound)))
    return {
      chosen: null,
      reason:
        'the validation units cannot tell the seeds apart (none, no propensities, or too few that count)',
    };
  const best = bounds.indexOf(Math.max(...bounds));
  return {
    chosen: outcomes[best],
    reason: 'the highest lower bound of the main response on the validation units',
  };
}
