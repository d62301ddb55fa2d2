import { compileEncoder } from '../../src/core/policy/encoder.ts';
import type { ValueTables } from '../../src/core/ope/sequential/value-tables.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { fitLinearEncoder } from '../learning/data/encoder-fit.ts';
import { fitActionValues, fittedQDefaults, type FittedQOptions } from './fitted-q.ts';

/** As of the reward models: beyond this many coefficients per response the closed form is too slow to be worth it. */
const MAX_COEFFICIENTS = 3_000;

/**
 * Q(s, a) of every response of a dataset under π, in the dataset's row order: what `evaluateSequentialLog` takes as
 * `valueTables`. States are the surface's features, encoded as for training. Empty where actions × features are too many.
 *
 * @param policy π(·∣s) as it would be served, n × K
 */
export function fitValueTables(
  dataset: Dataset,
  policy: Float64Array,
  discount: number,
  options: FittedQOptions = fittedQDefaults,
): Map<string, ValueTables> {
  const { surface } = dataset.manifest;
  const everyRow = Int32Array.from({ length: dataset.rows }, (_, row) => row);
  const spec = fitLinearEncoder(dataset, surface, everyRow);
  const encode = compileEncoder(spec);
  const { width } = spec;
  if ((width + 1) * surface.actions.length > MAX_COEFFICIENTS) return new Map();
  const states = new Float32Array(dataset.rows * width);
  for (let row = 0; row < dataset.rows; row++) {
    const start = row * width;
    encode(dataset.features[row], dataset.defaulted[row], states.subarray(start, start + width));
  }
  const { rows, actions, unitIds, nextRow, done, isForced } = dataset;
  const shared = { rows, actions, unitIds, nextRow, done, isForced, width, states, policy, discount };
  return new Map(
    [...dataset.responses].map(([name, rewards]) => [
      name,
      { actionValues: fitActionValues({ ...shared, actionCount: surface.actions.length, rewards }, options) },
    ]),
  );
}
