import { gammaExponentialBoundary } from './mixture-boundaries.ts';
import { Prediction, type Prior } from './prediction.ts';

/**
 * Anytime-valid lower end of the mean of observations x ≥ 0, however large (one side, error δ):
 *
 *   L_t = (Σ x_i − s*(V_t)) / t,   V_t = Σ (x_i − x̂_i)²,   x̂_i = min(1, prediction from the past)
 *
 * s* the gamma-exponential boundary with c = 1, by Fan's inequality for x_i − x̂_i ≥ −1. That needs x̂_i ≤ 1: a prediction that a
 * few huge weights have pushed above 1 must be cut (VW estimators do not).
 */
export class GammaExponentialLower {
  readonly #delta: number;
  readonly #rho: number;
  readonly #prediction: Prediction;
  #count = 0;
  #sum = 0;
  #variance = 0;

  constructor(delta: number, rho: number, prior: Prior) {
    this.#delta = delta;
    this.#rho = rho;
    this.#prediction = new Prediction(prior);
  }

  add(x: number): void {
    const error = x - Math.min(1, this.#prediction.value);
    this.#count++;
    this.#sum += x;
    this.#variance += error * error;
    this.#prediction.add(x);
  }

  value(): number {
    if (this.#count === 0) return 0;
    const boundary = gammaExponentialBoundary(this.#variance, this.#delta, this.#rho, 1);
    return Math.max(0, (this.#sum - boundary) / this.#count);
  }

  merge(other: GammaExponentialLower): void {
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#variance += other.#variance;
    this.#prediction.merge(other.#prediction);
  }
}
