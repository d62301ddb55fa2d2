import { invariant } from '../../check.ts';
import { findRoot } from '../../math/find-root.ts';
import { logGamma } from '../../math/gamma.ts';
import { logLowerGamma } from '../../math/incomplete-gamma.ts';
import { normalCdf } from '../../math/normal.ts';

/**
 * Conjugate mixtures: S_t (a sum of centred observations) with intrinsic time V_t (a variance process). Averaging the
 * exponential supermartingales exp(λ S − ψ(λ) V) over λ gives one supermartingale M(S, V) with mean ≤ 1; P(M ever ≥ 1/α) ≤ α, so
 * S_t stays below the boundary s* where M(s*, V_t) = 1/α. ρ > 0 sets the V at which the boundary is tightest.
 *
 * Source: Howard, Ramdas, McAuliffe and Sekhon 2021 (Annals of Statistics), "Time-uniform, nonparametric, nonasymptotic confidence
 * sequences", section 3 (propositions 5, 6, 9).
 */

/**
 * The ρ that makes the boundary nearly tightest at V = v for two sides at α: v / (2 ln(1/α) + ln(1 + 2 ln(1/α))).
 * For one side at α use `oneSidedRho`.
 */
export function twoSidedRho(v: number, alpha: number): number {
  invariant(v > 0 && alpha > 0 && alpha < 1, 'V > 0 and α in (0, 1)');
  const log = 2 * Math.log(1 / alpha);
  return v / (log + Math.log1p(log));
}

/** One side at α is tuned like two sides at 2α; α < ½. */
export function oneSidedRho(v: number, alpha: number): number {
  invariant(alpha < 0.5, 'a one-sided error below ½');
  return twoSidedRho(v, 2 * alpha);
}

/** ln M of the two-sided normal mixture (ψ(λ) = λ²/2): ½ ln(ρ/(V + ρ)) + S²/(2 (V + ρ)). */
export const normalLogMixture = (s: number, v: number, rho: number): number =>
  0.5 * Math.log(rho / (v + rho)) + (s * s) / (2 * (v + rho));

/** |S| boundary of the two-sided normal mixture: √( (V + ρ) (ln(1 + V/ρ) + 2 ln(1/α)) ). */
export const normalBoundary = (v: number, alpha: number, rho: number): number =>
  Math.sqrt((v + rho) * (Math.log1p(v / rho) + 2 * Math.log(1 / alpha)));

/** ln M of the one-sided normal mixture: ½ ln(4ρ/(V + ρ)) + S²/(2 (V + ρ)) + ln Φ(S/√(V + ρ)). */
export const oneSidedNormalLogMixture = (s: number, v: number, rho: number): number =>
  0.5 * Math.log((4 * rho) / (v + rho)) +
  (s * s) / (2 * (v + rho)) +
  Math.log(normalCdf(s / Math.sqrt(v + rho)));

/** S boundary of the one-sided normal mixture. */
export const oneSidedNormalBoundary = (v: number, alpha: number, rho: number): number =>
  boundaryOf((s) => oneSidedNormalLogMixture(s, v, rho), alpha, Math.sqrt(v + rho));

/**
 * ln M of the gamma-exponential mixture, ψ(λ) = (−ln(1 − cλ) − cλ)/c², for sums of observations whose downward steps are at
 * most c. With a = (V + ρ)/c², x = a + S/c and a₀ = ρ/c²:
 *
 *   ln M = a₀ ln a₀ − ln γ(a₀, a₀) + ln γ(a, x) − a ln x + x − a₀
 *
 * γ(a, x) = Γ(a) P(a, x) the lower incomplete gamma.
 */
export const gammaExponentialLogMixture = (s: number, v: number, rho: number, c: number): number =>
  gammaConstant(rho, c) + gammaMixture(s, v, rho, c);

/** a₀ ln a₀ − ln γ(a₀, a₀) − a₀. */
function gammaConstant(rho: number, c: number): number {
  const start = rho / (c * c);
  return start * Math.log(start) - logGamma(start) - logLowerGamma(start, start) - start;
}

/** ln γ(a, x) − a ln x + x. */
function gammaMixture(s: number, v: number, rho: number, c: number): number {
  const a = (v + rho) / (c * c);
  const x = a + s / c;
  return logGamma(a) + logLowerGamma(a, x) - a * Math.log(x) + x;
}

/** S boundary of the gamma-exponential mixture. */
export function gammaExponentialBoundary(v: number, alpha: number, rho: number, c: number): number {
  const constant = gammaConstant(rho, c);
  return boundaryOf((s) => constant + gammaMixture(s, v, rho, c), alpha, Math.sqrt(v + rho) + c);
}

/** The s > 0 at which ln M, which rises in s, reaches ln(1/α); `scale` is a guess of its size. */
function boundaryOf(logMixture: (s: number) => number, alpha: number, scale: number): number {
  const target = Math.log(1 / alpha);
  let low = 0;
  let high = scale;
  while (logMixture(high) < target) {
    low = high;
    high *= 2;
  }
  return findRoot((s) => logMixture(s) - target, low, high, { tolerance: high * 1e-14 });
}
