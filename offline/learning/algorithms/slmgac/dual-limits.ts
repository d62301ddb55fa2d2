import type * as tf from '@tensorflow/tfjs-core';
import { actorProbabilities } from '../../actor-critic/actor.ts';
import { advantages } from '../../actor-critic/critic-losses.ts';
import { mapRows, type Batch, type States } from '../../data/training-data.ts';
import { lagrangianAdvantage, spreadOf } from '../../multipliers/constrained-losses.ts';
import { costColumns } from '../../multipliers/cost-columns.ts';
import { DualAscent } from '../../multipliers/dual-ascent.ts';
import { HeldOutCosts } from '../../multipliers/evaluated-cost.ts';
import { limitsOf, type Limit } from '../../multipliers/limits.ts';
import type { ResponseCritic } from '../../multipliers/response-critic.ts';
import { servedRows } from '../../multipliers/served-rows.ts';
import type { Network } from '../../networks/network.ts';
import { joinStates, type LearnerState, type StepMetrics, type TrainingContext } from '../../run/learner.ts';
import type { DualConfig, SlmgacConfig } from './config.ts';
import { limitCritic } from './limit-critic.ts';

/** Share of the newest batch in the running spread of an advantage. */
const spreadRate = 0.05;

/**
 * Limits with learned multipliers, λ ← clip(λ + η δ, 0, λ_max) on a slow clock, where δ = (J_c − limit)/spread comes from the cost
 * of the *served* policy on validation rows, never from the batch. Each limit has a critic of its own; the actor follows
 * (Â − Σ λ Â_c)/(1 + Σ λ).
 */
export class DualLimits {
  readonly limits: readonly Limit[];
  readonly multipliers: DualAscent;
  readonly #critics: readonly ResponseCritic[];
  readonly #scales: readonly number[];
  readonly #held: HeldOutCosts;
  /** Of the main advantage, then of every limit's. */
  readonly #spreads: Float64Array;
  readonly #evaluated: Float64Array;
  readonly #updates = new Float64Array(1);
  readonly #context: TrainingContext;
  readonly #config: SlmgacConfig;
  readonly #dual: DualConfig;

  constructor(context: TrainingContext, config: SlmgacConfig, dual: DualConfig) {
    const { dataset, surface, split } = context;
    const columns = costColumns(dataset, surface, split.train, dual.displacedTime);
    this.#context = context;
    this.#config = config;
    this.#dual = dual;
    this.limits = limitsOf(surface, dual.limits, columns);
    const made = this.limits.map((limit) => limitCritic(context, config, dual, limit, columns));
    this.#critics = made.map(({ critic }) => critic);
    this.#scales = made.map(({ reward }) => reward.scale);
    this.multipliers = new DualAscent(this.limits.length, {
      rate: dual.multiplierRate,
      initial: dual.initialMultiplier,
      maximum: dual.maxMultiplier,
    });
    this.#held = new HeldOutCosts({
      ...{ dataset, surface, heldOut: split.validation, limits: this.limits, columns },
      clip: dual.evaluationClip,
      mostRows: dual.evaluationRows,
    });
    this.#spreads = new Float64Array(1 + this.limits.length);
    this.#evaluated = new Float64Array(this.limits.length);
  }

  updateCritics(batch: Batch, policy: (states: States) => tf.Tensor2D): void {
    for (const critic of this.#critics) critic.update(batch, policy);
  }

  /** (Â + Σ λ Â_g)/(1 + Σ λ) with g = −c, each advantage over its own running spread; main, probabilities (B,K). */
  combine(main: tf.Tensor2D, batch: Batch, probabilities: tf.Tensor2D): tf.Tensor2D {
    const gains = this.#critics.map((critic) => advantages(critic.actionValues(batch), probabilities));
    this.#updates[0] += 1;
    const rate = Math.max(spreadRate, 1 / this.#updates[0]);
    [main, ...gains].forEach((advantage, i) => {
      this.#spreads[i] += rate * (spreadOf(advantage, batch.eligible) - this.#spreads[i]);
    });
    return lagrangianAdvantage(main, gains, this.#floored(), this.multipliers.values);
  }

  /** After every actor update; looks at the cost once in `multiplierEvery` of them. */
  tick(actor: Network): StepMetrics {
    if (this.#updates[0] % this.#dual.multiplierEvery === 0) {
      const spreads = this.#floored();
      const costs = this.evaluate(actor);
      const violations = this.limits.map(({ sign, threshold }, j) => {
        this.#evaluated[j] = costs[j].value;
        return (
          (sign * (costs[j].value - threshold)) / (this.#scales[j] * spreads[j + 1]) + this.#dual.limitMargin
        );
      });
      this.multipliers.update(violations);
    }
    return this.#named(this.#evaluated);
  }

  /** J of every limit for an actor as it would be served, on validation rows. */
  evaluate(actor: Network): ReturnType<HeldOutCosts['evaluate']> {
    const { data, dataset, surface } = this.#context;
    const { rows } = this.#held;
    const own = mapRows(data, rows, (states) => actorProbabilities(actor, states));
    return this.#held.evaluate(servedRows(surface, dataset, rows, own));
  }

  /** `evaluated:`, `threshold:`, `multiplier:`, `isMet:` of the exported actor. */
  metrics(actor: Network): StepMetrics {
    const costs = this.evaluate(actor).map(({ value }) => value);
    return Object.assign(
      { ...this.#named(costs) },
      ...this.limits.map(({ name, sign, threshold }, j) => ({
        [`threshold:${name}`]: threshold,
        [`isMet:${name}`]: sign * costs[j] <= sign * threshold ? 1 : 0,
      })),
    ) as StepMetrics;
  }

  #named(costs: ArrayLike<number>): StepMetrics {
    const entries = this.limits.flatMap(({ name }, j) => [
      [`multiplier:${name}`, this.multipliers.values[j]] as const,
      [`evaluated:${name}`, costs[j]] as const,
    ]);
    return Object.fromEntries(entries);
  }

  #floored(): number[] {
    return Array.from(this.#spreads, (spread) => spread + this.#config.advantageFloor);
  }

  state(): LearnerState {
    const critics = this.#critics.map(
      (critic, j) => [`critic-${this.limits[j].name}`, critic.state()] as const,
    );
    return joinStates({
      ...Object.fromEntries(critics),
      multipliers: this.multipliers.state(),
      counters: { spreads: this.#spreads, evaluated: this.#evaluated, updates: this.#updates },
    });
  }

  restored(): void {
    for (const critic of this.#critics) critic.restored();
  }

  dispose(): void {
    for (const critic of this.#critics) critic.dispose();
  }
}
