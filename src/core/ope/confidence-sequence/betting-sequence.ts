import { invariant } from '../../check.ts';
import {
  tailError,
  type IntervalOptions,
  type IntervalResult,
  type Support,
} from '../intervals/interval-result.ts';
import { CapitalGrid } from './capital-grid.ts';
import { PredictableBets } from './predictable-bets.ts';
import { UnitScale, type ConfidenceSequence } from './sequence.ts';

export interface BettingOptions extends IntervalOptions {
  readonly support: Support;
  /** Candidate means on the support; an end is off by at most one step, outwards. */
  readonly grid?: number | undefined;
}

/** c: a bet risks at most this share of the capital. */
const LARGEST_STAKE = 0.5;

/**
 * Hedged-capital betting confidence sequence for the mean of bounded observations. Against each candidate mean m two
 * gamblers start with ½ and bet that the mean is above, or below:
 *
 *   K⁺_t(m) = Π (1 + min(λ_i, c/m) (x_i − m)),   K⁻_t(m) = Π (1 − min(λ_i, c/(1 − m)) (x_i − m)),   c = ½
 *
 * If m is the mean neither has an edge (martingales), so m is given up when max(½ K⁺, ½ K⁻) > 1/α: Ville's inequality; one side
 * alone is given up by its gambler at 1/α. K⁺ falls
 * and K⁻ rises in m, so what remains is an interval; its ends are read off a grid and moved outwards by a step.
 *
 * Valid at all times for every distribution on the support; the tightest of ours for bounded means. Costs two products
 * per grid point and observation. Source: Waudby-Smith and Ramdas 2024 (JRSS B), theorem 3, with predictable plug-in bets at α/2.
 */
export class BettingSequence implements ConfidenceSequence {
  readonly #options: BettingOptions;
  readonly #scale: UnitScale;
  readonly #bets: PredictableBets;
  readonly #capital: CapitalGrid;
  #count = 0;

  constructor(options: BettingOptions) {
    const { support, grid = 1000 } = options;
    invariant(Number.isInteger(grid) && grid >= 2, 'a grid of at least 2');
    this.#options = options;
    this.#scale = new UnitScale(support);
    this.#bets = new PredictableBets(tailError(options));
    this.#capital = new CapitalGrid(grid, LARGEST_STAKE);
  }

  get count(): number {
    return this.#count;
  }

  add(x: number): void {
    this.#count++;
    const u = this.#scale.toUnit(x);
    if (u === null) return;
    this.#capital.add(u, this.#bets.next());
    this.#bets.add(u);
  }

  interval(): IntervalResult {
    const { level, sides = 'two-sided' } = this.#options;
    const { lower, upper } = this.#capital.keptBelow(Math.log(1 / tailError(this.#options)));
    return this.#scale.interval(
      'cs-betting',
      level,
      sides === 'upper' ? 0 : lower,
      sides === 'lower' ? 1 : upper,
    );
  }

  update(x: number): IntervalResult {
    this.add(x);
    return this.interval();
  }

  /** Two independent streams of one mean: capital multiplies, so the merged interval is valid like a concatenation. */
  merge(other: BettingSequence): void {
    this.#count += other.#count;
    this.#scale.absorb(other.#scale);
    this.#capital.merge(other.#capital);
    this.#bets.merge(other.#bets);
  }
}
