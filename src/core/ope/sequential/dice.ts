import { percent, type Trouble } from '../trouble.ts';
import { diceFeatures, type DiceFeatures, type SparseVector } from './dice-features.ts';
import { factorise } from './linear-system.ts';
import { ratioReduction } from './reduction.ts';
import { isTrouble, type SequentialEstimator } from './sequential-estimator.ts';
import { sessionLength, sumSessionsByUnit } from './sequential-log.ts';
import { sessionCounts, type SessionView } from './session-view.ts';

/**
 * Stationary ratios by the regularised Lagrangian of the DICE family, with linear ζ = φᵀu and Q = φᵀv.
 *
 *   L(ζ, Q, λ) = E₀[Q(s₀, π)] + λ τ + E[ζ (α_R r + γ Q(s′, π) − Q(s, a) − λ)] + α_Q/2 E[Q²] − α_ζ/2 E[ζ²]
 *   V̂ = E[ζ r]
 *
 * with E over the rows per session, E₀ over first rows, Q(s′, π) = 0 after the end of a session, and λ only where
 * normalised (τ = Σₜ γᵗ). ζ(s, a) is the discounted visits of π over the visits of μ, per session and not scaled by
 * 1 − γ. The saddle point of quadratic regularisers is one linear system (DualDICE's |x|^1.5 would need descent):
 *
 *   α_ζ C u + B v + λ m = α_R ρ,   Bᵀu − α_Q C v = b₀,   mᵀu = τ
 *   C = E[φφᵀ], B = E[φ (φ − γ φ′)ᵀ], ρ = E[φ r], m = E[φ], b₀ = E₀[φ(s₀, π)]
 *
 * With α_Q = 0 the flow equation Bᵀu = b₀ holds exactly (minimax weight learning), whatever α_ζ and α_R. Consistent then
 * if ζ lies in the span of φ and the states are Markov; α_Q > 0 biases it. ζ is not held positive. Fails on states that
 * hide what matters, and where π visits cells that the log does not.
 *
 * Uncertainty: each session enters with its pseudo-value, the first-order expansion of V̂ in the sessions.
 *
 * Source: Yang et al. 2020 (NeurIPS), eq. 10; Nachum, Chow, Dai and Li 2019; Uehara, Huang and Jiang 2020 (MWL).
 */
export const dice: SequentialEstimator = {
  id: 'dice',
  estimand: 'per-session',
  needs: 'states',
  weights: 'step',
  echoes: ['discount', 'dice'],
  reduce: (view) => {
    const features = diceFeatures(view);
    if (isTrouble(features)) return features;
    const trouble = notNormalisable(view) ?? mostlyUnseen(features, view.settings.maxUnseenShare);
    if (trouble !== null) return trouble;
    const solution = solve(view, features);
    if (solution === null) return singular;
    return ratioReduction(
      sumSessionsByUnit(view.log, (j) => pseudoValue(view, features, solution, j)),
      sessionCounts(view),
    );
  },
};

/** θ = (u, v, λ) of the saddle point, and y, the solution for the right-hand side (ρ, 0, 0). */
interface Solution {
  readonly theta: Float64Array;
  readonly adjoint: Float64Array;
}

interface Transition {
  readonly here: SparseVector;
  /** φ − γ φ′. */
  readonly difference: SparseVector;
}

function transition(view: SessionView, features: DiceFeatures, row: number, end: number): Transition {
  const here = features.ofRow(row);
  if (row + 1 === end) return { here, difference: here };
  const next = features.underPolicy(row + 1);
  return {
    here,
    difference: {
      indices: [...here.indices, ...next.indices],
      values: [...here.values, ...next.values.map((value) => -view.log.discount * value)],
    },
  };
}

function solve(view: SessionView, features: DiceFeatures): Solution | null {
  const { log, responses, settings } = view;
  const { alphaQ, alphaZeta, alphaR, isNormalised } = settings.dice;
  const p = features.width;
  const size = 2 * p + Number(isNormalised);
  const matrix = new Float64Array(size * size);
  const right = new Float64Array(size);
  const reward = new Float64Array(size);
  const share = 1 / log.sessionCount;
  const addTo = (i: number, j: number, value: number): void => {
    matrix[i * size + j] += value * share;
  };
  for (let j = 0; j < log.sessionCount; j++) {
    addSparse(right, p, features.underPolicy(log.starts[j]), share);
    for (let row = log.starts[j]; row < log.starts[j + 1]; row++) {
      const { here, difference } = transition(view, features, row, log.starts[j + 1]);
      eachPair(here, here, (a, b, value) => {
        addTo(a, b, alphaZeta * value);
        addTo(p + a, p + b, -alphaQ * value);
      });
      eachPair(here, difference, (a, b, value) => {
        addTo(a, p + b, value);
        addTo(p + b, a, value);
      });
      if (isNormalised) {
        here.indices.forEach((a, at) => {
          addTo(a, 2 * p, here.values[at]);
          addTo(2 * p, a, here.values[at]);
        });
      }
      addSparse(right, 0, here, alphaR * responses[row] * share);
      addSparse(reward, 0, here, responses[row] * share);
    }
  }
  if (isNormalised) right[2 * p] = totalDiscount(view);
  const solver = factorise(matrix, size);
  return solver === null ? null : { theta: solver(right), adjoint: solver(reward) };
}

/** ψ_i = uᵀρ_i + yᵀ(q_i − M_i θ), with M_i, q_i and ρ_i the parts of session i; their mean is V̂. */
function pseudoValue(view: SessionView, features: DiceFeatures, solution: Solution, session: number): number {
  const { log, responses, settings } = view;
  const { alphaQ, alphaZeta, alphaR, isNormalised } = settings.dice;
  const p = features.width;
  const { theta, adjoint } = solution;
  const end = log.starts[session + 1];
  const lambda = isNormalised ? theta[2 * p] : 0;
  const adjointLambda = isNormalised ? adjoint[2 * p] : 0;
  let sum = dotSparse(adjoint, p, features.underPolicy(log.starts[session]));
  if (isNormalised) sum += adjointLambda * totalDiscount(view);
  for (let row = log.starts[session]; row < end; row++) {
    const { here, difference } = transition(view, features, row, end);
    const zeta = dotSparse(theta, 0, here);
    const pull = alphaR * responses[row] - alphaZeta * zeta - dotSparse(theta, p, difference) - lambda;
    sum += zeta * (responses[row] - dotSparse(adjoint, p, difference) - adjointLambda);
    sum += dotSparse(adjoint, 0, here) * pull;
    sum += alphaQ * dotSparse(adjoint, p, here) * dotSparse(theta, p, here);
  }
  return sum;
}

function eachPair(
  a: SparseVector,
  b: SparseVector,
  visit: (i: number, j: number, value: number) => void,
): void {
  for (let i = 0; i < a.indices.length; i++) {
    for (let j = 0; j < b.indices.length; j++) visit(a.indices[i], b.indices[j], a.values[i] * b.values[j]);
  }
}

function addSparse(target: Float64Array, offset: number, vector: SparseVector, scale: number): void {
  vector.indices.forEach((index, at) => (target[offset + index] += scale * vector.values[at]));
}

function dotSparse(dense: Float64Array, offset: number, vector: SparseVector): number {
  let sum = 0;
  for (let at = 0; at < vector.indices.length; at++) {
    sum += dense[offset + vector.indices[at]] * vector.values[at];
  }
  return sum;
}

/** τ = Σ_{t < H} γᵗ. */
function totalDiscount({ log, horizon }: SessionView): number {
  let sum = 0;
  for (let t = 0; t < horizon; t++) sum += log.discount ** t;
  return sum;
}

function notNormalisable({ log, horizon, settings }: SessionView): Trouble | null {
  if (!settings.dice.isNormalised) return null;
  for (let j = 0; j < log.sessionCount; j++) {
    if (sessionLength(log, j) === horizon) continue;
    return {
      code: 'dice_not_normalisable',
      reason: 'sessions differ in length, so the number of visits under π is not known beforehand',
      needed: 'sessions of one length, or a member of the family without normalisation',
    };
  }
  return null;
}

/** Mass on cells without rows leaves the flow equation, so the estimate would be too small by what it earns there. */
function mostlyUnseen({ unseenShare }: DiceFeatures, limit: number): Trouble | null {
  if (unseenShare <= limit) return null;
  return {
    code: 'no_support',
    reason: `${percent(unseenShare)} of the evaluated policy is on cells of state and action that the log never shows (limit ${percent(limit)})`,
    needed: 'more sessions, or fewer states',
  };
}

const singular: Trouble = {
  code: 'dice_singular',
  reason: 'the flow equation of this log and policy has no unique solution',
  needed: 'features that do not repeat each other, or a regularised member of the family',
};
