import * as tf from '@tensorflow/tfjs-core';
import { isActorsTurn } from '../../actor-critic/actor-critic.ts';
import { bellmanTargets, valueBound } from '../../actor-critic/bellman.ts';
import { StateValue } from '../../actor-critic/state-value.ts';
import { trainOnReward, type LearnerInput } from '../../actor-critic/train-on-reward.ts';
import { TwinCritic } from '../../actor-critic/twin-critic.ts';
import { parseConfig } from '../../config.ts';
import type { Batch } from '../../data/training-data.ts';
import { Adam } from '../../networks/adam.ts';
import { Network } from '../../networks/network.ts';
import {
  joinStates,
  type Algorithm,
  type Learner,
  type LearnerState,
  type StepMetrics,
} from '../../run/learner.ts';
import { pick } from '../../tensors/ops.ts';
import { iqlConfig, type IqlConfig } from './config.ts';
import { expectileLoss, iqlActorLoss, iqlWeights } from './losses.ts';
import { iqlLayers, iqlValueLayers } from './networks.ts';

/**
 * Implicit Q-learning (Kostrikov, Nair & Levine 2021), discrete: V is an expectile of Q over logged actions, Q
 * bootstraps from V, the actor clones logged actions by their advantage. No action outside the log is ever asked about.
 */
export function createIql(raw: unknown): Algorithm {
  const config = parseConfig<IqlConfig>(iqlConfig, raw);
  return {
    name: 'iql',
    config,
    train: (context) =>
      trainOnReward(context, config, 'implicit q-learning', (input) => new IqlLearner(input, config)),
  };
}

export class IqlLearner implements Learner {
  readonly actor: Network;
  readonly critic: TwinCritic;
  readonly #value: StateValue;
  readonly #adam: Adam;
  readonly #input: LearnerInput;
  readonly #config: IqlConfig;
  readonly #steps = new Float64Array(1);

  constructor(input: LearnerInput, config: IqlConfig) {
    const { data, random, discount } = input;
    this.#input = input;
    this.#config = config;
    const layers = iqlLayers(config, data);
    const criticOptions = { ...config, learningRate: config.criticLearningRate };
    this.actor = new Network(layers, random.fork('actor'));
    this.critic = new TwinCritic(layers, random.fork('critic'), { ...criticOptions, discount });
    this.#value = new StateValue(iqlValueLayers(config, data), random.fork('value'), criticOptions);
    this.#adam = new Adam(this.actor.parameters, config);
  }

  step(batch: Batch): StepMetrics {
    this.#steps[0] += 1;
    const critic = this.updateCritic(batch);
    return isActorsTurn(this.#steps[0], this.#config) ? { ...critic, ...this.updateActor(batch) } : critic;
  }

  /** V towards the expectile of min Q̄ at the logged action, then Q towards r + γ (1 − d) V(s') (eq. 5, 6). */
  updateCritic(batch: Batch): StepMetrics {
    const { data, reward, discount } = this.#input;
    const bound = valueBound(reward, discount);
    return tf.tidy(() => {
      const nextValues = (states: Parameters<StateValue['values']>[0]): tf.Tensor1D =>
        this.#value.values(states);
      const towards = bellmanTargets({ data, reward, batch, discount, bound, nextValues });
      const taken = this.#taken(batch);
      const valueLoss = this.#value.fit(batch, (values) =>
        expectileLoss(values, taken, batch.isComplete, this.#config.expectile),
      );
      const { loss, meanAbsQ } = this.critic.fit(batch, towards);
      return { criticLoss: loss, valueLoss, meanAbsQ, qBound: bound };
    });
  }

  updateActor(batch: Batch): StepMetrics {
    return tf.tidy(() => {
      const values = this.#value.values(batch);
      const weights = iqlWeights(this.#taken(batch), values, batch.isSteerable, this.#config);
      const { loss } = this.#adam.minimize(() =>
        iqlActorLoss(this.actor.forward(batch.inputs, batch.groups), batch.eligible, batch.actions, weights),
      );
      return { actorLoss: loss };
    });
  }

  /** min_i Q̄ᵢ(s,a) at the logged action → (B). */
  #taken(batch: Batch): tf.Tensor1D {
    return pick(this.critic.smallestValues(batch), batch.actions);
  }

  state(): LearnerState {
    return joinStates({
      actor: this.actor.state(),
      'actor-optimiser': this.#adam.state(),
      critic: this.critic.state(),
      'critic-value': this.#value.state(),
      counters: { steps: this.#steps },
    });
  }

  restored(): void {
    this.actor.upload();
    this.critic.restored();
    this.#value.restored();
  }

  dispose(): void {
    this.actor.dispose();
    this.critic.dispose();
    this.#value.dispose();
  }
}
