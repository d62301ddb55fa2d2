import type { PacingSpec } from '../surface/surface.ts';

export interface PacingState {
  readonly factor: number;
  /** The integral term, in [0, 1]. */
  readonly integral: number;
  /** Exponentially weighted share of allocations, about the last 50 decisions; null before the first. */
  readonly smoothedShare: number | null;
  readonly observations: number;
}

export interface Pacing {
  /** One decision's probability of allocating something, as finally served. */
  observe(allocatedProbability: number): void;
  /** f ∈ [0, 1] for the next decision. */
  factor(): number;
  readonly state: PacingState;
}

const SMOOTHING = 1 / 50;

/**
 * A PI controller for the share of decisions that allocate something. After each decision, with p its probability of
 * allocating and s̄ the smoothed share,
 *
 *     I ← clamp(I + K_i (target − p), 0, 1)        f = clamp(I + K_p (target − s̄), 0, 1),   I₀ = 1
 *
 * The integral lives in the range of f itself, which is the anti-windup: after hours below the target it stands at 1, not
 * at a number that takes hours to unwind. It controls the probability, not the drawn action, so chance does not shake it.
 *
 * Both a variant's budget and its decisions scale with its share of the traffic, so its share target is the surface's own,
 * whatever that share is or becomes. Gains are per decision of the variant; stable while K_i · (unpaced share) < 2.
 */
export function createPacing(spec: PacingSpec): Pacing {
  const { targetShare, proportionalGain, integralGain } = spec;
  let integral = 1;
  let smoothedShare: number | null = null;
  let observations = 0;
  let factor = 1;
  return {
    observe(p) {
      if (!(p >= 0 && p <= 1)) return; // a broken observation must not move the factor
      observations += 1;
      smoothedShare = smoothedShare === null ? p : smoothedShare + SMOOTHING * (p - smoothedShare);
      integral = clamp(integral + integralGain * (targetShare - p));
      factor = clamp(integral + proportionalGain * (targetShare - smoothedShare));
    },
    factor: () => factor,
    get state() {
      return { factor, integral, smoothedShare, observations };
    },
  };
}

const clamp = (x: number): number => Math.min(1, Math.max(0, x));
