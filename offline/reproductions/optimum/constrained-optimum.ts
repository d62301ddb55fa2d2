import { AllotError } from '../../../src/core/errors.ts';
import { refuse, violation } from '../../../src/core/check.ts';
import { actionValues } from '../../../src/simulation/tabular/dynamic-programming.ts';
import { evaluateTabular, type TabularValue } from '../../../src/simulation/tabular/evaluate.ts';
import { flooredWorld } from '../../../src/simulation/tabular/floored-world.ts';
import {
  costOf,
  mainResponse,
  served,
  tableOf,
  type TabularPolicy,
  type TabularWorld,
} from '../../../src/simulation/tabular/tabular-world.ts';
import { loadHighs } from './load-highs.ts';
import { occupancyProgramme } from './occupancy-programme.ts';

export interface ConstrainedOptimum {
  /** q: before the floor. */
  readonly policy: TabularPolicy;
  /** (1 − ε) q + ε / K */
  readonly served: TabularPolicy;
  /** V*, the value of `served` by a linear solve. */
  readonly value: number;
  readonly truth: TabularValue;
  /** λ ≥ 0 by constraint: what one unit of slack per decision, over the session's decisions, is worth. 0: it does not bind. */
  readonly multipliers: Readonly<Record<string, number>>;
  /** States in which q mixes actions; at most as many as constraints bind. */
  readonly mixedStates: number;
  /** |primal − dual| and the largest broken inequality of primal and dual, all relative to |V*|. */
  readonly dualityGap: number;
  readonly infeasibility: number;
}

/** Relative to |V*|: above this the solver's answer is not an optimum. */
const TOLERANCE = 1e-7;
/** Occupancy or probability below this is rounding of the solver. */
const NOTHING = 1e-10;

/**
 * The exact optimum under the world's constraints and its exploration floor, over all policies: the linear programme on the
 * floored world, where every policy is one that the floor allows. Feasibility, duality and the recovered policy are checked.
 *
 * @throws config_invalid when no policy meets the constraints under the floor, naming the constraints
 */
export async function constrainedOptimum(world: TabularWorld): Promise<ConstrainedOptimum> {
  const floored = flooredWorld(world, world.explorationFloor);
  const { columns, duals } = await solve(floored);
  const policy = normalise(columns, world);
  const servedPolicy = served(policy, world.explorationFloor, world.actions.length);
  const truth = evaluateTabular(world, servedPolicy);
  const stateDuals = duals.subarray(0, world.states.length);
  const constraintDuals = duals.subarray(world.states.length);
  const primal = tableOf(floored, mainResponse(floored)).reduce((sum, r, i) => sum + r * columns[i], 0);
  const dual = stateDuals.reduce((sum, v, s) => sum + v * world.states[s].start, 0);
  const scale = Math.max(1, Math.abs(truth.value));
  const optimum: ConstrainedOptimum = {
    policy,
    served: servedPolicy,
    value: truth.value,
    truth,
    multipliers: Object.fromEntries(
      world.constraints.map(({ name }, i) => [name, Math.abs(constraintDuals[i])]),
    ),
    mixedStates: countMixed(policy, world.actions.length),
    dualityGap: Math.max(Math.abs(primal - dual), Math.abs(truth.value - dual)) / scale,
    infeasibility:
      Math.max(
        dualInfeasibility(floored, stateDuals, constraintDuals),
        ...world.constraints.map((c) => excessOf(c, truth) * truth.decisions),
      ) / scale,
  };
  if (optimum.dualityGap > TOLERANCE || optimum.infeasibility > TOLERANCE) {
    throw new AllotError(
      'internal',
      `the linear programme is not solved: gap ${optimum.dualityGap}, infeasibility ${optimum.infeasibility}`,
    );
  }
  return optimum;
}

/** By how much a constraint is broken, per decision in its own unit; ≤ 0: it is kept. */
export function excessOf(constraint: TabularWorld['constraints'][number], truth: TabularValue): number {
  const excess = truth.perDecision[costOf(constraint)] - constraint.threshold;
  return constraint.direction === 'at-most' ? excess : -excess;
}

async function solve(world: TabularWorld): Promise<{ columns: Float64Array; duals: Float64Array }> {
  const highs = await loadHighs();
  const { optimal, infeasible, unboundedOrInfeasible } = highs.constants.modelStatus;
  return highs.withModel(occupancyProgramme(world, highs), (model) => {
    model.options.set({
      output_flag: false,
      solver: 'simplex',
      primal_feasibility_tolerance: 1e-10,
      dual_feasibility_tolerance: 1e-10,
    });
    model.run();
    const status = model.getModelStatus();
    if (status === infeasible || status === unboundedOrInfeasible) refuseInfeasible(world);
    if (status !== optimal) throw new AllotError('internal', `the solver ended with status ${status}`);
    const { colValue, rowDual } = model.getSolution();
    return { columns: colValue, duals: rowDual };
  });
}

function refuseInfeasible({ constraints }: TabularWorld): never {
  const limits = constraints.map(({ name, direction, threshold }, i) =>
    violation(
      `constraints[${i}]`,
      `${name} ${direction} ${threshold}: no policy meets all constraints under the floor`,
    ),
  );
  refuse('config_invalid', limits);
  throw new AllotError('internal', 'an occupancy without constraints exists');
}

/** q(a|s) = x(s,a) / Σ_b x(s,b); a state that is never reached does nothing. */
function normalise(columns: Float64Array, world: TabularWorld): TabularPolicy {
  const k = world.actions.length;
  const policy = new Float64Array(columns.length);
  for (let from = 0; from < columns.length; from += k) {
    const mass = columns.subarray(from, from + k).map((x) => (x > NOTHING ? x : 0));
    const sum = mass.reduce((a, b) => a + b, 0);
    policy.set(sum > 0 ? mass.map((x) => x / sum) : mass.map((_, a) => Number(a === 0)), from);
  }
  return policy;
}

function countMixed(policy: TabularPolicy, k: number): number {
  let mixed = 0;
  for (let from = 0; from < policy.length; from += k) {
    mixed += Number(policy.subarray(from, from + k).every((q) => q < 1 - NOTHING));
  }
  return mixed;
}

/** Largest r − Σ λ (c − limit) + γ P v − v over all states and actions: ≤ 0 in a feasible dual. */
function dualInfeasibility(world: TabularWorld, v: Float64Array, lambda: Float64Array): number {
  const reward = tableOf(world, mainResponse(world));
  world.constraints.forEach((constraint, i) => {
    tableOf(world, costOf(constraint)).forEach(
      (c, at) => (reward[at] -= lambda[i] * (c - constraint.threshold)),
    );
  });
  const q = actionValues(world, reward, v);
  const k = world.actions.length;
  const wrongSign = world.constraints.map((c, i) => (c.direction === 'at-most' ? -lambda[i] : lambda[i]));
  return Math.max(0, ...wrongSign, ...q.map((value, i) => value - v[Math.floor(i / k)]));
}
