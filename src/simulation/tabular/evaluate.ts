import { solveLinear } from './solve-linear.ts';
import { mainResponse, tableOf, type TabularPolicy, type TabularWorld } from './tabular-world.ts';

/** d(s) = E Σ_t γ^t 1[s_t = s] over one session, the solution of d = ρ + γ Pπᵀ d. */
export function stateOccupancy(world: TabularWorld, policy: TabularPolicy): Float64Array {
  const n = world.states.length;
  const k = world.actions.length;
  const matrix = new Float64Array(n * n);
  world.states.forEach((state, s) => {
    matrix[s * n + s] += 1;
    state.actions.forEach(({ next }, a) => {
      const weight = world.discount * policy[s * k + a];
      for (const [target, probability] of next) matrix[target * n + s] -= weight * probability;
    });
  });
  return solveLinear(
    matrix,
    Float64Array.from(world.states, ({ start }) => start),
  );
}

/** V(s) = Σ_a π(a|s) [ r(s,a) + γ Σ P(s'|s,a) V(s') ] of a table of rewards, by a linear solve. */
export function stateValues(world: TabularWorld, policy: TabularPolicy, reward: Float64Array): Float64Array {
  const n = world.states.length;
  const k = world.actions.length;
  const matrix = new Float64Array(n * n);
  const right = new Float64Array(n);
  world.states.forEach((state, s) => {
    matrix[s * n + s] += 1;
    state.actions.forEach(({ next }, a) => {
      const weight = policy[s * k + a];
      right[s] += weight * reward[s * k + a];
      for (const [target, probability] of next)
        matrix[s * n + target] -= world.discount * weight * probability;
    });
  });
  return solveLinear(matrix, right);
}

export interface TabularValue {
  /** V(π) = E Σ_t γ^t r_t of the main response over one session. */
  readonly value: number;
  /** E Σ_t γ^t: discounted decisions of a session. */
  readonly decisions: number;
  /** Of every response and of `share-of-actions`: E Σ γ^t c_t / E Σ γ^t. */
  readonly perDecision: Readonly<Record<string, number>>;
}

/** The exact truth about a policy, as it is served (no floor is added here). */
export function evaluateTabular(world: TabularWorld, policy: TabularPolicy): TabularValue {
  const occupancy = stateOccupancy(world, policy);
  const k = world.actions.length;
  const decisions = occupancy.reduce((a, b) => a + b, 0);
  const total = (response: string): number => {
    const table = tableOf(world, response);
    return table.reduce((sum, mean, i) => sum + occupancy[Math.floor(i / k)] * policy[i] * mean, 0);
  };
  const names = [...world.responses.map(({ name }) => name), 'share-of-actions'];
  const perDecision = Object.fromEntries(names.map((name) => [name, total(name) / decisions]));
  return { value: total(mainResponse(world)), decisions, perDecision };
}
