import { Prediction } from './prediction.ts';

/**
 * Predictable plug-in bets for observations in [0, 1]:
 *
 *   λ_t = √( 2 ln(1/α) / (t ln(1 + t) σ̂²_{t−1}) ),   σ̂²_t = (¼ + Σ_{i≤t} (x_i − μ̂_i)²)/(t + 1),   μ̂_t = (½ + Σ_{i≤t} x_i)/(t + 1)
 *
 * λ_t depends on the past only, so any choice is valid; this one is near the best fixed λ at every t.
 * Source: Waudby-Smith and Ramdas 2024 (JRSS B), eq. 15 and 26; confseq `lambda_predmix_eb`.
 */
export class PredictableBets {
  readonly #logInverseAlpha: number;
  #time = 0;
  #squares = 0;
  readonly #mean = new Prediction({ mean: 0.5, weight: 1 });

  constructor(alpha: number) {
    this.#logInverseAlpha = Math.log(1 / alpha);
  }

  /** λ of the observation to come. */
  next(): number {
    const t = this.#time + 1;
    const variance = (0.25 + this.#squares) / t;
    return Math.sqrt((2 * this.#logInverseAlpha) / (t * Math.log1p(t) * variance));
  }

  add(x: number): void {
    this.#time++;
    this.#mean.add(x);
    this.#squares += (x - this.#mean.value) ** 2;
  }

  /** Bets after a merge use both parts; they remain predictable. */
  merge(other: PredictableBets): void {
    this.#time += other.#time;
    this.#squares += other.#squares;
    this.#mean.merge(other.#mean);
  }
}
