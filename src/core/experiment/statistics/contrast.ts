import { invariant } from '../../check.ts';
import { solveSymmetric } from './linear-system.ts';
import { combinedSquares, type Moments } from './moments.ts';

/** The units of one block and day of first assignment, by arm. */
export interface Stratum {
  readonly control: Moments;
  readonly treatment: Moments;
}

export interface ArmEstimate {
  readonly value: number;
  readonly standardError: number;
  readonly units: number;
}

export interface Contrast {
  readonly control: ArmEstimate;
  readonly treatment: ArmEstimate;
  /** Treatment minus control. */
  readonly value: number;
  readonly standardError: number;
  /** Welch–Satterthwaite degrees of freedom, for the fixed horizon. */
  readonly degrees: number;
  readonly units: number;
  /** θ, one for both arms; empty without covariates. */
  readonly theta: readonly number[];
  /** Units of strata that had fewer than two units in an arm; left out. */
  readonly droppedUnits: number;
}

export interface ContrastOptions {
  /**
   * What the leading coordinates of the moments are: `mean` takes the first (a unit's total), `ratio` the first two (a unit's
   * total Y and its number of decisions N). Those that follow are covariates: frozen before assignment, a missing one 0 with
   * a coordinate of its own that says so (1 missing, 0 not).
   */
  readonly kind: 'mean' | 'ratio';
}

/**
 * Treatment against control from unit-level statistics, stratified, linearised and adjusted at once.
 *
 *     ȳ_a = Σ_s w_s ȳ_as,   w_s = n_s / n (both arms),   R_a = ȳ_a            (mean)
 *                                                        R_a = ȳ_a / n̄_a      (ratio)
 *     L = Y   or   L = (Y − R_a N) / n̄_a                                      (delta method)
 *     Δ = R_t − R_c − θᵀ (x̄_t − x̄_c),   se² = Σ_a,s w_s² var_as(L − θᵀ x) / n_as
 *
 * θ minimises that se² and is one for both arms (CUPED), so the adjusted error is never larger than the plain one, and Δ
 * stays unbiased up to O(1/n), because a covariate that was frozen before assignment has the same mean in both arms.
 * Arms are not assumed to share a variance (Welch). Valid for many units per arm, none of which dominates.
 *
 * Sources: Welch 1947; Deng, Knoblich & Lu 2018 eq. 4 (ratio); Deng, Xu, Kohavi & Walker 2013 eq. 4 (CUPED); Miratrix, Sekhon
 * & Yu 2013 (post-stratification).
 *
 * @returns null when no stratum has two units in each arm, or a ratio has no decisions: the error is unknown, not 0.
 */
export function contrast(strata: readonly Stratum[], { kind }: ContrastOptions): Contrast | null {
  const usable = strata.filter((s) => s.control.units >= 2 && s.treatment.units >= 2);
  if (usable.length === 0) return null;
  const units = unitsOf(usable);
  const control = linearise(usable, 'control', units, kind);
  const treatment = linearise(usable, 'treatment', units, kind);
  if (control === null || treatment === null) return null;
  const theta = adjustment([control, treatment]);
  const pooled = control.covariates.map(
    (x, i) => (x * control.units + treatment.covariates[i] * treatment.units) / units,
  );
  const c = adjusted(control, theta, pooled);
  const t = adjusted(treatment, theta, pooled);
  return {
    control: c.estimate,
    treatment: t.estimate,
    value: t.estimate.value - c.estimate.value,
    standardError: Math.hypot(t.estimate.standardError, c.estimate.standardError),
    degrees: degreesOf([...c.parts, ...t.parts]),
    units,
    theta,
    droppedUnits: unitsOf(strata) - units,
  };
}

const unitsOf = (strata: readonly Stratum[]): number =>
  strata.reduce((sum, s) => sum + s.control.units + s.treatment.units, 0);

/** One arm: its value, and per stratum the moments with the weight of their squares in se², w_s² / (n (n − 1)). */
interface LinearArm {
  readonly value: number;
  readonly units: number;
  readonly covariates: readonly number[];
  readonly gradient: readonly number[];
  readonly parts: readonly { readonly moments: Moments; readonly weight: number }[];
}

function linearise(
  strata: readonly Stratum[],
  arm: keyof Stratum,
  units: number,
  kind: ContrastOptions['kind'],
): LinearArm | null {
  const lead = kind === 'mean' ? 1 : 2;
  const dimension = strata[0][arm].mean.length;
  invariant(dimension >= lead, 'moments hold what is contrasted');
  const mean = new Array<number>(dimension).fill(0);
  let own = 0;
  const parts = strata.map((stratum) => {
    const share = (stratum.control.units + stratum.treatment.units) / units;
    const moments = stratum[arm];
    const n = moments.units;
    own += n;
    moments.mean.forEach((value, i) => (mean[i] += share * value));
    return { moments, weight: (share * share) / (n * (n - 1)) };
  });
  const covariates = mean.slice(lead);
  if (kind === 'mean') return { value: mean[0], units: own, covariates, gradient: [1], parts };
  if (!(mean[1] > 0)) return null;
  const value = mean[0] / mean[1];
  return { value, units: own, covariates, gradient: [1 / mean[1], -value / mean[1]], parts };
}

/** θ = A⁻¹ b with A = Σ weight S_xx and b = Σ weight S_xL over arms and strata. */
function adjustment(arms: readonly LinearArm[]): number[] {
  const lead = arms[0].gradient.length;
  const k = arms[0].covariates.length;
  if (k === 0) return [];
  const matrix = new Array<number>(k * k).fill(0);
  const right = new Array<number>(k).fill(0);
  for (const { gradient, parts } of arms)
    for (const { moments, weight } of parts) {
      const d = moments.mean.length;
      for (let i = 0; i < k; i++) {
        const row = (lead + i) * d;
        for (let j = 0; j < k; j++) matrix[i * k + j] += weight * moments.squares[row + lead + j];
        gradient.forEach((g, j) => (right[i] += weight * g * moments.squares[row + j]));
      }
    }
  return solveSymmetric(matrix, right);
}

function adjusted(
  { value, units, covariates, gradient, parts }: LinearArm,
  theta: readonly number[],
  pooled: readonly number[],
) {
  const weights = [...gradient, ...theta.map((b) => -b)];
  const variances = parts.map(({ moments, weight }) => ({
    variance: weight * combinedSquares(moments, weights),
    degrees: moments.units - 1,
  }));
  const shift = theta.reduce((sum, b, i) => sum + b * (covariates[i] - pooled[i]), 0);
  const variance = variances.reduce((sum, part) => sum + part.variance, 0);
  const estimate: ArmEstimate = { value: value - shift, standardError: Math.sqrt(variance), units };
  return { estimate, parts: variances };
}

function degreesOf(parts: readonly { readonly variance: number; readonly degrees: number }[]): number {
  const total = parts.reduce((sum, { variance }) => sum + variance, 0);
  const spread = parts.reduce((sum, { variance, degrees }) => sum + variance ** 2 / degrees, 0);
  return spread === 0 ? parts.reduce((sum, { degrees }) => sum + degrees, 0) : total ** 2 / spread;
}
