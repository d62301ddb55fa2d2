import { isForcedRow, loggedActionProbability, type BanditLog, type EvaluationPolicy } from './bandit-log.ts';

/** wᵢ = π(aᵢ∣xᵢ) / μ(aᵢ∣xᵢ); 1 on rows that a rule forced, because π would have been forced likewise. */
export function importanceWeights(log: BanditLog, policy: EvaluationPolicy): Float64Array {
  const weights = new Float64Array(log.rounds);
  for (let i = 0; i < log.rounds; i++) {
    weights[i] = isForcedRow(log, i) ? 1 : loggedActionProbability(log, policy, i) / log.propensities[i];
  }
  return weights;
}

/** Share of rows whose weight is above the clip; 0 without a clip. */
export function clippedFraction(log: BanditLog, weights: Float64Array, clip: number | undefined): number {
  if (clip === undefined || weights.length === 0) return 0;
  let clipped = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] > clip && !isForcedRow(log, i)) clipped++;
  return clipped / weights.length;
}
