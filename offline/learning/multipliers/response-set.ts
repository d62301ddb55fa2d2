import type * as tf from '@tensorflow/tfjs-core';
import type { LearnerState, StepMetrics } from '../run/learner.ts';
import { joinStates } from '../run/learner.ts';
import type { Batch, States } from '../data/training-data.ts';
import { spreadOf } from './constrained-losses.ts';
import { advantagesOf, type ResponseCritic } from './response-critic.ts';

/** How fast the spreads follow: slow against the actor, so that λ keeps its meaning while it is learned. */
const spreadRate = 0.05;

/** The critics of several signed responses, and the running spread of each one's advantage. */
export class ResponseSet {
  readonly names: readonly string[];
  readonly #critics: readonly ResponseCritic[];
  /** Running mean of √(mean A²), in σ of the response, without the floor. */
  readonly #spreads: Float64Array;
  readonly #seen = new Float64Array(1);
  readonly #floor: number;

  constructor(critics: Readonly<Record<string, ResponseCritic>>, advantageFloor: number) {
    this.names = Object.keys(critics);
    this.#critics = Object.values(critics);
    this.#spreads = new Float64Array(this.names.length);
    this.#floor = advantageFloor;
  }

  /** One update of every critic; of the bounds, the one that is closest to being left. */
  update(batch: Batch, policy: (states: States) => tf.Tensor2D): StepMetrics {
    const readings = this.#critics.flatMap((critic) => critic.update(batch, policy) ?? []);
    const worst = readings.reduce((a, b) => (b.meanAbsQ / b.bound > a.meanAbsQ / a.bound ? b : a));
    const loss = readings.reduce((sum, r) => sum + r.loss, 0) / readings.length;
    return { criticLoss: loss, meanAbsQ: worst.meanAbsQ, qBound: worst.bound };
  }

  /** A of every response under π (each (B,K), σ units), with the spreads brought up to date. */
  advantages(batch: Batch, probabilities: tf.Tensor2D): tf.Tensor2D[] {
    const all = this.#critics.map((critic) => advantagesOf(critic, batch, probabilities));
    this.#seen[0] += 1;
    const rate = Math.max(spreadRate, 1 / this.#seen[0]);
    all.forEach((advantage, i) => {
      this.#spreads[i] += rate * (spreadOf(advantage, batch.eligible) - this.#spreads[i]);
    });
    return all;
  }

  /** Spread + floor: a response without signal does not get its noise blown up to size one. */
  get spreads(): number[] {
    return [...this.#spreads].map((spread) => spread + this.#floor);
  }

  actionValues(index: number, states: States): tf.Tensor2D {
    return this.#critics[index].actionValues(states);
  }

  state(): LearnerState {
    return joinStates({
      ...Object.fromEntries(this.#critics.map((critic, i) => [`critic-${this.names[i]}`, critic.state()])),
      advantages: { spreads: this.#spreads, seen: this.#seen },
    });
  }

  restored(): void {
    for (const critic of this.#critics) critic.restored();
  }

  dispose(): void {
    for (const critic of this.#critics) critic.dispose();
  }
}
