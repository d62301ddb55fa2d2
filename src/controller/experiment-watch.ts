import { AllotError } from '../core/errors.ts';
import type { Experiment } from '../core/experiment/experiment.ts';
import { nextAction, type ExperimentAction } from '../core/experiment/next-action.ts';
import { planOf } from '../core/experiment/plan.ts';
import type { ExperimentChange } from '../core/experiment/transition.ts';
import type { Surface } from '../core/surface/surface.ts';
import { closeLoop } from '../service/experiment-analysis/close-loop.ts';
import type {
  ExperimentAnalysis,
  ExperimentLook,
} from '../service/experiment-analysis/experiment-analysis.ts';
import type { ControlReader } from '../service/ports/control.ts';
import type { Logger } from '../service/ports/logger.ts';
import type { Metrics } from '../service/ports/metrics.ts';
import type { ForecastStore } from '../service/ports/runs.ts';
import type { ExperimentStore, Fence } from '../service/ports/stores.ts';

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
 * One round over all experiments that hold units: look, store the look, act. Every write names the states it may start
 * from, the block that it opens and the leader's epoch; so whatever a controller was doing when it was killed, the next round
 * starts from what is stored and does what is still to do, once.
 */
export function createExperimentWatch(options: ExperimentWatchOptions) {
  return async (fence?: Fence): Promise<void> => {
    const { surfaces } = await options.control.load();
    for (const { tenant, surface, experiments } of surfaces) {
      for (const experiment of experiments) {
        // One that cannot be looked at must not keep the others from being rolled back.
        await watchOne({ tenant, surface, experiment, fence }, options).catch((error: unknown) =>
          options.logger.warn({ error, experiment: experiment.id }, 'a look at an experiment failed'),
        );
      }
    }
  };
}

interface Watched {
  readonly tenant: string;
  readonly surface: Surface;
  readonly experiment: Experiment;
  readonly fence: Fence | undefined;
}

async function watchOne(
  { tenant, surface, experiment, fence }: Watched,
  options: ExperimentWatchOptions,
): Promise<void> {
  const { analysis, experiments, forecasts, clock, logger, metrics } = options;
  metrics.experimentState({ ...experiment, tenant }, experiment.state);
  if (experiment.state === 'paused') return;
  const actor = { tenant, id: 'controller' };
  const now = clock();
  const looks = await analysis.look(tenant, experiment, now);
  const action = actionAfter(looks, { surface, experiment, now });
  const { kind, reason } = action;
  for (const look of looks) {
    await experiments.recordLook(
      experiment.id,
      { ...look, action: kind, actionReason: reason },
      actor,
      fence,
    );
    await closeLoop(forecasts, experiment, look, actor, fence);
  }
  const change = changeOf(action, now);
  if (kind === 'hold')
    logger.warn({ experiment: experiment.id, reason }, 'an experiment is held: it is not healthy');
  if (change === null) return;
  const state = await takeStep(
    experiments,
    experiment.id,
    change,
    { ...actor, reason: reason.slice(0, 500) },
    fence,
  );
  if (state === null) return;
  const isBad = kind === 'roll-back' || kind === 'pause';
  logger[isBad ? 'warn' : 'info'](
    { experiment: experiment.id, action: kind, reason },
    'an experiment took a step',
  );
  metrics.experimentState({ ...experiment, tenant }, state);
}

function actionAfter(
  looks: readonly ExperimentLook[],
  { surface, experiment, now }: Pick<Watched, 'surface' | 'experiment'> & { readonly now: number },
): ExperimentAction {
  return nextAction({
    experiment,
    plan: planOf(experiment, surface),
    looks,
    now,
    unitsInBlock: looks.at(0)?.unitsInBlock ?? 0,
    closedUnits: closedUnits(looks),
  });
}

/** Units of each treatment and once of control. */
function closedUnits(looks: readonly ExperimentLook[]): number {
  const byVariant = Object.assign({}, ...looks.map((look) => look.units)) as Record<string, number>;
  return Object.values(byVariant).reduce((sum, units) => sum + units, 0);
}

export function changeOf(action: ExperimentAction, now: number): ExperimentChange | null {
  const { kind, reason } = action;
  const note = { by: 'controller', at: now, reason };
  switch (kind) {
    case 'roll-back':
      return { from: ['running', 'decided'], to: 'rolled-back', note };
    case 'pause':
      return { from: ['running'], to: 'paused', note };
    case 'ramp':
      return { from: ['running'], to: 'running', openBlock: action.openBlock, note };
    case 'decide': {
      const { verdict } = action;
      return { from: ['running'], to: 'decided', decision: { verdict, at: now, reason }, note };
    }
    default:
      return null;
  }
}

async function takeStep(
  experiments: Pick<ExperimentStore, 'transition'>,
  id: string,
  change: ExperimentChange,
  actor: { readonly tenant: string; readonly id: string; readonly reason: string },
  fence: Fence | undefined,
): Promise<Experiment['state'] | null> {
  try {
    return (await experiments.transition(id, change, actor, fence)).state;
  } catch (error) {
    // A person was faster, or another leader: whatever state they chose stays.
    if (error instanceof AllotError && error.code === 'state_conflict') return null;
    throw error;
  }
}
