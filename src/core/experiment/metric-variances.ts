import { metricContrast, type Compared } from './metric-contrast.ts';
import type { ExperimentPlan } from './plan.ts';
import { variancesOf, type MetricVariances } from './test-methods.ts';

/** Of every metric that has enough units and any spread; what mSPRT fixes at the first look that has it. */
export function metricVariances(
  compared: Compared & { readonly plan: Pick<ExperimentPlan, 'metrics'> },
): Readonly<Record<string, MetricVariances>> {
  const found = compared.plan.metrics.flatMap(({ name }) => {
    const contrast = metricContrast(name, compared);
    const variances = contrast === null ? null : variancesOf(contrast);
    return variances === null ? [] : [[name, variances] as const];
  });
  return Object.fromEntries(found);
}
