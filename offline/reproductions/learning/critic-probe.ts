import * as tf from '@tensorflow/tfjs-core';
import type { EncoderSpec } from '../../../src/core/policy/artifact.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { createTrainingData, statesOf, type States } from '../../learning/data/training-data.ts';
import type { Learner } from '../../learning/run/learner.ts';

type ActionValues = tf.Tensor2D | { readonly first: tf.Tensor2D; readonly second: tf.Tensor2D };

/** A learner with one critic, in units of its reward. */
interface HasCritic {
  readonly critic: { actionValues(states: States): ActionValues };
}

/** One with a critic per response, the main one first. */
interface HasResponses {
  readonly responses: { actionValues(index: number, states: States): ActionValues };
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
      const values = actionValuesOf(learner);
      if (values === null) return;
      const dispose = learner.dispose.bind(learner);
      learner.dispose = () => {
        found = meanByGroup(held, surface, encoder, values);
        dispose();
      };
    },
    read: () => found,
  };
}

function actionValuesOf(learner: Learner): ((states: States) => ActionValues) | null {
  const { critic, responses } = learner as Partial<HasCritic & HasResponses>;
  if (typeof critic?.actionValues === 'function') return (states) => critic.actionValues(states);
  if (typeof responses?.actionValues === 'function') return (states) => responses.actionValues(0, states);
  return null;
}

function meanByGroup(
  held: Dataset,
  surface: Surface,
  encoder: EncoderSpec,
  valuesOf: (states: States) => ActionValues,
): Record<string, number> {
  const data = createTrainingData(held, encoder);
  const values = tf.tidy(() => {
    const q = valuesOf(
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
