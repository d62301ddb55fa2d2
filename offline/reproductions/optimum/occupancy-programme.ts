import type { Highs, ModelData } from 'highs';
import {
  costOf,
  mainResponse,
  tableOf,
  type TabularWorld,
} from '../../../src/simulation/tabular/tabular-world.ts';

/**
 * The linear programme of a constrained MDP over occupancy measures x(s, a) = E Σ_t γ^t 1[s_t = s, a_t = a] (Altman 1999,
 * Constrained Markov Decision Processes, ch. 3), columns s · K + a:
 *
 *     max  Σ x(s,a) r(s,a)
 *     s.t. Σ_a x(s',a) − γ Σ_{s,a} P(s'|s,a) x(s,a) = ρ(s')            one row per state
 *          Σ x(s,a) (c(s,a) − limit)  ≤ 0 (at most),  ≥ 0 (at least)   one row per constraint
 *          x ≥ 0
 *
 * A limit is on the mean per discounted decision, Σ x c / Σ x, hence the form with right-hand side 0.
 */
export function occupancyProgramme(world: TabularWorld, highs: Highs): ModelData {
  const { states, actions, constraints } = world;
  const k = actions.length;
  const reward = tableOf(world, mainResponse(world));
  const excess = constraints.map((constraint) => {
    const cost = tableOf(world, costOf(constraint));
    return cost.map((c) => c - constraint.threshold);
  });
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (let column = 0; column < reward.length; column++) {
    const state = Math.floor(column / k);
    const flow = new Map([[state, 1]]);
    for (const [target, p] of states[state].actions[column % k].next) {
      flow.set(target, (flow.get(target) ?? 0) - world.discount * p);
    }
    const entries = [...flow, ...excess.map((of, i) => [states.length + i, of[column]] as const)];
    for (const [row, value] of entries) {
      indices.push(row);
      values.push(value);
    }
    starts.push(indices.length);
  }
  const rows = states.length + constraints.length;
  const isAtMost = constraints.map(({ direction }) => direction === 'at-most');
  return {
    numCols: reward.length,
    numRows: rows,
    sense: highs.constants.objectiveSense.maximize,
    colCost: reward,
    colLower: reward.map(() => 0),
    colUpper: reward.map(() => highs.infinity),
    rowLower: [...states.map(({ start }) => start), ...isAtMost.map((most) => (most ? -highs.infinity : 0))],
    rowUpper: [...states.map(({ start }) => start), ...isAtMost.map((most) => (most ? 0 : highs.infinity))],
    matrix: { format: 'csc', numRows: rows, numCols: reward.length, starts, indices, values },
  };
}
