/** What is believed before the first observation: a mean, worth `weight` observations. */
export interface Prior {
  readonly mean: number;
  readonly weight: number;
}

/** x̂_t = (w m + Σ_{i<t} x_i) / (w + t − 1), m at the start: a prediction of x_t from the past alone. */
export class Prediction {
  readonly #prior: Prior;
  #count = 0;
  #sum = 0;

  constructor(prior: Prior) {
    this.#prior = prior;
  }

  get value(): number {
    const { mean, weight } = this.#prior;
    const total = weight + this.#count;
    return total === 0 ? mean : (weight * mean + this.#sum) / total;
  }

  add(x: number): void {
    this.#count++;
    this.#sum += x;
  }

  merge(other: Prediction): void {
    this.#count += other.#count;
    this.#sum += other.#sum;
  }
}
