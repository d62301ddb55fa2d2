import type { TabularOutcome, TabularWorld } from './tabular-world.ts';

/**
 * The world in which choosing action a means that (1 − ε) 1ₐ + ε / K is served: its policies q are the policies
 * (1 − ε) q + ε / K of the given world, with the same values and costs, so an optimum over q is the optimum under the
 * floor. `share-of-actions` becomes a response, because choosing nothing allocates ε (K − 1) / K.
 */
export function flooredWorld(world: TabularWorld, floor: number): TabularWorld {
  return {
    ...world,
    explorationFloor: 0,
    states: world.states.map((state) => ({
      ...state,
      actions: state.actions.map((_, chosen) => mixed(state.actions, chosen, floor)),
    })),
  };
}

function mixed(outcomes: readonly TabularOutcome[], chosen: number, floor: number): TabularOutcome {
  const next = new Map<number, number>();
  const means: Record<string, number> = { 'share-of-actions': 0 };
  outcomes.forEach((outcome, a) => {
    const weight = (a === chosen ? 1 - floor : 0) + floor / outcomes.length;
    for (const [state, p] of outcome.next) next.set(state, (next.get(state) ?? 0) + weight * p);
    for (const [name, mean] of Object.entries(outcome.means)) {
      means[name] = (means[name] ?? 0) + weight * mean;
    }
    if (a > 0) means['share-of-actions'] += weight;
  });
  return { next: [...next].sort(([a], [b]) => a - b), means };
}
