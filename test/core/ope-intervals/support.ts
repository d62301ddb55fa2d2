import { expect } from 'vitest';
import { createRandom } from '../../../src/core/math/random.ts';
import { isIntervalRefusal, type IntervalResult } from '../../../src/core/ope/intervals/interval-result.ts';
import type { Interval } from '../../../src/core/ope/report.ts';

/** The interval, or a failure that says why it was refused. */
export function intervalOf(result: IntervalResult): Interval {
  if (isIntervalRefusal(result)) throw new Error(`refused: ${result.refusal.code}, ${result.refusal.reason}`);
  return result;
}

export function refusalCode(result: IntervalResult): string | null {
  return isIntervalRefusal(result) ? result.refusal.code : null;
}

/** |a − b| ≤ relative |b| + absolute; equal infinities are close. */
export function closeTo(actual: number, expected: number, relative: number, absolute = 0): void {
  if (actual === expected) return;
  expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThanOrEqual(
    relative * Math.abs(expected) + absolute,
  );
}

/** A row of an enumerable world: two contexts, two actions, weights 0.25 … 4, mean weight 1. */
export interface WorldRow {
  readonly weight: number;
  readonly response: number;
}

const CONTEXTS = [
  { behavior: 0.2, evaluation: 0.8, means: [0.1, 0.5] },
  { behavior: 0.6, evaluation: 0.3, means: [0.3, 0.05] },
] as const;

/** V(π) of that world. */
export const WORLD_VALUE =
  0.5 * CONTEXTS.reduce((sum, c) => sum + c.evaluation * c.means[1] + (1 - c.evaluation) * c.means[0], 0);

export const WORLD_LARGEST_WEIGHT = 4;

/** n rows with 0/1 responses. */
export function worldRows(n: number, seed: number): WorldRow[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => {
    const context = CONTEXTS[random.integer(2)];
    const isSecond = random.uniform() < context.behavior;
    const weight = isSecond
      ? context.evaluation / context.behavior
      : (1 - context.evaluation) / (1 - context.behavior);
    return { weight, response: random.uniform() < context.means[isSecond ? 1 : 0] ? 1 : 0 };
  });
}

export const weightedResponses = (rows: readonly WorldRow[]): Float64Array =>
  Float64Array.from(rows, ({ weight, response }) => weight * response);

/**
 * The most misses of `repetitions` that a true error of `alpha` gives with probability 1 − 1e-4: mean + 3.72 standard
 * deviations (+ ½ for the whole number).
 */
export const mostMisses = (repetitions: number, alpha: number): number =>
  repetitions * alpha + 3.72 * Math.sqrt(repetitions * alpha * (1 - alpha)) + 0.5;
