import { invariant } from '../../core/check.ts';
import { stateValues } from './evaluate.ts';
import {
  fixedPolicy,
  mainResponse,
  tableOf,
  type TabularPolicy,
  type TabularWorld,
} from './tabular-world.ts';

export interface TabularOptimum {
  /** Deterministic. */
  readonly policy: TabularPolicy;
  /** V*(s) */
  readonly values: Float64Array;
  /** Σ ρ(s) V*(s) */
  readonly value: number;
}

/** An action has to be better by this share of the largest |V| to be preferred: less is rounding, and would cycle. */
const TIE = 1e-12;
const MOST_ROUNDS = 1000;

/** Q(s, a) = r(s, a) + γ Σ P(s'|s,a) V(s'), laid out as a policy. */
export function actionValues(world: TabularWorld, reward: Float64Array, values: Float64Array): Float64Array {
  const k = world.actions.length;
  return reward.map((r, i) => {
    const { next } = world.states[Math.floor(i / k)].actions[i % k];
    return r + world.discount * next.reduce((sum, [target, p]) => sum + p * values[target], 0);
  });
}

/**
 * The exact optimum without constraints by policy iteration (Howard 1960): evaluate by a linear solve, be greedy, until
 * nothing improves. It ends, because every round is strictly better and there are finitely many policies.
 *
 * @param reward S × K; default: the main response. Pass a penalised one for a Lagrangian.
 */
export function optimalPolicy(
  world: TabularWorld,
  reward = tableOf(world, mainResponse(world)),
): TabularOptimum {
  const k = world.actions.length;
  const policy = fixedPolicy(
    world,
    world.actions.map((_, a) => Number(a === 0)),
  );
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const values = stateValues(world, policy, reward);
    const q = actionValues(world, reward, values);
    const margin = TIE * values.reduce((max, v) => Math.max(max, Math.abs(v)), 1);
    if (!improve(policy, q, k, margin)) {
      const value = values.reduce((sum, v, s) => sum + world.states[s].start * v, 0);
      return { policy, values, value };
    }
  }
  invariant(false, `policy iteration ends within ${MOST_ROUNDS} rounds`);
}

function improve(policy: TabularPolicy, q: Float64Array, k: number, margin: number): boolean {
  let hasChanged = false;
  for (let from = 0; from < policy.length; from += k) {
    const chosen = policy.subarray(from, from + k).indexOf(1);
    let best = chosen;
    for (let a = 0; a < k; a++) if (q[from + a] > q[from + best] + margin) best = a;
    if (best === chosen) continue;
    policy[from + chosen] = 0;
    policy[from + best] = 1;
    hasChanged = true;
  }
  return hasChanged;
}
