import type { Experiment } from '../../core/experiment/experiment.ts';
import type { ForecastStore } from '../ports/runs.ts';
import type { Actor, Fence } from '../ports/stores.ts';
import type { ExperimentLook } from './experiment-analysis.ts';

/**
 * Puts what an experiment measured beside what the offline evaluation had forecast for the same version, response and
 * estimand. Where nothing was forecast, nothing is written: an online result alone is in the look.
 */
export async function closeLoop(
  forecasts: ForecastStore,
  experiment: Experiment,
  look: ExperimentLook,
  actor: Actor,
  fence?: Fence,
): Promise<void> {
  const version = experiment.variants.find((variant) => variant.name === look.treatment)?.policyVersion;
  const known = await forecasts.list(actor.tenant, experiment.surface);
  for (const forecast of known) {
    const isSame = forecast.policyVersion === version && forecast.estimand === look.estimand;
    const effect = look.byMetric.find((metric) => metric.name === forecast.response)?.effect;
    if (!isSame || effect === null || effect === undefined) continue;
    const { value, lower, upper, standardError } = effect;
    const online = { value, lower, upper, standardError };
    await forecasts.save(experiment.surface, { ...forecast, online }, actor, fence);
  }
}
