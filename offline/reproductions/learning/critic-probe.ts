import * as tf from '@tensorflow/tfjs-core';
import type { EncoderSpec } from '../../../src/core/policy/artifact.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { createTrainingData, statesOf, type States } from '../../learning/data/training-data.ts';
import type { Learner } from '../../learning/run/learner.ts';

/** What the probe needs of a learner: action values of its critic in units of its reward. */
interface HasCritic {
  readonly critic: {
    actionValues(states: States): tf.Tensor2D | { readonly first: tf.Tensor2D; readonly second: tf.Tensor2D };
  };
}

export interface CriticProbe {
  readonly onLearner: (phase: string, learner: Learner) => void;
  /** Mean Q over eligible actions, by group, of the critic that finished last; null: no critic. */
  read(): Readonly<Record<string, number>> | null;
}

/**
 * Reads a training's critics on held states that are the same for every seed and every method, at the moment when the
 * training lets go of them.
 *
 * @param held states that nobody trains on
 * @param encoder as the training fits it
 */
export function criticProbe(held: Dataset, surface: Surface, encoder: EncoderSpec): CriticProbe {
  let found: Readonly<Record<string, number>> | null = null;
  return {
    onLearner(_phase, learner) {
      if (!hasCritic(learner)) return;
      const dispose = learner.dispose.bind(learner);
      learner.dispose = () => {
        found = meanByGroup(held, surface, encoder, learner);
        dispose();
      };
    },
    read: () => found,
  };
}

const hasCritic = (learner: Learner): learner is Learner & HasCritic =>
  typeof (learner as Partial<HasCritic>).critic?.actionValues === 'function';

function meanByGroup(
  held: Dataset,
  surface: Surface,
  encoder: EncoderSpec,
  { critic }: HasCritic,
): Record<string, number> {
  const data = createTrainingData(held, encoder);
  const values = tf.tidy(() => {
    const q = critic.actionValues(
      statesOf(
        data,
        Int32Array.from({ length: held.rows }, (_, row) => row),
      ),
    );
    return 'first' in q ? tf.mul(tf.add(q.first, q.second), 0.5).dataSync() : q.dataSync();
  });
  const sums = new Map<string, { sum: number; count: number }>();
  values.forEach((value, at) => {
    if (data.eligible[at] === 0) return;
    const group = surface.groups?.names[held.groups[Math.floor(at / data.actionCount)]] ?? 'all';
    const { sum, count } = sums.get(group) ?? { sum: 0, count: 0 };
    sums.set(group, { sum: sum + value, count: count + 1 });
  });
  return Object.fromEntries([...sums].map(([group, { sum, count }]) => [group, sum / count]));
}
