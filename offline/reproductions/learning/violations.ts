import type { Surface } from '../../../src/core/surface/surface.ts';
import type { PolicyTruth } from './policy-truth.ts';

/** How a declared constraint stands in truth. */
export interface ConstraintTruth {
  readonly name: string;
  readonly value: number;
  readonly threshold: number;
  /** How far beyond its threshold, in the response's unit; 0: kept. */
  readonly violation: number;
}

/** Per decision, as the surface declares its constraints. */
export function constraintTruths(surface: Surface, truth: PolicyTruth): ConstraintTruth[] {
  return surface.constraints.flatMap(({ name, on, direction, threshold }) => {
    const value = on === 'share-of-actions' ? truth.share : truth.values[on.response]?.value;
    if (value === undefined) return [];
    const excess = direction === 'at-most' ? value - threshold : threshold - value;
    return [{ name, value, threshold, violation: Math.max(0, excess) }];
  });
}
