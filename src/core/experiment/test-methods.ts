import type { ExperimentPlan } from './plan.ts';
import type { Contrast } from './statistics/contrast.ts';
import { mixtureVarianceAt } from './statistics/normal-mixture.ts';
import type { TestMethod } from './statistics/test-interval.ts';

/** What an experiment may be judged by: methods that hold at every look. */
export type SequentialMethod = Exclude<TestMethod['kind'], 'fixed'>;

/** Of a plan that names none. */
export const DEFAULT_METHOD: SequentialMethod = 'confidence-sequence';

/** σ² = se² n of a metric, variance of an estimate per unit: of treatment minus control, and of the treatment's own mean. */
export interface MetricVariances {
  readonly difference: number;
  readonly level: number;
}

/** null: nothing varies yet, as before the first event of a rare response. */
export function variancesOf({ standardError, units, treatment }: Contrast): MetricVariances | null {
  const difference = standardError ** 2 * units;
  const level = treatment.standardError ** 2 * treatment.units;
  return difference > 0 && level > 0 ? { difference, level } : null;
}

/**
 * The tests of a metric by the plan's method, tightest at n* units of both variants (half of them in the treatment).
 *
 *     confidence-sequence:  r = ρ(n*)/n           n* declared; nothing else is chosen
 *     msprt:                r = se²/τ²,           τ² = σ²/ρ(n*),  n* declared, σ² from the first look that had enough units
 *
 * σ² is fixed by that look and never updated: τ² must not depend on what the later looks show, and neither depends on the effect.
 * A σ² that followed the looks would make the two methods one. Sources: Waudby-Smith et al. 2021, appendix B.2; Johari, Koomen,
 * Pekelis & Walsh 2022, section 5.3.
 *
 * @returns null where mSPRT has no σ² yet
 */
export function testMethods(
  { method = DEFAULT_METHOD, tunedAtUnits }: Pick<ExperimentPlan, 'method' | 'tunedAtUnits'>,
  variances: MetricVariances | null,
  alpha: number,
): { readonly difference: TestMethod; readonly level: TestMethod } | null {
  const inTreatment = Math.max(1, tunedAtUnits / 2);
  if (method === 'confidence-sequence')
    return {
      difference: { kind: method, tunedAt: tunedAtUnits },
      level: { kind: method, tunedAt: inTreatment },
    };
  if (variances === null) return null;
  const mixture = (variance: number, tunedAt: number): TestMethod => ({
    kind: method,
    mixtureVariance: mixtureVarianceAt(variance, tunedAt, alpha),
  });
  return {
    difference: mixture(variances.difference, tunedAtUnits),
    level: mixture(variances.level, inTreatment),
  };
}
