import type { Draws } from './streams.ts';
import type { FeedWorldConfig } from './world.ts';

/**
 * The probabilities as the log tells them. They always look like a distribution over the eligible actions; with a fault they
 * are not the ones that were served:
 *
 *     constant   1 / |eligible|
 *     noisy      ∝ p · exp(size · z_a), z standard normal
 *     sharpened  ∝ p^size
 */
export function loggedProbabilities(
  { fault, size }: FeedWorldConfig['propensityLog'],
  served: Float64Array,
  isLiveAvailable: boolean,
  draws: Draws,
): number[] {
  if (fault === 'none' || !isLiveAvailable) return Array.from(served);
  if (fault === 'constant') return Array.from(served, () => 1 / served.length);
  const wrong = Array.from(served, (p) =>
    fault === 'noisy' ? p * Math.exp(size * draws.normal()) : p ** size,
  );
  const total = wrong.reduce((a, b) => a + b, 0);
  return wrong.map((p) => p / total);
}
