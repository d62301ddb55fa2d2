import type { Random } from '../../../src/core/math/random.ts';
import {
  mergeMoments,
  momentsFromSums,
  noMoments,
  type Moments,
} from '../../../src/core/experiment/statistics/moments.ts';
import { winsorise, type WinsorLimits } from '../../../src/core/experiment/statistics/winsor.ts';
import type { Population } from './population.ts';

/** Watch, decisions, watch before, is new; then hides, short watch, winsorised watch. */
const DIMENSION = 7;

/** What an arm's units added up to, so far and in the last batch. */
export interface ArmState {
  total: Moments;
  batch: Moments;
  /** Decisions taken for independent: n, Σ r, Σ r². */
  rows: { n: number; sum: number; squares: number };
}

export const emptyArm = (): ArmState => ({
  total: noMoments(DIMENSION),
  batch: noMoments(DIMENSION),
  rows: { n: 0, sum: 0, squares: 0 },
});

/** Lets `units` enter, drawn with replacement; their watch seconds are multiplied by `factor`. */
export function enter(
  arm: ArmState,
  population: Population,
  random: Random,
  { units, factor, limits }: { units: number; factor: number; limits: WinsorLimits },
): void {
  const size = population.watch.length;
  const sums = new Float64Array(DIMENSION);
  const products = new Float64Array(DIMENSION * DIMENSION);
  const x = new Float64Array(DIMENSION);
  for (let k = 0; k < units; k++) {
    const u = random.integer(size);
    const watch = population.watch[u] * factor;
    x[0] = watch;
    x[1] = population.decisions[u];
    x[2] = population.before[u];
    x[3] = population.isNew[u];
    x[4] = population.hides[u];
    x[5] = population.shortWatch[u];
    x[6] = winsorise(watch, limits);
    for (let i = 0; i < DIMENSION; i++) {
      sums[i] += x[i];
      for (let j = 0; j <= i; j++) products[i * DIMENSION + j] += x[i] * x[j];
    }
    arm.rows.n += x[1];
    arm.rows.sum += watch;
    arm.rows.squares += population.watchSquares[u] * factor * factor;
  }
  for (let i = 0; i < DIMENSION; i++)
    for (let j = i + 1; j < DIMENSION; j++) products[i * DIMENSION + j] = products[j * DIMENSION + i];
  arm.batch = momentsFromSums(units, [...sums], [...products]);
  arm.total = mergeMoments(arm.total, arm.batch);
}

/** The moments of some coordinates alone. */
export const project = ({ units, mean, squares }: Moments, chosen: readonly number[]): Moments => ({
  units,
  mean: chosen.map((i) => mean[i]),
  squares: chosen.flatMap((i) => chosen.map((j) => squares[i * mean.length + j])),
});
