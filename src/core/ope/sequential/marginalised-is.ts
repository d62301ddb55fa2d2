import type { Trouble } from '../trouble.ts';
import { weightedRewardSums } from './pdis.ts';
import { ratioReduction } from './reduction.ts';
import { isTrouble, type SequentialEstimator } from './sequential-estimator.ts';
import { sumSessionsByUnit } from './sequential-log.ts';
import { sessionCounts, type SessionView } from './session-view.ts';
import { logStepWeight, spectrumLogWeights } from './session-weights.ts';

/**
 * Marginalised importance sampling on tabular states.
 *
 *   V̂ = (1/n) Σᵢ Σₜ γᵗ ρₜ(sⁱₜ) wⁱₜ rⁱₜ,   ρₜ(s) = d^π_t(s) / d^μ_t(s)
 *
 * The product over the past is replaced by the ratio of the states' distributions, so the variance grows polynomially in
 * the length of sessions, not exponentially. The states must be Markov: whatever rewards and next states depend on must
 * be in them. Without given ratios they are estimated step by step, d̂^π₀ = d̂^μ₀ and
 *
 *   d̂^π_{t+1}(s′) = Σ_s d̂^π_t(s) · mean over rows at (t, s) of w 1[next state = s′]   (ended sessions leave)
 *
 * Consistent; fails on states that hide what matters (then even an infinite log is biased) and on (t, s) cells with a
 * handful of rows. With given ratios ρ(s, a) it can look back k steps (`spectrumLogWeights`).
 *
 * Uncertainty: each session enters with its pseudo-value V̂₀(s₀) + Σₜ γᵗ ρ̂ₜ(sₜ)[wₜ (rₜ + γ V̂ₜ₊₁(sₜ₊₁)) − V̂ₜ(sₜ)], whose mean is
 * V̂: the first-order expansion of the estimator in the sessions. The bootstrap resamples these.
 *
 * Source: Xie, Ma and Wang 2019 (NeurIPS), eq. 6–8; Liu, Li, Tang and Zhou 2018.
 */
export const marginalisedIs: SequentialEstimator = {
  id: 'marginalised-is',
  estimand: 'per-session',
  needs: 'states',
  weights: 'step',
  echoes: ['discount', 'marginal'],
  reduce: (view) => {
    const { marginalRatios: ratios, marginalLookback } = view.settings;
    if (ratios !== undefined) {
      const weights = spectrumLogWeights(view.log, view.policy, ratios, marginalLookback);
      return ratioReduction(weightedRewardSums(view, weights), sessionCounts(view));
    }
    const table = stateTable(view);
    if (isTrouble(table)) return table;
    const values = backwardValues(view, table);
    const masses = forwardMasses(view, table);
    return ratioReduction(
      sumSessionsByUnit(view.log, (j) => pseudoValue(view, table, values, masses, j)),
      sessionCounts(view),
    );
  },
};

/** Cells (t, s) of the log: cell(row) = t · S + s. */
interface StateTable {
  readonly stateCount: number;
  readonly cells: Int32Array;
  /** Rows in each cell. */
  readonly rows: Float64Array;
  readonly weights: Float64Array;
}

function stateTable({ log, policy, horizon }: SessionView): StateTable | Trouble {
  const { states } = log;
  if (states === undefined) return statesMissing;
  const cells = new Int32Array(log.rounds);
  const rows = new Float64Array(horizon * states.count);
  for (let j = 0; j < log.sessionCount; j++) {
    for (let i = log.starts[j]; i < log.starts[j + 1]; i++) {
      cells[i] = (i - log.starts[j]) * states.count + states.indices[i];
      rows[cells[i]]++;
    }
  }
  const weights = Float64Array.from({ length: log.rounds }, (_, row) =>
    Math.exp(logStepWeight(log, policy, row)),
  );
  return { stateCount: states.count, cells, rows, weights };
}

const isLast = (view: SessionView, row: number, session: number): boolean =>
  row + 1 === view.log.starts[session + 1];

/** V̂ₜ(s) = mean over rows at (t, s) of w (r + γ V̂ₜ₊₁(s′)), from the last step back. */
function backwardValues(view: SessionView, { cells, rows, weights }: StateTable): Float64Array {
  const { log, responses } = view;
  const values = new Float64Array(rows.length);
  for (let t = view.horizon - 1; t >= 0; t--) {
    for (let j = 0; j < log.sessionCount; j++) {
      const row = log.starts[j] + t;
      if (row >= log.starts[j + 1] || weights[row] === 0) continue;
      const next = isLast(view, row, j) ? 0 : log.discount * values[cells[row + 1]];
      values[cells[row]] += (weights[row] * (responses[row] + next)) / rows[cells[row]];
    }
  }
  return values;
}

/** d̂^π_t(s) · n / rows(t, s) = ρ̂ₜ(s), forward from the first step. */
function forwardMasses(view: SessionView, { cells, rows, weights }: StateTable): Float64Array {
  const { log } = view;
  const masses = new Float64Array(rows.length);
  for (let t = 0; t < view.horizon; t++) {
    for (let j = 0; j < log.sessionCount; j++) {
      const row = log.starts[j] + t;
      if (row >= log.starts[j + 1]) continue;
      masses[cells[row]] +=
        t === 0 ? 1 / rows[cells[row]] : (masses[cells[row - 1]] * weights[row - 1]) / rows[cells[row]];
    }
  }
  return masses;
}

function pseudoValue(
  view: SessionView,
  { cells, weights }: StateTable,
  values: Float64Array,
  ratios: Float64Array,
  session: number,
): number {
  const { log, responses } = view;
  const start = log.starts[session];
  let sum = values[cells[start]];
  let factor = 1;
  for (let row = start; row < log.starts[session + 1]; row++) {
    const next = isLast(view, row, session) ? 0 : log.discount * values[cells[row + 1]];
    const target = weights[row] === 0 ? 0 : weights[row] * (responses[row] + next);
    sum += factor * ratios[cells[row]] * (target - values[cells[row]]);
    factor *= log.discount;
  }
  return sum;
}

export const statesMissing: Trouble = {
  code: 'states_missing',
  reason: 'there is no state of every row',
  needed: 'a column that names the state of every row (few of them, and nothing that matters left out)',
};
