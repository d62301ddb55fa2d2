import type { Random } from '../../../../src/core/math/random.ts';

export interface Visit {
  readonly at: number;
  readonly unitId: string;
  /** Of the unit: multiplies its watch times, so that its decisions are correlated. */
  readonly trait: number;
  readonly number: number;
}

/** Chance of another visit after each one, and of it being in the same sitting. */
const RETURNS = 0.5;
const SAME_SITTING = 0.8;
const MOST_MS = 300;

/** Units that arrive at a steady rate and come back: some at once, some after their outcome window has closed. */
export class Visitors {
  readonly #prefix: string;
  readonly #random: Random;
  readonly #perSecond: number;
  #planned: Visit[] = [];
  #arrived = 0;
  #since: number;

  constructor(prefix: string, random: Random, perSecond: number, since: number) {
    this.#prefix = prefix;
    this.#random = random;
    this.#perSecond = perSecond;
    this.#since = since;
  }

  /** Visits that are due; asked for often. */
  due(now: number): readonly Visit[] {
    const random = this.#random;
    // A service that is slow to answer gets less traffic, not a burst.
    const elapsedMs = Math.min(now - this.#since, MOST_MS);
    const arrivals = random.poisson((this.#perSecond * elapsedMs) / 1000);
    this.#since = now;
    for (let k = 0; k < arrivals; k++) {
      const unitId = `${this.#prefix}-${String((this.#arrived += 1))}`;
      this.#planned.push({ at: now, unitId, trait: Math.exp(0.4 * random.normal()), number: 0 });
    }
    const due = this.#planned.filter(({ at }) => at <= now);
    this.#planned = this.#planned.filter(({ at }) => at > now);
    for (const visit of due)
      if (random.uniform() < RETURNS) {
        const isSoon = random.uniform() < SAME_SITTING;
        const gapMs = isSoon ? 600 * random.exponential() : 5_000 + 5_000 * random.uniform();
        this.#planned.push({ ...visit, at: now + gapMs, number: visit.number + 1 });
      }
    return due;
  }
}
