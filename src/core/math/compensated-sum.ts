/**
 * Neumaier's compensated sum (1974): an error of about one rounding of the result, whatever the number of terms and
 * however large the terms that cancel. Mergeable: two halves of a stream give what the whole gives, within the same bound.
 */
export class CompensatedSum {
  #sum = 0;
  #compensation = 0;

  add(x: number): void {
    const next = this.#sum + x;
    this.#compensation += Math.abs(this.#sum) >= Math.abs(x) ? this.#sum - next + x : x - next + this.#sum;
    this.#sum = next;
  }

  merge(other: CompensatedSum): void {
    this.add(other.#sum);
    this.#compensation += other.#compensation;
  }

  get value(): number {
    // An infinite or NaN sum has no meaningful compensation (∞ − ∞).
    return Number.isFinite(this.#sum) ? this.#sum + this.#compensation : this.#sum;
  }
}

/** Σ values, compensated. */
export function compensatedSum(values: ArrayLike<number>): number {
  const sum = new CompensatedSum();
  for (let i = 0; i < values.length; i++) sum.add(values[i]);
  return sum.value;
}
