import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../../dataset/dataset.ts';
import { mapRows, type States, type TrainingData } from '../data/training-data.ts';

/** Rows that begin a session (no row leads to them); with γ = 0 every row begins and ends one. */
export function firstRows(dataset: Dataset, rows: Int32Array, discount: number): Int32Array {
  if (discount === 0) return rows;
  const hasBefore = new Uint8Array(dataset.rows);
  for (const next of dataset.nextRow) if (next >= 0) hasBefore[next] = 1;
  return rows.filter((row) => hasBefore[row] === 0);
}

/** L = mean over sessions of Σ_t γ^t: turns a discounted session total into an amount per decision. */
export function discountedLength(dataset: Dataset, starts: Int32Array, discount: number): number {
  if (discount === 0) return 1;
  let total = 0;
  for (const start of starts) {
    let weight = 1;
    for (let row = start; row >= 0; row = dataset.nextRow[row]) {
      total += weight;
      weight *= discount;
    }
  }
  return total / Math.max(1, starts.length);
}

/** E_{s₀}[ Σ_a π^served(a|s₀) Q(s₀,a) ], Q of a fitted critic; served (rows × K) on the same rows. */
export function valueAtStart(
  data: TrainingData,
  starts: Int32Array,
  served: Float64Array,
  actionValues: (states: States) => tf.Tensor2D,
): number {
  const values = mapRows(data, starts, actionValues);
  return values.reduce((sum, q, i) => sum + q * served[i], 0) / starts.length;
}
