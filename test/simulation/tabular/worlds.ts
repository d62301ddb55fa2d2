import { createRandom } from '../../../src/core/math/random.ts';
import type {
  TabularPolicy,
  TabularState,
  TabularWorld,
} from '../../../src/simulation/tabular/tabular-world.ts';

type Row = readonly [next: number[], reward: number, cost: number];

/** A world of states on a line from plain rows, [next probabilities, mean reward, cost] by action. */
export function lineWorld(
  start: readonly number[],
  rows: readonly (readonly Row[])[],
  options: { readonly discount: number; readonly limit?: number },
): TabularWorld {
  const actionCount = rows[0].length;
  return {
    name: 'line',
    discount: options.discount,
    actions: ['none', 'live', 'more'].slice(0, actionCount),
    dimensions: [{ name: 'place', levels: start.map((_, s) => s) }],
    responses: [
      { name: 'watch', role: 'main', kind: 'exact', unit: 's' },
      { name: 'hide', role: 'cost', kind: 'exact', unit: 'events' },
    ],
    constraints:
      options.limit === undefined
        ? []
        : [{ name: 'hides', on: { response: 'hide' }, direction: 'at-most', threshold: options.limit }],
    explorationFloor: 0,
    states: rows.map((actions, s): TabularState => ({
      at: [s],
      start: start[s],
      actions: actions.map(([next, watch, hide]) => ({
        next: next.map((p, i) => [i, p] as const).filter(([, p]) => p > 0),
        means: { watch, hide },
      })),
    })),
  };
}

/**
 * Two states, γ = ½, worked out by hand. In state 0 `none` earns 1 and the session ends, `live` earns 2, costs 1 and leads to
 * state 1, which earns 4 (none) or 6 at cost 1 (live) and ends.
 */
export const byHand = (limit?: number): TabularWorld =>
  lineWorld(
    [1, 0],
    [
      [
        [[0, 0], 1, 0],
        [[0, 1], 2, 1],
      ],
      [
        [[0, 0], 4, 0],
        [[0, 0], 6, 1],
      ],
    ],
    limit === undefined ? { discount: 0.5 } : { discount: 0.5, limit },
  );

/** Dense random transitions that end with probability of about 0.1. */
export function randomWorld(seed: number, states = 12, actions = 3): TabularWorld {
  const random = createRandom(seed);
  const row = (): Row => {
    const mass = Array.from({ length: states }, () => random.exponential());
    const sum = mass.reduce((a, b) => a + b, 0);
    return [mass.map((m) => (0.9 * m) / sum), 10 * random.uniform(), random.uniform()];
  };
  const rows = Array.from({ length: states }, () => Array.from({ length: actions }, row));
  const start = Array.from({ length: states }, () => 1 / states);
  return lineWorld(start, rows, { discount: 0.9 });
}

export function randomPolicy(world: TabularWorld, seed: number): TabularPolicy {
  const random = createRandom(seed);
  const k = world.actions.length;
  const policy = new Float64Array(world.states.length * k).map(() => random.exponential() ** 3);
  return policy.map((mass, i) => {
    const from = i - (i % k);
    return mass / policy.subarray(from, from + k).reduce((a, b) => a + b, 0);
  });
}
