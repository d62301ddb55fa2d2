import type { IntervalOptions, IntervalResult, Support } from '../intervals/interval-result.ts';
import { UnitScale, type ConfidenceSequence } from './sequence.ts';

/** A lower end for the mean of observations in [0, 1], valid at all times. */
export interface LowerEnd<Self> {
  add(u: number): void;
  value(): number;
  merge(other: Self): void;
}

/**
 * A confidence sequence made of one kind of lower end: of u for the lower end and of 1 − u for the upper one, u the
 * observation on the unit scale. Each end has the error that `tailError` gives it.
 */
export class MirroredSequence<End extends LowerEnd<End>> implements ConfidenceSequence {
  readonly #method: string;
  readonly #options: IntervalOptions;
  readonly #scale: UnitScale;
  readonly #below: End;
  readonly #above: End;
  #count = 0;

  constructor(
    method: string,
    options: IntervalOptions & { readonly support: Support },
    ends: { readonly below: End; readonly above: End },
  ) {
    this.#method = method;
    this.#options = options;
    this.#scale = new UnitScale(options.support);
    this.#below = ends.below;
    this.#above = ends.above;
  }

  get count(): number {
    return this.#count;
  }

  add(x: number): void {
    this.#count++;
    const u = this.#scale.toUnit(x);
    if (u === null) return;
    this.#below.add(u);
    this.#above.add(1 - u);
  }

  interval(): IntervalResult {
    const { level, sides = 'two-sided' } = this.#options;
    const lower = sides === 'upper' ? 0 : this.#below.value();
    const upper = sides === 'lower' ? 1 : 1 - this.#above.value();
    return this.#scale.interval(this.#method, level, lower, upper);
  }

  update(x: number): IntervalResult {
    this.add(x);
    return this.interval();
  }

  /** Two independent streams of one mean, each predicted by itself: valid like their concatenation. */
  merge(other: MirroredSequence<End>): void {
    this.#count += other.#count;
    this.#scale.absorb(other.#scale);
    this.#below.merge(other.#below);
    this.#above.merge(other.#above);
  }
}
