import * as tf from '@tensorflow/tfjs-core';
import type { EncoderSpec } from '../../../src/core/policy/artifact.ts';
import { compileEncoder } from '../../../src/core/policy/encoder.ts';
import type { Dataset } from '../../dataset/dataset.ts';

/** A dataset as numbers: what the learners read. n rows, K actions, G groups, `width` encoder outputs. */
export interface TrainingData {
  readonly rows: number;
  /** What the columns of `inputs` are. */
  readonly encoder: EncoderSpec;
  readonly width: number;
  readonly actionCount: number;
  readonly groupCount: number;
  /** n·width */
  readonly inputs: Float32Array;
  readonly groups: Int32Array;
  readonly actions: Int32Array;
  /** n·K */
  readonly eligible: Uint8Array;
  readonly nextRow: Int32Array;
  readonly done: Uint8Array;
  /** 1 where the outcome is known: the rows a critic may learn from. */
  readonly isComplete: Uint8Array;
  /** 1 where the outcome is known and the policy, not a rule, chose: the rows an actor may learn from. */
  readonly isSteerable: Uint8Array;
}

export function createTrainingData(dataset: Dataset, encoder: EncoderSpec): TrainingData {
  const { surface } = dataset.manifest;
  const encode = compileEncoder(encoder);
  const inputs = new Float32Array(dataset.rows * encoder.width);
  for (let i = 0; i < dataset.rows; i += 1)
    encode(
      dataset.features[i],
      dataset.defaulted[i],
      inputs.subarray(i * encoder.width, (i + 1) * encoder.width),
    );
  return {
    rows: dataset.rows,
    encoder,
    width: encoder.width,
    actionCount: surface.actions.length,
    groupCount: surface.groups?.names.length ?? 1,
    inputs,
    groups: dataset.groups,
    actions: dataset.actions,
    eligible: dataset.eligible,
    nextRow: dataset.nextRow,
    done: dataset.done,
    isComplete: dataset.isComplete,
    isSteerable: dataset.isComplete.map((complete, i) => (complete && !dataset.isForced[i] ? 1 : 0)),
  };
}

/** States of some rows as tensors; dispose with `disposeStates`. */
export interface States {
  readonly size: number;
  readonly inputs: tf.Tensor2D;
  readonly groups: tf.Tensor2D;
  readonly eligible: tf.Tensor2D;
}

/** A minibatch; all first dimensions are B = rows.length. */
export interface Batch extends States {
  readonly rows: Int32Array;
  /** One-hot of the logged action (B,K). */
  readonly actions: tf.Tensor2D;
  readonly isComplete: tf.Tensor1D;
  readonly isSteerable: tf.Tensor1D;
}

/** Row −1 gives a state of zeros with every action eligible; whoever asked must mask it. */
export function statesOf(data: TrainingData, rows: Int32Array): States {
  const { width, actionCount, groupCount } = data;
  const inputs = new Float32Array(rows.length * width);
  const groups = new Float32Array(rows.length * groupCount);
  const eligible = new Float32Array(rows.length * actionCount);
  for (let b = 0; b < rows.length; b += 1) {
    const row = rows[b];
    if (row < 0) {
      eligible.fill(1, b * actionCount, (b + 1) * actionCount);
      groups[b * groupCount] = 1;
      continue;
    }
    inputs.set(data.inputs.subarray(row * width, (row + 1) * width), b * width);
    groups[b * groupCount + data.groups[row]] = 1;
    for (let a = 0; a < actionCount; a += 1)
      eligible[b * actionCount + a] = data.eligible[row * actionCount + a];
  }
  return {
    size: rows.length,
    inputs: tf.tensor2d(inputs, [rows.length, width]),
    groups: tf.tensor2d(groups, [rows.length, groupCount]),
    eligible: tf.tensor2d(eligible, [rows.length, actionCount]),
  };
}

export function batchOf(data: TrainingData, rows: Int32Array): Batch {
  const { actionCount } = data;
  const actions = new Float32Array(rows.length * actionCount);
  const isComplete = new Float32Array(rows.length);
  const isSteerable = new Float32Array(rows.length);
  for (let b = 0; b < rows.length; b += 1) {
    const row = rows[b];
    actions[b * actionCount + data.actions[row]] = 1;
    isComplete[b] = data.isComplete[row];
    isSteerable[b] = data.isSteerable[row];
  }
  return {
    ...statesOf(data, rows),
    rows,
    actions: tf.tensor2d(actions, [rows.length, actionCount]),
    isComplete: tf.tensor1d(isComplete),
    isSteerable: tf.tensor1d(isSteerable),
  };
}

/** Runs a network over many rows in slices, (rows.length · K) numbers; no tensor outlives the call. */
export function mapRows(
  data: TrainingData,
  rows: Int32Array,
  compute: (states: States) => tf.Tensor2D,
): Float32Array {
  const slice = 4096;
  const out = new Float32Array(rows.length * data.actionCount);
  for (let from = 0; from < rows.length; from += slice) {
    const part = rows.subarray(from, from + slice);
    const values = tf.tidy(() => compute(statesOf(data, part)).dataSync<'float32'>());
    out.set(values, from * data.actionCount);
  }
  return out;
}
