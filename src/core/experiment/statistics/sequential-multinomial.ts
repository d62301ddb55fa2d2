import { invariant } from '../../check.ts';
import { chiSquareSurvival } from '../../math/chi-square.ts';
import { logGamma } from '../../math/gamma.ts';

/** c, the weight of the prior in units: small enough to learn fast, large enough not to chase the first few. */
const PRIOR_UNITS = 100;

/** What arrivals so far say against the declared shares. Plain data: it can be stored between looks. */
export interface ArrivalEvidence {
  /** ln BF; 0 at the start, ∞ once a variant of share 0 got a unit. */
  readonly logBayesFactor: number;
  /** Units by variant. */
  readonly observed: readonly number[];
  /** What the shares in force made expect, Σ_t n_t θ_t. */
  readonly expected: readonly number[];
}

export const noArrivals = (variants: number): ArrivalEvidence => ({
  logBayesFactor: 0,
  observed: new Array<number>(variants).fill(0),
  expected: new Array<number>(variants).fill(0),
});

/**
 * Adds the units that arrived while the shares were θ. Sequential multinomial test: the Bayes factor of "each variant gets its
 * share times a constant of its own" against "each gets its share",
 *
 *     ln BF += ln B(a + x) − ln B(a) − Σ x_i ln θ_i,    ln B(a) = Σ ln Γ(a_i) − ln Γ(Σ a_i)
 *     a_i = (n + c) θ_i q_i / Σ_j θ_j q_j,    q_i = (S_i + c θ̄_i) / (E_i + c θ̄_i)
 *
 * S_i units so far, E_i those expected, n = Σ S_i, θ̄ = E/n (θ at the start), c the prior's weight. With constant shares a = c θ + S and the product
 * telescopes into the Dirichlet-multinomial of Lindon & Malek; with shares that vary a is still known before x arrives,
 * so BF is a martingale of mean 1 and P(BF ever ≥ 1/α) ≤ α (Ville). The order within one addition does not matter.
 *
 * Source: Lindon & Malek 2020, "Anytime-valid inference for multinomial count data", eq. 8.
 *
 * @param counts x_i, new units first assigned to each variant.
 * @param shares θ_i ≥ 0, summing to 1, fixed before the units arrived.
 * @param priorUnits c > 0, the same at every addition.
 */
export function addArrivals(
  before: ArrivalEvidence,
  counts: readonly number[],
  shares: readonly number[],
  priorUnits = PRIOR_UNITS,
): ArrivalEvidence {
  invariant(
    counts.length === before.observed.length && shares.length === counts.length,
    'one expected share for each count',
  );
  const n = sum(before.observed);
  const arrived = sum(counts);
  const tilted = shares.map((theta, i) => {
    const prior = priorUnits * (n === 0 ? theta : before.expected[i] / n);
    return prior === 0 ? theta : (theta * (before.observed[i] + prior)) / (before.expected[i] + prior);
  });
  const scale = (n + priorUnits) / sum(tilted);
  let log = logGamma(n + priorUnits) - logGamma(n + priorUnits + arrived);
  counts.forEach((count, i) => {
    if (count === 0) return;
    const a = tilted[i] * scale;
    log += shares[i] === 0 ? Infinity : logGamma(a + count) - logGamma(a) - count * Math.log(shares[i]);
  });
  return {
    logBayesFactor: before.logBayesFactor + log,
    observed: before.observed.map((value, i) => value + counts[i]),
    expected: before.expected.map((value, i) => value + arrived * shares[i]),
  };
}

/**
 * How large Pearson's statistic must become before the sequential test alarms after n units in k variants, in the limit of many:
 *
 *     χ² ≥ (1 + c/n) (2 ln(1/α) + (k − 1) ln(1 + n/c))
 *
 * The last term is the price of looking whenever one likes; a chi-square for one look needs its own quantile only. From Laplace's
 * approximation of the Bayes factor above.
 *
 * @param units n ≥ 1.
 * @param alpha in (0, 1).
 */
export function alarmStatistic(units: number, variants: number, alpha: number): number {
  invariant(units >= 1 && variants >= 2 && alpha > 0 && alpha < 1, 'units, two variants, α in (0, 1)');
  const growth = 1 + units / PRIOR_UNITS;
  return (1 + PRIOR_UNITS / units) * (2 * Math.log(1 / alpha) + (variants - 1) * Math.log(growth));
}

/**
 * Pearson's chi-square, Σ (S − E)²/E against χ² with one degree less than variants: for one look, and with every E ≥ 5.
 *
 * @returns null without units; 0 when a variant of share 0 got any.
 */
export function chiSquarePValue(observed: readonly number[], expected: readonly number[]): number | null {
  if (sum(observed) === 0) return null;
  if (observed.some((count, i) => count > 0 && expected[i] === 0)) return 0;
  const open = observed.filter((_, i) => expected[i] > 0).length;
  if (open < 2) return 1;
  const statistic = observed.reduce(
    (total, count, i) => (expected[i] === 0 ? total : total + (count - expected[i]) ** 2 / expected[i]),
    0,
  );
  return chiSquareSurvival(statistic, open - 1);
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
