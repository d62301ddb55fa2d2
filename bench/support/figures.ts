import { quantile } from '../../src/core/math/quantile.ts';

/** Two digits after the point. */
export const round = (x: number): number => Math.round(x * 100) / 100;

export const median = (values: readonly number[]): number => quantile(values, 0.5);
