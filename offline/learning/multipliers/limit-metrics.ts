import type { StepMetrics } from '../run/learner.ts';
import type { ConstrainedActorCritic } from './constrained-actor-critic.ts';
import type { EvaluatedCost } from './evaluated-cost.ts';

/**
 * What became of every limit, for the exported (averaged) actor on validation rows: `evaluated:`, `evaluatedError:`,
 * `threshold:`, `multiplier:` (λ̄, dimensionless), `isMet:` (1: the estimate keeps the limit) and `isUnattainable:` (1:
 * it does not although λ̄ is at its largest: no policy near the data keeps it, or λ_max is too small for it).
 */
export function limitMetrics(
  { limits, averaged, multipliers }: ConstrainedActorCritic,
  evaluated: readonly EvaluatedCost[],
  maximum: number,
): StepMetrics {
  const entries = limits.flatMap(({ name, sign, threshold }, j) => {
    const isMet = sign * evaluated[j].value <= sign * threshold;
    const isAtMost = Math.max(averaged[j], multipliers.values[j]) >= 0.99 * maximum;
    return [
      [`evaluated:${name}`, evaluated[j].value] as const,
      [`evaluatedError:${name}`, evaluated[j].standardError] as const,
      [`threshold:${name}`, threshold] as const,
      [`multiplier:${name}`, averaged[j]] as const,
      [`isMet:${name}`, Number(isMet)] as const,
      [`isUnattainable:${name}`, Number(!isMet && isAtMost)] as const,
    ];
  });
  return Object.fromEntries(entries);
}
