import { refuse, violation } from '../../../src/core/check.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import type { DerivedColumns } from '../data/rewards.ts';

/** `share-of-actions`, a response, or a derived column. */
export interface LimitSpec {
  readonly on: string;
  readonly direction: 'at-most' | 'at-least';
  /** Per decision, in the response's own unit. */
  readonly threshold: number;
}

/**
 * A constraint as a learner sees it. With c = sign · (what it is on) it always reads J_c ≤ sign · threshold: sign is +1
 * for at-most and −1 for at-least, so "watch at least 20" is a cost of −watch of at most −20.
 */
export interface Limit extends LimitSpec {
  readonly name: string;
  readonly sign: 1 | -1;
}

/** The limits named in the config, or, with null, the constraints that the surface declares. */
export function limitsOf(
  surface: Surface,
  asked: readonly LimitSpec[] | null,
  columns: DerivedColumns,
): Limit[] {
  const specs = asked ?? surface.constraints.map(declared);
  const known = new Set(['share-of-actions', ...surface.responses.map((r) => r.name), ...columns.keys()]);
  refuse(
    'config_invalid',
    specs.flatMap(({ on }, i) =>
      known.has(on) ? [] : [violation(`config.limits.${i}.on`, `one of ${[...known].join(', ')}`, on)],
    ),
  );
  const seen = new Map<string, number>();
  return specs.map((spec) => {
    const count = (seen.get(spec.on) ?? 0) + 1;
    seen.set(spec.on, count);
    const name = count === 1 ? spec.on : `${spec.on}#${count}`;
    return { ...spec, name, sign: spec.direction === 'at-most' ? 1 : -1 };
  });
}

const declared = ({ on, direction, threshold }: Surface['constraints'][number]): LimitSpec => ({
  on: on === 'share-of-actions' ? on : on.response,
  direction,
  threshold,
});
