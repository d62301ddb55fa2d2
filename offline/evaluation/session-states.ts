import { compileEncoder } from '../../src/core/policy/encoder.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { fitLinearEncoder } from '../learning/data/encoder-fit.ts';

/** n × width, each column with a mean square of 1; the first is the constant. */
export interface SessionStates {
  readonly width: number;
  readonly values: Float64Array;
}

/** Steps that get a column of their own; later ones share a parabola. */
const FIRST_STEPS = 4;
/** How fast the memory of past actions fades, per step. */
const DECAYS = [0.6, 0.85] as const;

/**
 * What the future of a session, and how likely a policy is to be here, may depend on: the surface's features, the step, what
 * was done in the session so far (counts of each action, whole and fading) and how likely each action is here under the log's
 * policy and the valued one. Nothing of the row's own action, and no past response: with one, the noise of a reward would
 * stand on both sides of the regression that values it.
 *
 * @param policies π(·∣s), n × K each
 */
export function sessionStates(dataset: Dataset, policies: readonly Float64Array[]): SessionStates {
  const { surface } = dataset.manifest;
  const everyRow = Int32Array.from({ length: dataset.rows }, (_, row) => row);
  const spec = fitLinearEncoder(dataset, surface, everyRow);
  const encode = compileEncoder(spec);
  const others = surface.actions.length - 1;
  const known = policies.filter((policy) => !policy.some(Number.isNaN));
  const width = 1 + spec.width + FIRST_STEPS + 2 + (DECAYS.length + 2 + known.length) * others;
  const values = new Float64Array(dataset.rows * width);
  const encoded = new Float32Array(spec.width);
  const past = new Past(dataset);
  for (let row = 0; row < dataset.rows; row++) {
    encode(dataset.features[row], dataset.defaulted[row], encoded.fill(0));
    past.moveTo(row);
    const chances = known.flatMap((policy) => [
      ...policy.subarray(row * (others + 1) + 1, (row + 1) * (others + 1)),
    ]);
    values.set([1, ...encoded, ...past.columns(), ...chances], row * width);
  }
  scale(values, width);
  return { width, values };
}

/** What happened in the running session before a row. */
class Past {
  readonly #dataset: Dataset;
  readonly #counts: Float64Array;
  readonly #fading: readonly Float64Array[];
  #step = 0;

  constructor(dataset: Dataset) {
    const { surface } = dataset.manifest;
    this.#dataset = dataset;
    this.#counts = new Float64Array(surface.actions.length);
    this.#fading = DECAYS.map(() => new Float64Array(surface.actions.length));
  }

  moveTo(row: number): void {
    const { nextRow, actions } = this.#dataset;
    if (row === 0 || nextRow[row - 1] !== row) {
      this.#counts.fill(0);
      for (const counts of this.#fading) counts.fill(0);
      this.#step = 0;
      return;
    }
    const action = actions[row - 1];
    this.#counts[action] += 1;
    this.#fading.forEach((counts, d) => {
      for (let a = 0; a < counts.length; a++) counts[a] *= DECAYS[d];
      counts[action] += 1;
    });
    this.#step += 1;
  }

  columns(): number[] {
    const steps = Array.from({ length: FIRST_STEPS }, (_, t) => Number(t === this.#step));
    const counts = [...this.#counts.subarray(1)];
    return [
      ...steps,
      this.#step,
      this.#step ** 2,
      ...this.#fading.flatMap((fading) => [...fading.subarray(1)]),
      ...counts,
      ...counts.map((count) => count / (this.#step + 1)),
    ];
  }
}

/** The log's own scale; a column of zeros stays. */
function scale(values: Float64Array, width: number): void {
  const squares = new Float64Array(width);
  for (let i = 0; i < values.length; i++) squares[i % width] += values[i] ** 2;
  const factors = squares.map((sum) => (sum === 0 ? 1 : Math.sqrt(values.length / width / sum)));
  for (let i = 0; i < values.length; i++) values[i] *= factors[i % width];
}
