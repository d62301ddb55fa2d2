import type { SnapshotRow } from './dataset/row.ts';

/** What the log can say about an action, over kept rows whose action was drawn. */
export interface ActionSupport {
  readonly action: string;
  readonly served: number;
  /** Share of rows in which the action had p > 0. */
  readonly supportedShare: number;
  /** Smallest p > 0 it ever had; null: none. */
  readonly smallestProbability: number | null;
  readonly meanProbability: number;
}

/**
 * E[1/p(A)] = number of actions with p > 0, when A is drawn from p: the mean of 1/p(A) − |{a : p(a) > 0}| is 0 within four
 * standard errors, or the logged propensities are not those of the draw.
 */
export interface InversePropensity {
  readonly mean: number;
  readonly meanSupportedActions: number;
  readonly difference: number;
  readonly standardError: number;
  readonly isConsistent: boolean;
}

/** Running sums over rows that disclose their whole distribution. */
export class SupportCounter {
  readonly #actions: readonly string[];
  readonly #served: Float64Array;
  readonly #supported: Float64Array;
  readonly #smallest: Float64Array;
  readonly #sums: Float64Array;
  #rows = 0;
  #largestSumDeviation = 0;
  #inverse = 0;
  #supportedActions = 0;
  #squares = 0;

  constructor(actions: readonly string[]) {
    this.#actions = actions;
    this.#served = new Float64Array(actions.length);
    this.#supported = new Float64Array(actions.length);
    this.#smallest = new Float64Array(actions.length).fill(Infinity);
    this.#sums = new Float64Array(actions.length);
  }

  observe({ probabilities, propensity, action, isForced }: SnapshotRow): void {
    if (probabilities.length === 0) return;
    const sum = probabilities.reduce((a, b) => a + b, 0);
    this.#largestSumDeviation = Math.max(this.#largestSumDeviation, Math.abs(sum - 1));
    if (isForced) return;
    this.#rows += 1;
    this.#served[action] += 1;
    let supported = 0;
    probabilities.forEach((p, a) => {
      this.#sums[a] += p;
      if (!(p > 0)) return;
      supported += 1;
      this.#supported[a] += 1;
      this.#smallest[a] = Math.min(this.#smallest[a], p);
    });
    const difference = 1 / propensity - supported;
    this.#inverse += 1 / propensity;
    this.#supportedActions += supported;
    this.#squares += difference * difference;
  }

  summary(): {
    readonly support: readonly ActionSupport[];
    readonly inversePropensity: InversePropensity | null;
    readonly largestSumDeviation: number | null;
  } {
    const n = this.#rows;
    const share = (value: number): number => (n === 0 ? 0 : value / n);
    return {
      support: this.#actions.map((action, a) => ({
        action,
        served: this.#served[a],
        supportedShare: share(this.#supported[a]),
        smallestProbability: Number.isFinite(this.#smallest[a]) ? this.#smallest[a] : null,
        meanProbability: share(this.#sums[a]),
      })),
      inversePropensity: n < 2 ? null : this.#inverseSummary(n),
      largestSumDeviation: n === 0 ? null : this.#largestSumDeviation,
    };
  }

  #inverseSummary(n: number): InversePropensity {
    const mean = this.#inverse / n;
    const meanSupportedActions = this.#supportedActions / n;
    const difference = mean - meanSupportedActions;
    const variance = Math.max(0, (this.#squares - n * difference * difference) / (n - 1));
    const standardError = Math.sqrt(variance / n);
    const isConsistent = Math.abs(difference) <= 4 * standardError + 1e-9;
    return { mean, meanSupportedActions, difference, standardError, isConsistent };
  }
}
