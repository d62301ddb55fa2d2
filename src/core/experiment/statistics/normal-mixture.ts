import {
  normalBoundary,
  normalLogMixture,
  twoSidedRho,
} from '../../ope/confidence-sequence/mixture-boundaries.ts';

/**
 * The one formula behind both sequential tests. With z = Δ/se and r the ratio of the estimate's variance to that of the
 * mixture,
 *
 *     Λ = √(r / (1 + r)) · exp(z² / (2 (1 + r)))
 *     h = √( (1 + r) (ln(1 + 1/r) + 2 ln(1/α)) )        Λ ≥ 1/α  ⟺  |z| ≥ h
 *
 * Under no effect Λ is a martingale that starts at 1, so P(Λ ever ≥ 1/α) ≤ α (Ville): Δ ∓ h·se holds at all looks at once.
 * The asymptotic confidence sequence has r = ρ(n*)/n, whatever the scale; mSPRT has r = se²/τ², τ² in squared units of the effect.
 */
export const mixtureReach = (r: number, alpha: number): number => normalBoundary(1, alpha, r);

/** ln Λ. */
export const mixtureLogRatio = (z: number, r: number): number => normalLogMixture(z, 1, r);

/**
 * r of the asymptotic confidence sequence after n units, tightest at n*: ρ(n*)/n, ρ(n*) = n* / (2 ln(1/α) + ln(1 + 2 ln(1/α))).
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2021, theorem 2.2 and appendix B.2.
 */
export const sequenceRatio = (units: number, tunedAt: number, alpha: number): number =>
  twoSidedRho(tunedAt, alpha) / units;

/**
 * τ² of mSPRT for a horizon: the variance of the estimate at which it is as tight as possible after n* units,
 * τ² = σ² / ρ(n*), σ² = se² n the variance of the estimate per unit, from before the experiment or its first look (never
 * updated afterwards). Source: Johari, Koomen, Pekelis & Walsh 2022, section 5.3, for the role of τ.
 */
export const mixtureVarianceAt = (variancePerUnit: number, tunedAt: number, alpha: number): number =>
  variancePerUnit / twoSidedRho(tunedAt, alpha);

/** p of one look, min(1, 1/Λ): valid at every look; the smallest so far is valid too and never rises. */
export const alwaysValidPValue = (logRatio: number): number => Math.min(1, Math.exp(-logRatio));
