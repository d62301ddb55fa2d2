import type { Surface } from './surface.ts';

/** Algorithms that train under the constraints of a surface: `docs/algorithms.md`. */
const TRAINED_UNDER_LIMITS: ReadonlySet<string> = new Set(['rcpo-dual', 'pid-lagrangian', 'slmgac', 'tscac']);

export interface ServedPolicy {
  readonly version: string;
  readonly algorithm: string;
}

/**
 * Upper limits on the share of actions that nothing holds while serving, a sentence each, for whoever declared them: a constraint
 * by itself changes no answer. `pacing` at or under the threshold holds one, as does a policy that was trained under it.
 *
 * @param policy what shall be served; left out: not known yet
 */
export function unheldLimits(
  { constraints, pacing }: Pick<Surface, 'constraints' | 'pacing'>,
  policy?: ServedPolicy,
): readonly string[] {
  if (policy !== undefined && TRAINED_UNDER_LIMITS.has(policy.algorithm)) return [];
  return constraints
    .filter(({ on, direction }) => on === 'share-of-actions' && direction === 'at-most')
    .filter(({ threshold }) => pacing === null || pacing.targetShare > threshold)
    .map(({ name, threshold }) => {
      const why = pacing === null ? 'there is no pacing' : `pacing aims at ${pacing.targetShare}`;
      const by = policy === undefined ? '' : `, and ${policy.version} was not trained under it`;
      return (
        `${name}: nothing holds at most ${threshold} while serving: a constraint changes no answer, ${why}${by}. ` +
        `Declare pacing with a targetShare of at most ${threshold}, or serve a policy that was trained under the limit`
      );
    });
}
