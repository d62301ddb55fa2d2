import { betaQuantile, regularisedBeta } from './incomplete-beta.ts';

/** P(T ≤ t) of Student's t with ν > 0 degrees of freedom (not necessarily whole): tail = ½ I_{ν/(ν+t²)}(ν/2, ½). */
export function studentTCdf(t: number, degrees: number): number {
  if (!(degrees > 0) || Number.isNaN(t)) return Number.NaN;
  const tail = 0.5 * regularisedBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/**
 * The p-quantile of Student's t with ν > 0 degrees of freedom, p in [0, 1]: t = ∓√(ν y / (1 − y)) with y the quantile of
 * Beta(½, ν/2), so that t near 0 keeps its digits. t² at (1 + p)/2 is the p-quantile of F(1, ν).
 */
export function studentTQuantile(p: number, degrees: number): number {
  if (!(degrees > 0 && p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0.5) return 0;
  const tail = Math.min(p, 1 - p);
  if (tail === 0) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const magnitude = Math.sqrt(degrees * oddsAt(tail, degrees));
  return p < 0.5 ? -magnitude : magnitude;
}

/** y/(1 − y) of t²/ν = y/(1 − y), from the side on which the quantile is small. */
function oddsAt(tail: number, degrees: number): number {
  const rest = betaQuantile(2 * tail, degrees / 2, 0.5);
  if (rest < 0.5) return (1 - rest) / rest;
  const y = betaQuantile(1 - 2 * tail, 0.5, degrees / 2);
  return y / (1 - y);
}
