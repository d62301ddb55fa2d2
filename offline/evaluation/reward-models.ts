import { compileEncoder } from '../../src/core/policy/encoder.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { fitLinearEncoder } from '../learning/data/encoder-fit.ts';
import { crossFit } from './reward-model.ts';

/** Beyond this many coefficients per response the closed form is too slow to be worth it: no model, no DM and DR. */
const MAX_COEFFICIENTS = 3_000;

/**
 * q̂ for every response of the dataset, n × K each, cross-fitted by unit. Empty where actions × features are too many
 * for a model per action.
 */
export function fitRewardModels(dataset: Dataset): Map<string, Float64Array> {
  const { surface } = dataset.manifest;
  const everyRow = Int32Array.from({ length: dataset.rows }, (_, row) => row);
  const encoder = fitLinearEncoder(dataset, surface, everyRow);
  const actionCount = surface.actions.length;
  if ((encoder.width + 1) * actionCount > MAX_COEFFICIENTS) return new Map();
  const states = encodeAll(dataset, encoder);
  return new Map(
    [...dataset.responses].map(([name, rewards]) => [
      name,
      crossFit({
        rows: dataset.rows,
        width: encoder.width,
        states,
        actionCount,
        actions: dataset.actions,
        rewards,
        unitIds: dataset.unitIds,
      }),
    ]),
  );
}

function encodeAll(dataset: Dataset, encoder: Parameters<typeof compileEncoder>[0]): Float32Array {
  const encode = compileEncoder(encoder);
  const states = new Float32Array(dataset.rows * encoder.width);
  for (let row = 0; row < dataset.rows; row++) {
    const start = row * encoder.width;
    encode(dataset.features[row], dataset.defaulted[row], states.subarray(start, start + encoder.width));
  }
  return states;
}
