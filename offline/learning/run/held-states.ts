import type { Dataset } from '../../dataset/dataset.ts';
import type { Split } from '../../dataset/split.ts';
import { nullIndexOf, normalisedEntropy, populationsOf, type Population } from './behavior-reference.ts';
import type { StepMetrics } from './learner.ts';

/**
 * States that training does not learn from (validation; training states where there is no such split), on which the policy is
 * looked at while it is made. What is measured there:
 *
 * `allocatingShare`, `allocatingShare:<group>`   mean of 1 − π(null ∣ s)
 * `normalisedEntropy`                            mean of −Σ π log π over log of the number of eligible actions
 * `klToBehavior`                                 mean of Σ π log(π / max(μ, 10⁻⁶)), where the log tells μ
 * `validationValue`                              Σ w r / Σ w of the main response, w = π/μ: a screen, per decision
 */
export class HeldStates {
  readonly rows: Int32Array;
  readonly populations: readonly Population[];
  readonly #dataset: Dataset;
  readonly #isValidation: boolean;
  readonly #position: ReadonlyMap<number, number>;

  constructor(dataset: Dataset, split: Split) {
    this.#dataset = dataset;
    this.#isValidation = split.validation.length >= fewest;
    this.rows = evenly(this.#isValidation ? split.validation : split.train, most);
    this.populations = populationsOf(dataset, this.rows);
    this.#position = new Map(Array.from(this.rows, (row, i) => [row, i]));
  }

  /** @param probabilities π(·∣s) over the eligible actions, (rows · K) */
  measure(probabilities: Float32Array): StepMetrics {
    const shares = this.populations
      .filter(({ share }) => Number.isFinite(share))
      .map((population) => [shareName(population), this.#share(population, probabilities)]);
    const metrics = {
      ...Object.fromEntries(shares),
      normalisedEntropy: this.#entropy(probabilities),
      klToBehavior: this.#kl(probabilities),
      validationValue: this.#isValidation ? this.#value(probabilities) : NaN,
    } as Record<string, number>;
    return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
  }

  #share({ rows }: Population, p: Float32Array): number {
    const k = this.#dataset.manifest.surface.actions.length;
    const nullIndex = nullIndexOf(this.#dataset);
    let sum = 0;
    for (const row of rows) sum += 1 - p[(this.#position.get(row) ?? 0) * k + nullIndex];
    return sum / rows.length;
  }

  #entropy(p: Float32Array): number {
    const { eligible, manifest } = this.#dataset;
    const k = manifest.surface.actions.length;
    let sum = 0;
    let count = 0;
    this.rows.forEach((row, i) => {
      const choices = eligible.subarray(row * k, (row + 1) * k).reduce((n, e) => n + e, 0);
      if (choices < 2) return;
      sum += normalisedEntropy(p.subarray(i * k, (i + 1) * k), choices);
      count += 1;
    });
    return sum / count;
  }

  #kl(p: Float32Array): number {
    const { probabilities, manifest } = this.#dataset;
    const k = manifest.surface.actions.length;
    let sum = 0;
    let count = 0;
    this.rows.forEach((row, i) => {
      if (!Number.isFinite(probabilities[row * k])) return;
      count += 1;
      for (let a = 0; a < k; a += 1) {
        const own = p[i * k + a];
        if (own > 0) sum += own * Math.log(own / Math.max(probabilities[row * k + a], 1e-6));
      }
    });
    return sum / count;
  }

  #value(p: Float32Array): number {
    const { propensities, actions, isComplete, isForced, responses, manifest } = this.#dataset;
    const main = manifest.surface.responses.find(({ role }) => role === 'main');
    const column = main === undefined ? undefined : responses.get(main.name);
    if (column === undefined) return NaN;
    const k = manifest.surface.actions.length;
    let weights = 0;
    let weighted = 0;
    this.rows.forEach((row, i) => {
      if (!isComplete[row] || isForced[row] || !(propensities[row] > 0)) return;
      const weight = p[i * k + actions[row]] / propensities[row];
      weights += weight;
      weighted += weight * column[row];
    });
    return weighted / weights;
  }
}

/** Enough for a share to be known within a few points, few enough to cost less than a step. */
const most = 1024;
const fewest = 50;

export const shareName = ({ group }: Pick<Population, 'group'>): string =>
  group === null ? 'allocatingShare' : `allocatingShare:${group}`;

function evenly(rows: Int32Array, count: number): Int32Array {
  if (rows.length <= count) return rows;
  return Int32Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)]);
}
