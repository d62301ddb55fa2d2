import { createRandom } from '../../../src/core/math/random.ts';
import { simulateRows, type SimulatedDecision } from '../../../src/simulation/log.ts';
import { parseWorld } from '../../../src/simulation/parse-world.ts';

/** What a unit of the feed world did in its whole outcome window; columns of equal length. */
export interface Population {
  /** Σ watch seconds: heavy-tailed, correlated within the unit. */
  readonly watch: Float64Array;
  /** Decisions of all its visits. */
  readonly decisions: Float64Array;
  readonly hides: Float64Array;
  readonly shortWatch: Float64Array;
  /** Σ of squared watch seconds, for who takes decisions for independent. */
  readonly watchSquares: Float64Array;
  /** Watch seconds of its visit before the experiment; 0 for a new unit. */
  readonly before: Float64Array;
  /** 1: new, there was no visit before. */
  readonly isNew: Float64Array;
}

/** A fourth of the units is new to the product. */
const NEW_SHARE = 0.25;

/**
 * Units of the session world under its behaviour policy: they come back for up to three days, up to thirty requests a visit. For a
 * known unit the first visit was before the experiment (its covariate), for a new one there is none. Experiments draw their
 * units from here with replacement, so an A/A experiment has an effect of exactly 0 with real tails.
 */
export function drawPopulation(units: number, seed: number): Population {
  const random = createRandom(seed).fork('new units');
  const found: number[][] = [];
  let rows: SimulatedDecision[] = [];
  const close = (): void => {
    const isNew = random.uniform() < NEW_SHARE;
    const first = rows[0]?.sessionId;
    const before = isNew ? [] : rows.filter(({ sessionId }) => sessionId === first);
    const during = rows.slice(before.length);
    // A known unit that never came back was never assigned.
    if (during.length > 0) found.push(unitOf(before, during, isNew));
    rows = [];
  };
  for (const row of simulateRows(parseWorld({}), { units, seed })) {
    if (rows.length > 0 && rows[0].unitId !== row.unitId) close();
    rows.push(row);
  }
  close();
  const column = (i: number): Float64Array => Float64Array.from(found, (unit) => unit[i]);
  return {
    watch: column(0),
    decisions: column(1),
    hides: column(2),
    shortWatch: column(3),
    watchSquares: column(4),
    before: column(5),
    isNew: column(6),
  };
}

function unitOf(
  before: readonly SimulatedDecision[],
  during: readonly SimulatedDecision[],
  isNew: boolean,
): number[] {
  const total = (rows: readonly SimulatedDecision[], response: string, power = 1): number =>
    rows.reduce((sum, row) => sum + (row.responses[response] ?? 0) ** power, 0);
  return [
    total(during, 'watch_seconds'),
    during.length,
    total(during, 'hide'),
    total(during, 'short_watch_seconds'),
    total(during, 'watch_seconds', 2),
    total(before, 'watch_seconds'),
    Number(isNew),
  ];
}

export interface Shape {
  readonly mean: number;
  readonly variance: number;
  readonly skewness: number;
  readonly kurtosis: number;
}

export function shapeOf(values: Float64Array): Shape {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const moment = (k: number): number => values.reduce((sum, x) => sum + (x - mean) ** k, 0) / n;
  const variance = moment(2);
  return { mean, variance, skewness: moment(3) / variance ** 1.5, kurtosis: moment(4) / variance ** 2 };
}
