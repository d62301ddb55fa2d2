import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../../src/core/math/random.ts';
import type { Dataset } from '../../../dataset/dataset.ts';
import { actorProbabilities } from '../../actor-critic/actor.ts';
import { advantages } from '../../actor-critic/critic-losses.ts';
import { Adam } from '../../networks/adam.ts';
import { Network } from '../../networks/network.ts';
import { joinStates, type Learner, type LearnerState, type StepMetrics } from '../../run/learner.ts';
import type { Batch, States } from '../../data/training-data.ts';
import type { CriticParts } from './bootstrap-targets.ts';
import { SupervisedCritic } from './critic.ts';
import type { DualLimits } from './dual-limits.ts';
import { withGroupDropout } from './group-dropout.ts';
import { actorLoss, scaledByMean } from './losses.ts';
import { slmgacLayers } from './networks.ts';
import { stabilityPanel } from './panel.ts';

/** Steps between two stability panels. */
const panelEvery = 10;

/**
 * Multi-group actor-critic with supervised critics. A step: critics to their targets and labels; every `actorDelay` steps
 * the actor, then its slow copy π', which the bootstrap asks.
 */
export class SlmgacLearner implements Learner {
  readonly actor: Network;
  readonly critic: SupervisedCritic;
  readonly limits: DualLimits | null;
  readonly #slowActor: Network;
  readonly #adam: Adam;
  readonly #parts: CriticParts & { readonly dataset: Dataset };
  readonly #dropout: Random;
  readonly #steps = new Float64Array(1);

  constructor(
    parts: CriticParts & { readonly dataset: Dataset },
    random: Random,
    limits: DualLimits | null = null,
  ) {
    const { config, data } = parts;
    const layers = slmgacLayers(config, data, data.actionCount);
    this.#parts = parts;
    this.limits = limits;
    this.actor = new Network(layers, random.fork('actor'));
    this.#slowActor = new Network(layers, random.fork('slow-actor'));
    this.#slowActor.follow(this.actor, 1);
    this.#slowActor.upload();
    this.critic = new SupervisedCritic(parts, random.fork('critic'));
    this.#adam = new Adam(this.actor.parameters, config);
    this.#dropout = random.fork('group-dropout');
  }

  step(original: Batch): StepMetrics {
    const { config } = this.#parts;
    this.#steps[0] += 1;
    const step = this.#steps[0];
    // Forked by the step, so that a resumed run drops the same rows.
    const share = config.groupDecomposition ? config.groupDropout : 0;
    const batch = withGroupDropout(original, share, this.#dropout.fork(String(step)));
    const isActorDue = step > config.warmUpSteps && (step - config.warmUpSteps) % config.actorDelay === 0;
    this.limits?.updateCritics(batch, this.#slowPolicy);
    return {
      ...this.critic.update(batch, this.#slowPolicy, step),
      ...(isActorDue ? this.updateActor(batch) : {}),
      ...(step % panelEvery === 0 ? this.panel(original) : {}),
    };
  }

  readonly #slowPolicy = (states: States): tf.Tensor2D => actorProbabilities(this.#slowActor, states);

  updateActor(batch: Batch): StepMetrics {
    const { config } = this.#parts;
    const metrics = tf.tidy(() => {
      const scaled = this.#scaledValues(batch);
      const { loss } = this.#adam.minimize(() =>
        actorLoss(this.actor.forward(batch.inputs, batch.groups), batch, scaled, config),
      );
      return { actorLoss: loss };
    });
    this.#slowActor.follow(this.actor, Math.min(1, config.polyak * config.actorDelay));
    this.#slowActor.upload();
    return { ...metrics, ...this.limits?.tick(this.actor) };
  }

  /** min_i Q̄_i, or its advantage under π, over its mean size (ε is `advantageFloor` σ of the reward); with limits, the Lagrangian's. */
  #scaledValues(batch: Batch): tf.Tensor2D {
    const { config } = this.#parts;
    const { first, second } = this.critic.actionValues(batch);
    const least = tf.minimum(first, second) as tf.Tensor2D;
    if (config.scaling === 'value' && this.limits === null)
      return scaledByMean(least, batch.eligible, config.advantageFloor);
    const probabilities = actorProbabilities(this.actor, batch);
    const advantage = advantages(least, probabilities);
    if (this.limits !== null) return this.limits.combine(advantage, batch, probabilities);
    return scaledByMean(advantage, batch.eligible, config.advantageFloor);
  }

  panel(batch: Batch): StepMetrics {
    const { data, dataset, reward } = this.#parts;
    return tf.tidy(() => {
      const temporalDifferences = this.critic.temporalDifferences(batch, this.#slowPolicy);
      const values = this.critic.actionValues(batch);
      const bound = Math.max(Math.abs(reward.low), Math.abs(reward.high));
      const { groups } = dataset.manifest.surface;
      const panel = stabilityPanel({ groups, data, batch, ...values, temporalDifferences, bound });
      return { ...panel, ...this.critic.headLosses(batch) };
    });
  }

  state(): LearnerState {
    return joinStates({
      actor: this.actor.state(),
      'slow-actor': this.#slowActor.state(),
      'actor-optimiser': this.#adam.state(),
      critic: this.critic.state(),
      ...(this.limits === null ? {} : { limits: this.limits.state() }),
      counters: { steps: this.#steps },
    });
  }

  restored(): void {
    this.actor.upload();
    this.#slowActor.upload();
    this.critic.restored();
    this.limits?.restored();
  }

  dispose(): void {
    this.actor.dispose();
    this.#slowActor.dispose();
    this.critic.dispose();
    this.limits?.dispose();
  }
}
