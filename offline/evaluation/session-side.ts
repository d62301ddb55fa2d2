import { lengthPrefixed } from '../../src/core/math/length-prefixed.ts';
import { sipHash24 } from '../../src/core/math/siphash.ts';
import { factorise } from '../../src/core/ope/sequential/linear-system.ts';
import { DECISIONS, type SessionSide } from '../../src/core/ope/sequential/marginal-dr.ts';
import type { Trouble } from '../../src/core/ope/trouble.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { longestLookback } from './lookback.ts';
import { sessionStates, type SessionStates } from './session-states.ts';

/** Beyond this many coefficients of Q the two linear systems are too slow to be worth it. */
const MAX_COEFFICIENTS = 400;
const FOLDS = 3;
/** Of the columns with mean square 1: as if so many rows spoke for 0. */
const RIDGE = 30;
/** Keeps an action that a fold never shows from making its system singular. */
const INTERCEPT_RIDGE = 1e-3;
const FOLD_KEY = new Uint8Array(16).fill(0x73);

/**
 * Ratios ω and values Q of a policy on the sessions of a log, both linear in `sessionStates`, cross-fitted by unit (three folds):
 *
 *   Q(s, a) = ψ(s)ᵀθₐ with   Σ φ(s, a) (r + V(s′) − Q(s, a)) = 0,   φ = ψ at the block of a
 *   ρ(s) = max(0, ψ(s)ᵀu) with   Σ ρ(s) (ψ(s) − w ψ(s′)) = Σ over first rows of ψ,   w = π(a∣s)/μ(a∣s)
 *
 * Both fixed points are one linear system (least squares temporal differences and its mirror image), with a ridge. Cut-off last
 * rows have no target and are not fitted. On a forced row π has no choice and w = 1. The ratios ω look back as far as the weights
 * allow, see `longestLookback`.
 *
 * Source: Lagoudakis and Parr 2003 (LSTDQ); Uehara, Huang and Jiang 2020 (minimax weight learning, linear).
 *
 * @param policy π(·∣s) as it would be served, n × K
 */
export function fitSessionSide(dataset: Dataset, policy: Float64Array): SessionSide | Trouble {
  const actionCount = dataset.manifest.surface.actions.length;
  const states = sessionStates(dataset, [dataset.probabilities, policy]);
  if (states.width * actionCount > MAX_COEFFICIENTS) return tooMany(states.width * actionCount);
  const problem = {
    dataset,
    policy,
    actionCount,
    states,
    weights: stepWeights(dataset, policy, actionCount),
  };
  const foldOf = dataset.unitIds.map((id) => sipHash24(FOLD_KEY, lengthPrefixed('fold', id)).low % FOLDS);
  const parts = Array.from({ length: FOLDS }, (_, fold) => momentsOf(problem, (row) => foldOf[row] === fold));
  const names = [...dataset.responses.keys(), DECISIONS];
  const actionValues = new Map(names.map((name) => [name, new Float64Array(dataset.rows * actionCount)]));
  const ratios = new Float64Array(dataset.rows);
  for (let fold = 0; fold < FOLDS; fold++) {
    const solved = solve(sumOf(parts.filter((_, other) => other !== fold)), states.width, names);
    if (solved === null) return singular;
    for (let row = 0; row < dataset.rows; row++) {
      if (foldOf[row] !== fold) continue;
      ratios[row] = Math.max(0, dot(states, row, solved.ratio, 0));
      for (const [name, values] of actionValues)
        for (let a = 0; a < actionCount; a++)
          values[row * actionCount + a] = dot(states, row, solved.values.get(name), a * states.width);
    }
  }
  const chosen = longestLookback(dataset, ratios, problem.weights);
  return { policy: { kind: 'distribution', actionCount, probabilities: policy }, ...chosen, actionValues };
}

interface Problem {
  readonly dataset: Dataset;
  readonly policy: Float64Array;
  readonly actionCount: number;
  readonly states: SessionStates;
  /** w of every row. */
  readonly weights: Float64Array;
}

/** Sums over some rows; they add up over folds. */
interface Moments {
  /** Σ φ (φ − φ′π)ᵀ, (Kp)². */
  readonly flow: Float64Array;
  /** Σ φ r, by response in the order of the dataset, then of 1. */
  readonly rewards: readonly Float64Array[];
  /** Σ (ψ − w ψ′) ψᵀ, p². */
  readonly visits: Float64Array;
  /** Σ over first rows of ψ. */
  readonly starts: Float64Array;
}

function momentsOf(problem: Problem, isIn: (row: number) => boolean): Moments {
  const { dataset, states, actionCount } = problem;
  const size = states.width * actionCount;
  const columns = [...dataset.responses.values(), new Float64Array(dataset.rows).fill(1)];
  const moments = {
    flow: new Float64Array(size * size),
    rewards: columns.map(() => new Float64Array(size)),
    visits: new Float64Array(states.width ** 2),
    starts: new Float64Array(states.width),
  };
  for (let row = 0; row < dataset.rows; row++) {
    if (!isIn(row)) continue;
    if (row === 0 || dataset.nextRow[row - 1] !== row) addScaled(moments.starts, 0, states, row, 1);
    if (dataset.nextRow[row] < 0 && dataset.done[row] === 0) continue;
    addRow(moments, problem, columns, row);
  }
  return moments;
}

function addRow(moments: Moments, problem: Problem, columns: readonly Float64Array[], row: number): void {
  const { dataset, states, actionCount, policy, weights } = problem;
  const p = states.width;
  const size = p * actionCount;
  const block = dataset.actions[row] * p;
  const next = dataset.nextRow[row];
  for (let u = 0; u < p; u++) {
    const x = states.values[row * p + u];
    if (x === 0) continue;
    const at = (block + u) * size;
    addScaled(moments.flow, at + block, states, row, x);
    columns.forEach((values, r) => (moments.rewards[r][block + u] += x * values[row]));
    // Transposed, so that the state of the row runs along a line of the matrix.
    addScaled(moments.visits, u * p, states, row, x);
    if (next < 0) continue;
    addScaled(moments.visits, u * p, states, next, -x * weights[row]);
    for (let a = 0; a < actionCount; a++) {
      const chance =
        dataset.isForced[next] === 1 ? Number(a === dataset.actions[next]) : policy[next * actionCount + a];
      if (chance !== 0) addScaled(moments.flow, at + a * p, states, next, -x * chance);
    }
  }
}

function addScaled(
  target: Float64Array,
  offset: number,
  { width, values }: SessionStates,
  row: number,
  factor: number,
): void {
  for (let v = 0; v < width; v++) target[offset + v] += factor * values[row * width + v];
}

function dot(
  { width, values }: SessionStates,
  row: number,
  weights: Float64Array | undefined,
  offset: number,
): number {
  let sum = 0;
  if (weights !== undefined)
    for (let v = 0; v < width; v++) sum += weights[offset + v] * values[row * width + v];
  return sum;
}

function sumOf(parts: readonly Moments[]): Moments {
  const add = (columns: readonly Float64Array[]): Float64Array =>
    columns[0].map((_, i) => columns.reduce((sum, column) => sum + column[i], 0));
  return {
    flow: add(parts.map(({ flow }) => flow)),
    rewards: parts[0].rewards.map((_, r) => add(parts.map(({ rewards }) => rewards[r]))),
    visits: add(parts.map(({ visits }) => visits)),
    starts: add(parts.map(({ starts }) => starts)),
  };
}

function solve(
  { flow, rewards, visits, starts }: Moments,
  width: number,
  names: readonly string[],
): { readonly ratio: Float64Array; readonly values: ReadonlyMap<string, Float64Array> } | null {
  const size = rewards[0].length;
  for (let i = 0; i < size; i++) flow[i * size + i] += i % width === 0 ? INTERCEPT_RIDGE : RIDGE;
  // visits is stored transposed: line u holds ψ_u (ψ − w ψ′)ᵀ.
  const system = new Float64Array(width * width);
  for (let u = 0; u < width; u++)
    for (let v = 0; v < width; v++) system[v * width + u] = visits[u * width + v];
  for (let i = 1; i < width; i++) system[i * width + i] += RIDGE;
  const [valueSolver, ratioSolver] = [factorise(flow, size), factorise(system, width)];
  if (valueSolver === null || ratioSolver === null) return null;
  return {
    ratio: ratioSolver(starts),
    values: new Map(names.map((name, r) => [name, valueSolver(rewards[r])])),
  };
}

function stepWeights(dataset: Dataset, policy: Float64Array, actionCount: number): Float64Array {
  const { actions, propensities, isForced } = dataset;
  return Float64Array.from(actions, (action, row) =>
    isForced[row] === 1 ? 1 : policy[row * actionCount + action] / propensities[row],
  );
}

const tooMany = (count: number): Trouble => ({
  code: 'too_many_cells',
  reason: `values and ratios of sessions would need ${count} coefficients; at most ${MAX_COEFFICIENTS} can be solved for`,
  needed: 'fewer actions or features, or a gate that is declared to decide per decision',
});

const singular: Trouble = {
  code: 'session_values_singular',
  reason: 'the linear systems of values and ratios of sessions have no unique solution on this log',
  needed: 'more sessions, or a log that shows every action',
};
