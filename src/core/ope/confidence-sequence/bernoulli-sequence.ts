import { invariant } from '../../check.ts';
import { findRoot } from '../../math/find-root.ts';
import { logBeta } from '../../math/incomplete-beta.ts';
import type { IntervalResult } from '../intervals/interval-result.ts';
import { twoSidedRho } from './mixture-boundaries.ts';
import { UnitScale, type ConfidenceSequence } from './sequence.ts';

/** 0 and 1 themselves are not in the domain; this close to them there is nothing left to find. */
const EDGE = 1e-15;
const inside = (p: number): number => Math.min(1 - EDGE, Math.max(EDGE, p));

export interface BernoulliOptions {
  readonly level: number;
  /** Number of observations at which the sequence is tightest. */
  readonly tunedAt: number;
}

/**
 * Beta-binomial mixture confidence sequence for a rate: all p whose Bayes factor stays below 1/α, against a beta prior of mean p
 *
 *   ln M(p) = ln B(κ p + S, κ (1 − p) + F) − ln B(κ p, κ (1 − p)) − S ln p − F ln(1 − p)
 *
 * with S successes, F failures and κ = max(10⁻³, ρ(n*) − 1), ρ(n*) = n* / (2 ln(1/α) + ln(1 + 2 ln(1/α))).
 *
 * Valid at all times for unweighted 0/1 outcomes (and, by convexity, for any in [0, 1]: S is then their sum). Needs S and F
 * only, so a merge is exactly the concatenation. The anytime-valid counterpart of Clopper–Pearson, and the same martingale
 * as the experiment's sample-ratio check. Source: Howard et al. 2021, proposition 7; Lindon and Malek 2020.
 */
export class BernoulliSequence implements ConfidenceSequence {
  readonly #level: number;
  readonly #concentration: number;
  readonly #scale = new UnitScale({ min: 0, max: 1 });
  #count = 0;
  #successes = 0;

  constructor({ level, tunedAt }: BernoulliOptions) {
    invariant(level > 0 && level < 1, 'level in (0, 1)');
    this.#level = level;
    this.#concentration = Math.max(1e-3, twoSidedRho(tunedAt, 1 - level) - 1);
  }

  get count(): number {
    return this.#count;
  }

  add(x: number): void {
    this.#count++;
    this.#successes += this.#scale.toUnit(x) ?? 0;
  }

  interval(): IntervalResult {
    const rate = this.#count === 0 ? 0.5 : this.#successes / this.#count;
    const threshold = Math.log(1 / (1 - this.#level));
    const excess = (p: number): number => this.#logBayesFactor(p) - threshold;
    const end = (edge: number): number => {
      if (Math.abs(rate - edge) < EDGE) return edge;
      const near = inside(edge);
      return excess(near) <= 0 ? edge : findRoot(excess, near, inside(rate), { tolerance: EDGE });
    };
    return this.#scale.interval('cs-bernoulli', this.#level, end(0), end(1));
  }

  update(x: number): IntervalResult {
    this.add(x);
    return this.interval();
  }

  merge(other: BernoulliSequence): void {
    invariant(this.#concentration === other.#concentration, 'sequences of one tuning merge');
    this.#scale.absorb(other.#scale);
    this.#count += other.#count;
    this.#successes += other.#successes;
  }

  #logBayesFactor(p: number): number {
    const [success, failure] = [this.#successes, this.#count - this.#successes];
    const [a, b] = [this.#concentration * p, this.#concentration * (1 - p)];
    return (
      logBeta(a + success, b + failure) - logBeta(a, b) - success * Math.log(p) - failure * Math.log1p(-p)
    );
  }
}
