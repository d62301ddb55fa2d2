import type { ArmEstimate } from './contrast.ts';

export interface RelativeEffect {
  /** R_t / R_c − 1. */
  readonly value: number;
  /** By the delta method; for reading, the interval does not use it. */
  readonly standardError: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * The effect as a share of control, with Fieller's interval: all r for which 0 lies in the interval of R_t − (1 + r) R_c,
 *
 *     (R_t − ρ R_c)² ≤ h² (se_t² + ρ² se_c²),   ρ = 1 + r
 *
 * h is the reach in standard errors of whatever interval the absolute effect has. If that holds at every look, so does this:
 * R_t − ρ R_c is a mean as well (of other units' values), for every ρ at once. Unlike the delta method it stays right when
 * control is only a few errors from 0, and refuses when it is less than h of them.
 *
 * Source: Fieller 1954; Deng, Knoblich & Lu 2018, section 2.2, for the comparison with the delta method.
 *
 * @returns null when control is not proven above 0: a share of it is then unbounded or meaningless.
 */
export function relativeEffect(
  control: ArmEstimate,
  treatment: ArmEstimate,
  reach: number,
): RelativeEffect | null {
  const [c, t] = [control.value, treatment.value];
  const [vc, vt] = [(reach * control.standardError) ** 2, (reach * treatment.standardError) ** 2];
  if (!(c > 0) || c * c <= vc) return null;
  // The roots of (c² − vc) ρ² − 2 c t ρ + (t² − vt).
  const a = c * c - vc;
  const spread = Math.sqrt(Math.max(0, c * c * t * t - a * (t * t - vt)));
  const ratio = t / c;
  return {
    value: ratio - 1,
    standardError: Math.hypot(treatment.standardError, ratio * control.standardError) / c,
    lower: (c * t - spread) / a - 1,
    upper: (c * t + spread) / a - 1,
  };
}
