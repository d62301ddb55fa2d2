import { mainResponseOf, type ConstraintSpec, type Surface } from '../surface/surface.ts';
import type { PlannedMetric } from './plan.ts';

/** What the surface declares of a metric; the plan adds its budget. */
export type SurfaceMetric = Omit<PlannedMetric, 'budget' | 'winsorAt'>;

/**
 * What an experiment on this surface judges: the main response must improve, every auxiliary with a declared margin
 * must not be worse by more than it, and every constraint must hold in the treatment.
 */
export function surfaceMetrics(surface: Surface): readonly SurfaceMetric[] {
  const main = mainResponseOf(surface);
  const guarded = Object.entries(surface.gate.auxiliaryMargins);
  return [
    ...(main === undefined ? [] : [mainMetric(main.name)]),
    ...guarded.map(([name, margin]) => auxiliaryMetric(name, margin)),
    ...surface.constraints.map(constraintMetric),
  ];
}

const mainMetric = (name: string): SurfaceMetric => ({
  name,
  role: 'main',
  rule: { kind: 'improve', better: 'higher' },
  source: { response: name },
});

const auxiliaryMetric = (name: string, margin: number): SurfaceMetric => ({
  name,
  role: 'guardrail',
  rule: { kind: 'not-worse', better: 'higher', margin },
  source: { response: name },
});

const constraintMetric = ({ name, on, direction, threshold }: ConstraintSpec): SurfaceMetric => ({
  name,
  role: 'guardrail',
  rule: { kind: 'limit', direction, threshold },
  source: on,
});
