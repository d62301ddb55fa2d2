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
  /** Each arm's own mean, with the error of that mean. */
  readonly control: ArmEstimate;
  readonly treatment: ArmEstimate;
  /** Errors of the arms against each other: covariates take more out of a comparison than out of either arm. */
  readonly comparedErrors: { readonly control: number; readonly treatment: number };
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
 *
 * An arm's own mean is R_a − κ θᵀ (x̄_a − x̄_o) with o the other arm and κ = n_o / n. The covariates' mean over both arms is an
 * estimate too, so its error is Σ_s w_s² var_as(L − κ θᵀ x) / n_as + Σ_s w_s² var_os(κ θᵀ x) / n_os: of the error that covariates
 * explain only the part that the other arm's units know better.
 * Arms are not assumed to share a variance (Welch). But an arm in which nothing varies (no event yet) is not known without error:
 * it is given the other's variance per unit, which without an effect is its own. Valid for many units per arm, none of which dominates.
 *
 * Sources: Welch 1947; Deng, Knoblich & Lu 2018 eq. 4 (ratio); Deng, Xu, Kohavi & Walker 2013 eq. 4 (CUPED); Miratrix, Sekhon
 * & Yu 2013 (post-stratification).
 *
 * @returns null when no stratum has two units in each arm, a ratio has no decisions, or no unit differs from another: the error
 *   is unknown, not 0.
 */
export function contrast(strata: readonly Stratum[], { kind }: ContrastOptions): Contrast | null {
  const usable = strata.filter((s) => s.control.units >= 2 && s.treatment.units >= 2);
  if (usable.length === 0) return null;
  const units = unitsOf(usable);
  const control = linearise(usable, 'control', units, kind);
  const treatment = linearise(usable, 'treatment', units, kind);
  if (control === null || treatment === null) return null;
  if (isConstant(control) && isConstant(treatment)) return null;
  const theta = adjustment([control, treatment]);
  const [c, t] = [residual(control, theta, 1), residual(treatment, theta, 1)];
  const [own, other] = [armEstimate(control, treatment, theta), armEstimate(treatment, control, theta)];
  const errors = knownErrors(control, treatment, Math.sqrt(sumOf(c)), Math.sqrt(sumOf(t)));
  const ownErrors = knownErrors(control, treatment, own.standardError, other.standardError);
  return {
    control: { ...own, standardError: ownErrors.control },
    treatment: { ...other, standardError: ownErrors.treatment },
    comparedErrors: errors,
    value: other.value - own.value,
    standardError: Math.hypot(errors.control, errors.treatment),
    degrees: degreesOf([...c, ...t]),
    units,
    theta,
    droppedUnits: unitsOf(strata) - units,
  };
}

/** An arm in which nothing varies gets its error from the other's variance per unit. */
function knownErrors(
  control: LinearArm,
  treatment: LinearArm,
  ofControl: number,
  ofTreatment: number,
): Contrast['comparedErrors'] {
  const ratio = Math.sqrt(control.units / treatment.units);
  return {
    control: isConstant(control) ? ofTreatment / ratio : ofControl,
    treatment: isConstant(treatment) ? ofControl * ratio : ofTreatment,
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

interface VariancePart {
  readonly variance: number;
  readonly degrees: number;
}

/** Variance of the arm's L − share · θᵀ x by stratum. */
const residual = ({ gradient, parts }: LinearArm, theta: readonly number[], share: number): VariancePart[] =>
  varianceParts(parts, [...gradient, ...theta.map((b) => -share * b)]);

const varianceParts = (parts: LinearArm['parts'], weights: readonly number[]): VariancePart[] =>
  parts.map(({ moments, weight }) => ({
    variance: weight * combinedSquares(moments, weights),
    degrees: moments.units - 1,
  }));

/** Before covariates: what they explain wholly is known, what never varied is not. */
const isConstant = ({ gradient, covariates, parts }: LinearArm): boolean =>
  sumOf(varianceParts(parts, [...gradient, ...covariates.map(() => 0)])) === 0;

const sumOf = (parts: readonly VariancePart[]): number =>
  parts.reduce((sum, { variance }) => sum + variance, 0);

function armEstimate(arm: LinearArm, other: LinearArm, theta: readonly number[]): ArmEstimate {
  const kappa = other.units / (arm.units + other.units);
  const shift = theta.reduce((sum, b, i) => sum + kappa * b * (arm.covariates[i] - other.covariates[i]), 0);
  const ofOther = varianceParts(other.parts, [
    ...other.gradient.map(() => 0),
    ...theta.map((b) => kappa * b),
  ]);
  const variance = sumOf(residual(arm, theta, kappa)) + sumOf(ofOther);
  return { value: arm.value - shift, standardError: Math.sqrt(variance), units: arm.units };
}

function degreesOf(parts: readonly VariancePart[]): number {
  const total = sumOf(parts);
  const spread = parts.reduce((sum, { variance, degrees }) => sum + variance ** 2 / degrees, 0);
  return spread === 0 ? parts.reduce((sum, { degrees }) => sum + degrees, 0) : total ** 2 / spread;
}
