import type { WeightedSample } from './weighted-sample.ts';

/**
 * The distribution of the response under π, self-normalised: F̂(t) = Σ wᵢ 1(rᵢ ≤ t) / Σ wᵢ. A step function from 0 to 1
 * whatever the weights; consistent like SNIPS, and it fails where SNIPS fails.
 *
 * Source: Huang, Leqi, Lipton and Azizzadenesheli 2021, "Off-policy risk assessment in contextual bandits" (weighted IS).
 */
export class WeightedDistribution {
  readonly #responses: Float64Array;
  /** Σ_{j ≤ i} w_j, and of w_j r_j, in ascending order of the response. */
  readonly #mass: Float64Array;
  readonly #moment: Float64Array;

  /**
   * @param sorted rows in ascending order of the response
   * @param counts how often each unit counts (a bootstrap resample); once without it
   */
  constructor(sorted: WeightedSample, counts?: Uint8Array) {
    const n = sorted.responses.length;
    this.#responses = sorted.responses;
    this.#mass = new Float64Array(n);
    this.#moment = new Float64Array(n);
    let mass = 0;
    let moment = 0;
    for (let i = 0; i < n; i++) {
      const w = counts === undefined ? sorted.weights[i] : sorted.weights[i] * counts[sorted.units[i]];
      mass += w;
      moment += w * sorted.responses[i];
      this.#mass[i] = mass;
      this.#moment[i] = moment;
    }
  }

  get totalMass(): number {
    return this.#mass.length === 0 ? 0 : this.#mass[this.#mass.length - 1];
  }

  /** F̂(t); NaN without any weight. */
  cdf(t: number): number {
    const rows = firstIndex(this.#responses, (r) => r > t);
    return (rows === 0 ? 0 : this.#mass[rows - 1]) / this.totalMass;
  }

  /** inf{t : F̂(t) ≥ p}, p in (0, 1]: a response that was seen; NaN without any weight. */
  quantile(p: number): number {
    return this.totalMass === 0 ? Number.NaN : this.#responses[this.#rowAt(p)];
  }

  /**
   * Conditional value at risk of the lower tail, the mean of the worst share p of outcomes:
   * CVaR_p = (1/p) ∫₀ᵖ F̂⁻¹(u) du = (1/p) [ Σ_{r < q} w r / Σ w + q (p − F̂(q−)) ], q the p-quantile. p = 1 gives the mean.
   */
  lowerTailMean(p: number): number {
    const total = this.totalMass;
    if (total === 0) return Number.NaN;
    const row = this.#rowAt(p);
    const before =
      row === 0 ? { mass: 0, moment: 0 } : { mass: this.#mass[row - 1], moment: this.#moment[row - 1] };
    return (before.moment + this.#responses[row] * (p * total - before.mass)) / (p * total);
  }

  /** The first row at which the mass reaches p; a rounding of the total must not run past the end. */
  #rowAt(p: number): number {
    const target = p * this.totalMass * (1 - 1e-14);
    return Math.min(
      this.#mass.length - 1,
      firstIndex(this.#mass, (mass) => mass >= target && mass > 0),
    );
  }
}

/** The first index at which a predicate that turns true once holds; the length if it never does. */
function firstIndex(values: Float64Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
