import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import { Adam } from '../../networks/adam.ts';
import { Network } from '../../networks/network.ts';
import { joinStates, type LearnerState, type StepMetrics } from '../../run/learner.ts';
import type { Batch, States } from '../../data/training-data.ts';
import { pickBlock, sliceColumns } from '../../supervised/columns.ts';
import { headLoss, headTargets, headWeights } from '../../supervised/head.ts';
import { TaskWeights, trunkGradientNorms } from '../../supervised/task-weights.ts';
import { bootstrapTargets, type CriticParts, type Policy, type Targets } from './bootstrap-targets.ts';
import { slmgacLayers } from './networks.ts';

type LossOfOutputs = (outputs: tf.Tensor2D) => tf.Scalar;

/** Steps between two measurements of the tasks' gradient norms. */
const balanceEvery = 10;

/** Twin critics, each with the supervised heads on its own trunk, and their slow copies. */
export class SupervisedCritic {
  readonly networks: readonly Network[];
  readonly #targets: readonly Network[];
  readonly #adam: Adam;
  readonly #tasks: TaskWeights;
  readonly #parts: CriticParts;

  constructor(parts: CriticParts, random: Random) {
    const { config, data, layout } = parts;
    this.#parts = parts;
    const layers = slmgacLayers(config, data, layout.outputs);
    this.networks = ['first', 'second'].map((name) => new Network(layers, random.fork(name)));
    this.#targets = this.networks.map((source) => {
      const copy = new Network(layers, random.fork('target'));
      copy.follow(source, 1);
      copy.upload();
      return copy;
    });
    this.#adam = new Adam(
      this.networks.flatMap((n) => n.parameters),
      { ...config, learningRate: config.criticLearningRate },
    );
    this.#tasks = new TaskWeights(layout.heads.length);
  }

  /** L = Σ_i [ L_TD(Q_i) + w_sl Σ_j w_j L_j ], one Adam step; `policy` gives π'(·|s'), `step` counts from 1. */
  update(batch: Batch, policy: Policy, step: number): StepMetrics {
    const { layout, form, config } = this.#parts;
    const metrics = tf.tidy(() => {
      const { targets, weights } = this.#targetsOf(batch, policy);
      const valueLoss = form.loss(layout, batch.actions, targets, weights);
      const taskLosses = this.#taskLosses(batch);
      if (step % balanceEvery === 1) this.#rebalance(batch, valueLoss, taskLosses);
      const parts: number[] = [];
      const { loss, gradientNorm } = this.#adam.minimize(() => {
        const losses = this.networks.map((network) => {
          const outputs = network.forward(batch.inputs, batch.groups);
          const value = valueLoss(outputs);
          parts.push(value.dataSync()[0]);
          return taskLosses.reduce<tf.Scalar>(
            (sum, taskLoss, j) =>
              tf.add(sum, tf.mul(taskLoss(outputs), config.supervisionWeight * this.#tasks.values[j])),
            value,
          );
        });
        return tf.add(losses[0], losses[1]);
      });
      return {
        criticLoss: (parts[0] + parts[1]) / 2,
        totalCriticLoss: loss / 2,
        criticGradient: gradientNorm,
      };
    });
    this.#targets.forEach((target, i) => {
      target.follow(this.networks[i], config.polyak);
      target.upload();
    });
    return metrics;
  }

  /** Losses of the heads on both networks' outputs, by name (for metrics and tests). */
  headLosses(batch: Batch): Record<string, number> {
    return tf.tidy(() => {
      const outputs = this.networks[0].forward(batch.inputs, batch.groups);
      const losses = this.#taskLosses(batch).map((loss) => loss(outputs).dataSync()[0]);
      return Object.fromEntries(
        this.#parts.layout.heads.map(({ head }, j) => [`head:${head.name}`, losses[j]]),
      );
    });
  }

  #taskLosses(batch: Batch): LossOfOutputs[] {
    return this.#parts.layout.heads.map(({ head, columns }) => {
      const targets = headTargets(head, batch.rows);
      const weights = headWeights(head, batch.rows);
      return (outputs) =>
        headLoss(
          head,
          pickBlock(sliceColumns(outputs, columns), batch.actions, head.width),
          targets,
          weights,
        );
    });
  }

  #rebalance(batch: Batch, valueLoss: LossOfOutputs, taskLosses: readonly LossOfOutputs[]): void {
    if (taskLosses.length === 0) return;
    const [network] = this.networks;
    const kernel = network.parameters[network.parameters.length - 2].variable as unknown as tf.Tensor2D;
    const outputs = network.forward(batch.inputs, batch.groups);
    const [value, ...tasks] = trunkGradientNorms([valueLoss, ...taskLosses], outputs, kernel);
    this.#tasks.update(value, tasks);
  }

  #targetsOf(batch: Batch, policy: Policy): Targets {
    return bootstrapTargets(this.#parts, batch, policy, (states) => this.actionValues(states));
  }

  /** δ = Q₁(s,a) − y on the batch, rows that may learn only. */
  temporalDifferences(batch: Batch, policy: Policy): Float32Array {
    const { form, layout } = this.#parts;
    return tf.tidy(() => {
      const { targets, weights } = this.#targetsOf(batch, policy);
      const outputs = this.networks[0].forward(batch.inputs, batch.groups);
      const q = form.isRewardInTarget ? form.values(outputs, layout) : sliceColumns(outputs, layout.value);
      const differences = tf.sub(tf.sum(tf.mul(q, batch.actions), 1), targets).dataSync<'float32'>();
      const isUsed = weights.dataSync();
      return differences.filter((_, b) => isUsed[b] > 0);
    });
  }

  /** Q̄₁ and Q̄₂ of the slow copies, (B,K) each. */
  actionValues(states: States): { readonly first: tf.Tensor2D; readonly second: tf.Tensor2D } {
    const { form, layout } = this.#parts;
    const [first, second] = this.#targets.map((network) =>
      form.values(network.forward(states.inputs, states.groups), layout),
    );
    return { first, second };
  }

  state(): LearnerState {
    return joinStates({
      first: this.networks[0].state(),
      second: this.networks[1].state(),
      'first-target': this.#targets[0].state(),
      'second-target': this.#targets[1].state(),
      optimiser: this.#adam.state(),
      tasks: this.#tasks.state(),
    });
  }

  restored(): void {
    for (const network of [...this.networks, ...this.#targets]) network.upload();
  }

  dispose(): void {
    for (const network of [...this.networks, ...this.#targets]) network.dispose();
  }
}
