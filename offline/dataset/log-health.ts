import { quantile } from '../../src/core/math/quantile.ts';
import type { DecisionRecord } from '../../src/service/ports/stores.ts';
import type { LogHealth } from './manifest.ts';

/** Delays beyond this many are not kept; the first ones stand for all (rows come by unit, not by time). */
const delaySample = 200_000;

/** Running counts behind `LogHealth`. */
export class HealthCounter {
  decisions = 0;
  undelivered = 0;
  immature = 0;
  incomplete = 0;
  lateEvents = 0;
  duplicates = 0;
  twins = 0;
  foreign = 0;
  /** Of `undelivered`: the label window is still open, so an exposure may come; and other answers to a request beside one. */
  pending = 0;
  undeliveredTwins = 0;
  #forced = 0;
  #broken = 0;
  #undisclosed = 0;
  #random = 0;
  #inverse = 0;
  #supported = 0;
  #disclosedRandom = 0;
  readonly #delays: number[] = [];

  /** A kept row. */
  observe({ decision, interactions }: DecisionRecord): void {
    const { probabilities, propensity, action } = decision;
    if (decision.isForced) this.#forced += 1;
    else {
      this.#random += 1;
      this.#inverse += 1 / propensity;
    }
    if (probabilities.length === 0) this.#undisclosed += 1;
    else {
      const sum = probabilities.reduce((a, b) => a + b, 0);
      const isListed = probabilities.some((p) => Math.abs(p - propensity) <= 1e-9);
      if (Math.abs(sum - 1) > 1e-9 || !isListed || action === '') this.#broken += 1;
      if (!decision.isForced) {
        this.#disclosedRandom += 1;
        this.#supported += probabilities.filter((p) => p > 0).length;
      }
    }
    for (const { receivedAt } of interactions)
      if (this.#delays.length < delaySample) this.#delays.push((receivedAt - decision.decidedAt) / 1000);
  }

  summary(): LogHealth {
    const delays = Float64Array.from(this.#delays).sort();
    return {
      decisions: this.decisions,
      undelivered: this.undelivered,
      immature: this.immature,
      incomplete: this.incomplete,
      lateEvents: this.lateEvents,
      duplicates: this.duplicates,
      twins: this.twins,
      foreign: this.foreign,
      forced: this.#forced,
      brokenProbabilities: this.#broken,
      undisclosedProbabilities: this.#undisclosed,
      meanInversePropensity: this.#random === 0 ? null : this.#inverse / this.#random,
      meanSupportedActions: this.#disclosedRandom === 0 ? null : this.#supported / this.#disclosedRandom,
      rewardDelaySeconds:
        delays.length === 0
          ? null
          : {
              median: quantile(delays, 0.5),
              p95: quantile(delays, 0.95),
              max: delays[delays.length - 1],
            },
    };
  }
}
