import { tailError, type IntervalOptions, type Support } from '../intervals/interval-result.ts';
import { MirroredSequence, type LowerEnd } from './mirrored-sequence.ts';
import { PredictableBets } from './predictable-bets.ts';
import { Prediction, type Prior } from './prediction.ts';

export interface EmpiricalBernsteinOptions extends IntervalOptions {
  readonly support: Support;
  /** Largest bet, in (0, 1). */
  readonly truncation?: number | undefined;
  /** Prediction of an observation (on the unit scale) from the past; ½ with the weight of one unless told. */
  readonly prior?: Prior | undefined;
}

/**
 * Lower end for x ∈ [0, 1] by predictable mixing (one side, error δ):
 *
 *   L_t = (Σ λ_i x_i − ln(1/δ) − Σ ψ(λ_i) (x_i − x̂_i)²) / Σ λ_i,   ψ(λ) = −ln(1 − λ) − λ
 */
class BernsteinLower implements LowerEnd<BernsteinLower> {
  readonly #delta: number;
  readonly #truncation: number;
  readonly #bets: PredictableBets;
  readonly #prediction: Prediction;
  #bet = 0;
  #weighted = 0;
  #spent = 0;

  constructor(delta: number, truncation: number, prior: Prior) {
    this.#delta = delta;
    this.#truncation = truncation;
    this.#bets = new PredictableBets(delta);
    this.#prediction = new Prediction(prior);
  }

  add(x: number): void {
    const lambda = Math.min(this.#truncation, this.#bets.next());
    const error = x - this.#prediction.value;
    this.#bet += lambda;
    this.#weighted += lambda * x;
    this.#spent += (-Math.log1p(-lambda) - lambda) * error * error;
    this.#bets.add(x);
    this.#prediction.add(x);
  }

  value(): number {
    return this.#bet === 0 ? 0 : (this.#weighted - Math.log(1 / this.#delta) - this.#spent) / this.#bet;
  }

  merge(other: BernsteinLower): void {
    this.#bet += other.#bet;
    this.#weighted += other.#weighted;
    this.#spent += other.#spent;
    this.#bets.merge(other.#bets);
    this.#prediction.merge(other.#prediction);
  }
}

/**
 * Predictable plug-in empirical-Bernstein confidence sequence for the mean of bounded observations: L_t as above for x, and
 * 1 − L_t for 1 − x, at α/2 each (or one side at α).
 *
 * Valid at all times for every distribution on the support; closed form, so one addition per observation. Somewhat
 * wider than `BettingSequence`. Not to be trusted when the mean drifts: it is then about a weighted mean of the means.
 * Source: Waudby-Smith and Ramdas 2024 (JRSS B), theorem 2.
 */
export class EmpiricalBernsteinSequence extends MirroredSequence<BernsteinLower> {
  constructor(options: EmpiricalBernsteinOptions) {
    const { truncation = 0.5, prior = { mean: 0.5, weight: 1 } } = options;
    const delta = tailError(options);
    super('cs-empirical-bernstein', options, {
      below: new BernsteinLower(delta, truncation, prior),
      above: new BernsteinLower(delta, truncation, prior),
    });
  }
}
