import { invariant } from '../../check.ts';

/** A metric's part of the error: its share is of all weights. */
export interface BudgetLine {
  readonly name: string;
  /** Above 0; 1 unless declared. */
  readonly weight?: number;
}

/**
 * Splits α over metrics so that Σ α_i = α: P(any of them ever raises a false alarm) ≤ α by the union bound, whatever their
 * dependence. Metrics that must all pass need no split: each at α keeps P(all pass although one does not hold) ≤ α.
 *
 * @param alpha in (0, 1), for all lines together.
 */
export function splitErrorBudget(alpha: number, lines: readonly BudgetLine[]): ReadonlyMap<string, number> {
  invariant(alpha > 0 && alpha < 1, 'α in (0, 1)');
  const weights = lines.map(({ weight = 1 }) => weight);
  invariant(
    weights.every((weight) => weight > 0),
    'every weight is above 0',
  );
  const total = weights.reduce((a, b) => a + b, 0);
  return new Map(lines.map(({ name }, i) => [name, (alpha * weights[i]) / total]));
}
