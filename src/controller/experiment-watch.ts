import type { Experiment } from '../core/experiment/experiment.ts';
import { AllotError } from '../core/errors.ts';
import { closeLoop } from '../service/experiment-analysis/close-loop.ts';
import type { ControlReader } from '../service/ports/control.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import type { ForecastStore } from '../service/ports/runs.ts';
import type { ExperimentStore } from '../service/ports/stores.ts';
import type {
  ExperimentAnalysis,
  ExperimentLook,
} from '../service/experiment-analysis/experiment-analysis.ts';

export interface ExperimentWatchOptions {
  readonly control: Pick<ControlReader, 'load'>;
  readonly experiments: Pick<ExperimentStore, 'recordLook' | 'transition'>;
  readonly forecasts: ForecastStore;
  readonly analysis: ExperimentAnalysis;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'experimentState'>;
}

/**
 * One round over all running experiments: look, store the look, and roll back when a metric is *proven* bad. Losing the
 * database in the middle costs a look, never a wrong state: the next round starts from what is stored.
 */
export function createExperimentWatch(options: ExperimentWatchOptions) {
  return async (): Promise<void> => {
    const { surfaces } = await options.control.load();
    for (const { tenant, experiments } of surfaces) {
      for (const experiment of experiments) await watchOne(tenant, experiment, options);
    }
  };
}

async function watchOne(
  tenant: string,
  experiment: Experiment,
  { analysis, experiments, forecasts, clock, logger, metrics }: ExperimentWatchOptions,
): Promise<void> {
  const actor = { tenant, id: 'controller' };
  metrics.experimentState(experiment.id, experiment.surface, experiment.state);
  for (const look of await analysis.look(tenant, experiment, clock())) {
    await experiments.recordLook(experiment.id, { ...look }, actor);
    await closeLoop(forecasts, experiment, look, actor);
    logger.debug({ experiment: experiment.id, verdict: look.verdict }, 'looked at an experiment');
    const reason = rollbackReason(look);
    if (reason !== null && (await rollBack(experiment, reason, experiments, tenant))) {
      logger.warn({ experiment: experiment.id, reason }, 'an experiment was rolled back');
      metrics.experimentState(experiment.id, experiment.surface, 'rolled-back');
      return;
    }
  }
}

/** A blocked verdict never acts: what broke the split may have broken the numbers too. */
export function rollbackReason(look: ExperimentLook): string | null {
  if (look.verdict !== 'fail') return null;
  const failed = look.byMetric.filter((metric) => metric.state === 'fail');
  return failed.map((metric) => `${look.treatment}: ${metric.name} ${metric.reason}`).join('; ');
}

async function rollBack(
  experiment: Experiment,
  reason: string,
  experiments: Pick<ExperimentStore, 'transition'>,
  tenant: string,
): Promise<boolean> {
  try {
    const change = { from: ['running'], to: 'rolled-back' } as const;
    await experiments.transition(experiment.id, change, { tenant, id: 'controller', reason });
    return true;
  } catch (error) {
    // A person was faster: whatever state they chose stays.
    if (error instanceof AllotError && error.code === 'state_conflict') return false;
    throw error;
  }
}
