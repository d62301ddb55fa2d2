import { invariant } from '../../check.ts';

/** Products are folded into a logarithm before they leave what a float can hold. */
const LARGE = 1e100;
const SMALL = 1e-100;

/** The capitals of both gamblers against the candidate means 0, 1/G, …, 1. */
export class CapitalGrid {
  readonly #steps: number;
  readonly #stake: number;
  readonly #above: Capital;
  readonly #below: Capital;

  constructor(steps: number, stake: number) {
    this.#steps = steps;
    this.#stake = stake;
    this.#above = new Capital(steps + 1);
    this.#below = new Capital(steps + 1);
  }

  add(x: number, bet: number): void {
    const steps = this.#steps;
    for (let j = 0; j <= steps; j++) {
      const m = j / steps;
      this.#above.multiply(j, 1 + Math.min(bet, this.#stake / m) * (x - m));
      this.#below.multiply(j, 1 - Math.min(bet, this.#stake / (1 - m)) * (x - m));
    }
  }

  /** Capital above falls in m and capital below rises, so each end is the first candidate that one of them leaves. */
  keptBelow(logThreshold: number): { readonly lower: number; readonly upper: number } {
    let low = 0;
    while (low <= this.#steps && this.#above.log(low) > logThreshold) low++;
    let high = this.#steps;
    while (high >= 0 && this.#below.log(high) > logThreshold) high--;
    return { lower: (low - 1) / this.#steps, upper: (high + 1) / this.#steps };
  }

  /** ln K⁺ and ln K⁻ at candidate j. */
  logCapital(j: number): { readonly above: number; readonly below: number } {
    return { above: this.#above.log(j), below: this.#below.log(j) };
  }

  merge(other: CapitalGrid): void {
    invariant(this.#steps === other.#steps, 'sequences of one grid merge');
    this.#above.merge(other.#above);
    this.#below.merge(other.#below);
  }
}

/** Products Π fᵢ at every candidate, as product × exp(offset). */
class Capital {
  readonly #products: Float64Array;
  readonly #offsets: Float64Array;

  constructor(size: number) {
    this.#products = new Float64Array(size).fill(1);
    this.#offsets = new Float64Array(size);
  }

  multiply(j: number, factor: number): void {
    const product = this.#products[j] * factor;
    if (product < LARGE && product > SMALL) this.#products[j] = product;
    else this.#fold(j, product);
  }

  log(j: number): number {
    return this.#offsets[j] + Math.log(this.#products[j]);
  }

  merge(other: Capital): void {
    other.#products.forEach((product, j) => {
      this.#offsets[j] += other.#offsets[j];
      this.multiply(j, product);
    });
  }

  #fold(j: number, product: number): void {
    this.#offsets[j] += Math.log(product);
    this.#products[j] = 1;
  }
}
