import * as tf from '@tensorflow/tfjs-core';
import { Network } from '../networks/network.ts';
import { maskedLogSoftmax } from '../tensors/ops.ts';
import type { States, TrainingData } from '../data/training-data.ts';
import { mapRows } from '../data/training-data.ts';

/** π(·|s) over the eligible actions, (B,K). */
export const actorProbabilities = (actor: Network, states: States): tf.Tensor2D =>
  tf.tidy(() => tf.exp(maskedLogSoftmax(actor.forward(states.inputs, states.groups), states.eligible)));

export interface ActorSummary {
  /** Mean probability by action index over the rows. */
  readonly shares: readonly number[];
  /** Mean entropy in nats. */
  readonly meanEntropy: number;
}

export function summariseActor(actor: Network, data: TrainingData, rows: Int32Array): ActorSummary {
  const p = mapRows(data, rows, (states) => actorProbabilities(actor, states));
  const shares = new Array<number>(data.actionCount).fill(0);
  let entropy = 0;
  p.forEach((value, i) => {
    shares[i % data.actionCount] += value / rows.length;
    if (value > 0) entropy -= (value * Math.log(value)) / rows.length;
  });
  return { shares, meanEntropy: entropy };
}

/** `share:<action>` and `meanEntropy` as flat metrics. */
export function actorMetrics(
  actor: Network,
  data: TrainingData,
  rows: Int32Array,
  actions: readonly string[],
): Record<string, number> {
  if (rows.length === 0) return {};
  const { shares, meanEntropy } = summariseActor(actor, data, rows);
  return { ...Object.fromEntries(actions.map((name, a) => [`share:${name}`, shares[a]])), meanEntropy };
}
