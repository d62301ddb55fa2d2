import { invariant, refuse, violation } from '../check.ts';
import type { Adjustment } from '../feedback/events.ts';
import type { CapSpec, FeatureValues, Surface } from '../surface/surface.ts';

export interface ServeInput {
  readonly surface: Surface;
  /** π(·|x), in the surface's action order. */
  readonly policyProbabilities: Float64Array;
  /** What the caller allows; the null action is feasible whatever stands here. */
  readonly eligible: readonly boolean[];
  readonly values: FeatureValues;
  /** How often this unit got the cap's action within its window, from the service's own counters. */
  readonly unitCounts: (cap: CapSpec) => number;
  /** f ∈ [0, 1]; 1 where nothing is paced. */
  readonly pacingFactor: number;
}

export interface Served {
  /** In order of application. Caps appear whenever they removed an action that was feasible until then, even one without mass. */
  readonly adjustments: Adjustment[];
  /** One feasible action: the answer was not the policy's to make. */
  readonly isForced: boolean;
}

/**
 * The probabilities that are finally served, written to `out`, in the order that the log promises:
 *
 *     eligibility  q ← q restricted to the feasible actions, renormalised (no mass left: the null action)
 *     caps         each removed action gives its mass to the null action
 *     pacing       q_a ← f q_a for every allocating action, the rest to the null action
 *     floor        p_a = (1 − ε) q_a + ε / |feasible|, last, so every feasible action keeps p ≥ ε / |feasible|
 *
 * Σ p = 1 within 1e-12: what rounding left over goes to the likeliest action. Infeasible actions are exactly 0.
 * A surface without a null action has no caps and no pacing; without mass on what is eligible it becomes uniform, and
 * with nothing eligible it is refused (`invalid_request`).
 */
export function serveProbabilities(input: ServeInput, out: Float64Array): Served {
  const { surface } = input;
  const actionCount = surface.actions.length;
  invariant(input.policyProbabilities.length === actionCount, 'one policy probability per action');
  invariant(input.eligible.length === actionCount, 'one eligibility per action');
  const state: State = {
    out,
    nullAt: surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction),
    feasible: new Uint8Array(actionCount),
    feasibleCount: 0,
    adjustments: [],
  };
  restrictToEligible(state, input);
  if (state.nullAt >= 0) {
    for (let i = 0; i < surface.caps.length; i++) applyCap(state, surface.caps[i], input);
    pace(state, input.pacingFactor);
  }
  const isForced = state.feasibleCount === 1;
  if (!isForced) liftToFloor(state, surface.explorationFloor);
  settleRounding(out);
  return { adjustments: state.adjustments, isForced };
}

/**
 * Inverse CDF over the fixed action order: the first action whose cumulative probability exceeds the draw. Never an
 * action without mass, not even when rounding leaves the draw above the sum.
 *
 * @param draw in [0, 1)
 */
export function drawAction(probabilities: ArrayLike<number>, draw: number): number {
  let cumulative = 0;
  let last = -1;
  for (let a = 0; a < probabilities.length; a++) {
    if (!(probabilities[a] > 0)) continue;
    cumulative += probabilities[a];
    if (draw < cumulative) return a;
    last = a;
  }
  invariant(last >= 0, 'a distribution has mass somewhere');
  return last;
}

interface State {
  readonly out: Float64Array;
  readonly nullAt: number;
  readonly feasible: Uint8Array;
  feasibleCount: number;
  readonly adjustments: Adjustment[];
}

const nullMass = (state: State): number => (state.nullAt < 0 ? 0 : state.out[state.nullAt]);

function restrictToEligible(state: State, input: ServeInput): void {
  const { out, feasible, nullAt } = state;
  const q = input.policyProbabilities;
  const nullBefore = nullAt < 0 ? 0 : q[nullAt];
  let kept = 0;
  let removed = 0;
  for (let a = 0; a < out.length; a++) {
    if (input.eligible[a] || a === nullAt) {
      feasible[a] = 1;
      state.feasibleCount += 1;
      out[a] = q[a];
      kept += q[a];
    } else {
      out[a] = 0;
      removed += q[a];
    }
  }
  if (state.feasibleCount === 0) {
    refuse('invalid_request', [violation('eligibleActions', 'has at least one action')]);
  }
  if (removed === 0) return;
  // Below 1e-200 the quotient loses its digits; no policy means such a preference.
  if (kept > 1e-200) for (let a = 0; a < out.length; a++) out[a] /= kept;
  else for (let a = 0; a < out.length; a++) out[a] = withoutMass(state, a);
  state.adjustments.push({ kind: 'eligibility', nullBefore, nullAfter: nullMass(state) });
}

function withoutMass(state: State, action: number): number {
  if (state.nullAt >= 0) return action === state.nullAt ? 1 : 0;
  return state.feasible[action] / state.feasibleCount;
}

function applyCap(state: State, cap: CapSpec, input: ServeInput): void {
  const { out, feasible, nullAt } = state;
  const action = input.surface.actions.indexOf(cap.action);
  if (action < 0 || action === nullAt || feasible[action] === 0 || !isReached(cap, input)) return;
  const nullBefore = out[nullAt];
  feasible[action] = 0;
  state.feasibleCount -= 1;
  out[nullAt] += out[action];
  out[action] = 0;
  state.adjustments.push({ kind: 'cap', name: cap.name, nullBefore, nullAfter: out[nullAt] });
}

function isReached(cap: CapSpec, input: ServeInput): boolean {
  const { rule } = cap;
  if (rule.kind === 'unit-window') return input.unitCounts(cap) >= rule.limit;
  const value = input.values[rule.feature];
  if (typeof value !== 'number') return true; // a hard cap that cannot be checked holds
  return rule.kind === 'feature-at-most' ? !(value <= rule.limit) : !(value >= rule.limit);
}

function pace(state: State, factor: number): void {
  const { out, nullAt } = state;
  invariant(!Number.isNaN(factor), 'the pacing factor is a number');
  if (factor >= 1) return;
  const nullBefore = out[nullAt];
  let allocated = 0;
  for (let a = 0; a < out.length; a++) if (a !== nullAt) allocated += out[a];
  if (allocated === 0) return;
  const f = factor > 0 ? factor : 0;
  for (let a = 0; a < out.length; a++) if (a !== nullAt) out[a] *= f;
  out[nullAt] += allocated * (1 - f);
  state.adjustments.push({ kind: 'pacing', factor: f, nullBefore, nullAfter: out[nullAt] });
}

function liftToFloor(state: State, epsilon: number): void {
  if (epsilon === 0) return;
  const { out, feasible } = state;
  const nullBefore = nullMass(state);
  const share = epsilon / state.feasibleCount;
  let hasMoved = false;
  for (let a = 0; a < out.length; a++) {
    if (feasible[a] === 0) continue;
    const lifted = (1 - epsilon) * out[a] + share;
    hasMoved ||= lifted !== out[a];
    out[a] = lifted;
  }
  if (!hasMoved) return;
  state.adjustments.push({
    kind: 'exploration-floor',
    factor: epsilon,
    nullBefore,
    nullAfter: nullMass(state),
  });
}

/** The likeliest action (the first of equals) takes 1 − Σ p, a few units in the last place. */
function settleRounding(out: Float64Array): void {
  let sum = 0;
  let likeliest = 0;
  for (let a = 0; a < out.length; a++) {
    sum += out[a];
    if (out[a] > out[likeliest]) likeliest = a;
  }
  invariant(Math.abs(sum - 1) < 1e-6, 'served probabilities sum to 1');
  out[likeliest] += 1 - sum;
}
