import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../src/core/math/random.ts';
import { layersFor } from '../config.ts';
import type { Batch, TrainingData } from '../data/training-data.ts';
import { Adam } from '../networks/adam.ts';
import { Network } from '../networks/network.ts';
import { joinStates, type Learner, type LearnerState, type StepMetrics } from '../run/learner.ts';
import type { DistillationConfig } from './config.ts';
import { distillationLoss } from './losses.ts';

/** A student that learns a frozen teacher's distribution on logged states; no reward is read. */
export class DistillationLearner implements Learner {
  /** The student. */
  readonly actor: Network;
  readonly #teacher: Network;
  readonly #adam: Adam;
  readonly #data: TrainingData;
  readonly #config: DistillationConfig;
  readonly #groupWeights: Float32Array;

  constructor(input: {
    readonly teacher: Network;
    readonly data: TrainingData;
    readonly config: DistillationConfig;
    readonly groupWeights: Float32Array;
    readonly random: Random;
  }) {
    const { data, config } = input;
    this.#teacher = input.teacher;
    this.#data = data;
    this.#config = config;
    this.#groupWeights = input.groupWeights;
    const layers = layersFor(config.network, data.encoder, data.groupCount, data.actionCount);
    this.actor = new Network(layers, input.random.fork('student'));
    this.#adam = new Adam(this.actor.parameters, { ...config, maxGradientNorm: 10 });
  }

  step(batch: Batch): StepMetrics {
    const { temperature, balanceGroups } = this.#config;
    const { loss } = tf.tidy(() => {
      const teacherLogits = this.#teacher.forward(batch.inputs, batch.groups);
      const weights = tf.tensor1d(
        Float32Array.from(batch.rows, (row) =>
          balanceGroups ? this.#groupWeights[this.#data.groups[row]] : 1,
        ),
      );
      return this.#adam.minimize(() =>
        distillationLoss(
          this.actor.forward(batch.inputs, batch.groups),
          teacherLogits,
          batch.eligible,
          weights,
          temperature,
        ),
      );
    });
    return { distillationLoss: loss };
  }

  /** The teacher never changes here and is not part of it. */
  state(): LearnerState {
    return joinStates({ student: this.actor.state(), optimiser: this.#adam.state() });
  }

  restored(): void {
    this.actor.upload();
  }

  dispose(): void {
    this.actor.dispose();
  }
}
