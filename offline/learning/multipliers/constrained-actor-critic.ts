import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../src/core/math/random.ts';
import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import { actorProbabilities } from '../actor-critic/actor.ts';
import { Adam } from '../networks/adam.ts';
import { Network } from '../networks/network.ts';
import type { Batch } from '../data/training-data.ts';
import { joinStates, type Learner, type LearnerState, type StepMetrics } from '../run/learner.ts';
import type { ConstrainedConfig } from './config.ts';
import { lagrangianAdvantage, type ConstrainedLoss } from './constrained-losses.ts';
import type { EvaluatedCost } from './evaluated-cost.ts';
import type { Limit } from './limits.ts';
import type { Multipliers } from './multipliers.ts';
import type { ResponseSet } from './response-set.ts';

/** J of every limit for an actor as it would be served. */
export type CostMeter = (actor: Network) => EvaluatedCost[];

/**
 * One critic for the main response and one per limit; the actor follows (A_r − Σ λ A_c)/(1 + Σ λ); λ moves every M actor
 * updates by δ = (J_c − limit)/spread, where J_c is the *evaluated* cost of the current actor. Three clocks: critics,
 * actor, multipliers. What is averaged beside the actor's weights is λ, over the same window.
 */
export class ConstrainedActorCritic implements Learner {
  readonly actor: Network;
  readonly responses: ResponseSet;
  readonly multipliers: Multipliers;
  readonly limits: readonly Limit[];
  /** λ̄ by limit. */
  readonly averaged: Float64Array;
  readonly #evaluated: Float64Array;
  readonly #steps = new Float64Array(1);
  readonly #adam: Adam;
  readonly #config: ConstrainedConfig;
  readonly #meter: CostMeter;
  readonly #actorLoss: ConstrainedLoss;
  readonly #scales: readonly number[];

  constructor(input: {
    readonly layers: readonly LayerSpec[];
    /** Main first, then the limits in order. */
    readonly responses: ResponseSet;
    readonly limits: readonly Limit[];
    /** Standard deviation of what each limit is on, its own unit. */
    readonly scales: readonly number[];
    readonly multipliers: Multipliers;
    readonly meter: CostMeter;
    readonly actorLoss: ConstrainedLoss;
    readonly config: ConstrainedConfig;
    readonly random: Random;
  }) {
    const { config, limits } = input;
    this.actor = new Network(input.layers, input.random.fork('actor'));
    this.#adam = new Adam(this.actor.parameters, config);
    this.responses = input.responses;
    this.multipliers = input.multipliers;
    this.limits = limits;
    this.averaged = this.multipliers.values.slice();
    this.#evaluated = new Float64Array(limits.length);
    this.#config = config;
    this.#meter = input.meter;
    this.#actorLoss = input.actorLoss;
    this.#scales = input.scales;
  }

  step(batch: Batch): StepMetrics {
    this.#steps[0] += 1;
    const critic = this.responses.update(batch, (states) => actorProbabilities(this.actor, states));
    const updates = this.#steps[0] - this.#config.warmUpSteps;
    if (updates <= 0) return critic;
    const actor = this.#updateActor(batch);
    if (updates % this.#config.multiplierEvery === 0) this.#updateMultipliers();
    const rate = Math.max(this.#config.averaging, 1 / updates);
    this.averaged.forEach((mean, j) => {
      this.averaged[j] += rate * (this.multipliers.values[j] - mean);
    });
    return { ...critic, ...actor, ...this.#reading() };
  }

  #updateActor(batch: Batch): StepMetrics {
    return tf.tidy(() => {
      const [main, ...gains] = this.responses.advantages(batch, actorProbabilities(this.actor, batch));
      const { values } = this.multipliers;
      const advantage = lagrangianAdvantage(main, gains, this.responses.spreads, values);
      const { loss } = this.#adam.minimize(() =>
        this.#actorLoss(this.actor.forward(batch.inputs, batch.groups), batch, advantage, this.#config),
      );
      return { actorLoss: loss };
    });
  }

  #updateMultipliers(): void {
    if (this.limits.length === 0) return;
    const costs = this.#meter(this.actor);
    const spreads = this.responses.spreads;
    const violations = this.limits.map((limit, j) => {
      this.#evaluated[j] = costs[j].value;
      const pessimistic = limit.sign * costs[j].value + this.#config.costPessimism * costs[j].standardError;
      const excess = (pessimistic - limit.sign * limit.threshold) / (this.#scales[j] * spreads[j + 1]);
      return excess + this.#config.limitMargin;
    });
    this.multipliers.update(violations);
  }

  #reading(): StepMetrics {
    const entries = this.limits.flatMap(({ name }, j) => [
      [`multiplier:${name}`, this.multipliers.values[j]] as const,
      [`evaluated:${name}`, this.#evaluated[j]] as const,
    ]);
    return Object.fromEntries(entries);
  }

  state(): LearnerState {
    return joinStates({
      actor: this.actor.state(),
      'actor-optimiser': this.#adam.state(),
      responses: this.responses.state(),
      multipliers: this.multipliers.state(),
      counters: { steps: this.#steps, averaged: this.averaged, evaluated: this.#evaluated },
    });
  }

  restored(): void {
    this.actor.upload();
    this.responses.restored();
  }

  dispose(): void {
    this.actor.dispose();
    this.responses.dispose();
  }
}
