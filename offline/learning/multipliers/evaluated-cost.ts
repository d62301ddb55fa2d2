import { AllotError } from '../../../src/core/errors.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { columnOf, type DerivedColumns } from '../data/rewards.ts';
import type { Limit } from './limits.ts';

/** J of what one limit is on, per decision, in its own unit; the error is by unit (randomised entities). */
export interface EvaluatedCost {
  readonly value: number;
  readonly standardError: number;
}

/**
 * J of a policy on held-out rows, given π^served there (rows × K).
 *
 * `share-of-actions`: the mean of 1 − π(null|x), exact. Anything else: J = Σ w c / Σ w with
 * w = min(π(a|x)/μ(a|x), clip), 1 where a rule forced the action, over complete rows (SNIPS at step level). It depends on
 * the policy; the batch mean of a logged cost does not, and a multiplier fed with it would only ramp. First-order: states
 * are those of the log.
 */
export class HeldOutCosts {
  readonly rows: Int32Array;
  readonly #dataset: Dataset;
  readonly #nullIndex: number;
  readonly #columns: readonly ArrayLike<number>[];
  readonly #limits: readonly Limit[];
  readonly #clip: number;

  constructor(input: {
    readonly dataset: Dataset;
    readonly surface: Surface;
    readonly heldOut: Int32Array;
    readonly limits: readonly Limit[];
    readonly columns: DerivedColumns;
    readonly clip: number;
    readonly mostRows: number;
  }) {
    const { dataset, surface, heldOut, limits, columns, mostRows } = input;
    if (limits.length > 0 && heldOut.length === 0)
      throw new AllotError(
        'config_invalid',
        'config.split.validation: limits are held on validation rows, and there are none',
      );
    this.rows = spread(heldOut, mostRows);
    this.#dataset = dataset;
    this.#nullIndex = surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction);
    this.#limits = limits;
    this.#columns = limits.map(({ on }) => columnOf(dataset, on, columns));
    this.#clip = input.clip;
  }

  evaluate(served: Float64Array): EvaluatedCost[] {
    return this.#limits.map(({ on }, j) =>
      on === 'share-of-actions' ? this.#share(served) : this.#weighted(served, this.#columns[j]),
    );
  }

  #share(served: Float64Array): EvaluatedCost {
    const { rows } = this;
    const width = served.length / rows.length;
    const sum = rows.reduce((total, row, i) => {
      if (this.#dataset.isForced[row] === 1)
        return total + Number(this.#dataset.actions[row] !== this.#nullIndex);
      return total + 1 - (this.#nullIndex < 0 ? 0 : served[i * width + this.#nullIndex]);
    }, 0);
    return { value: sum / rows.length, standardError: 0 };
  }

  #weighted(served: Float64Array, column: ArrayLike<number>): EvaluatedCost {
    const { actions, propensities, isForced, isComplete, units } = this.#dataset;
    const width = served.length / this.rows.length;
    const weights = Float64Array.from(this.rows, (row, i) => {
      if (isComplete[row] === 0) return 0;
      return isForced[row] === 1
        ? 1
        : Math.min(served[i * width + actions[row]] / propensities[row], this.#clip);
    });
    const total = weights.reduce((a, b) => a + b, 0);
    if (total === 0) throw new AllotError('config_invalid', 'no complete validation row carries any weight');
    const value =
      this.rows.reduce((sum, row, i) => (weights[i] > 0 ? sum + weights[i] * column[row] : sum), 0) / total;
    const byUnit = new Map<number, number>();
    this.rows.forEach((row, i) => {
      if (weights[i] === 0) return;
      byUnit.set(units[row], (byUnit.get(units[row]) ?? 0) + weights[i] * (column[row] - value));
    });
    let squares = 0;
    for (const deviation of byUnit.values()) squares += deviation * deviation;
    return { value, standardError: Math.sqrt(squares) / total };
  }
}

/** At most `most` of the rows, evenly. */
const spread = (rows: Int32Array, most: number): Int32Array =>
  rows.length <= most
    ? rows
    : Int32Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]);
