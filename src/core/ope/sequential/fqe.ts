import { ratioReduction } from './reduction.ts';
import { isTrouble, type SequentialEstimator } from './sequential-estimator.ts';
import { sumSessionsByUnit } from './sequential-log.ts';
import { sessionCounts } from './session-view.ts';

/**
 * Fitted Q: the value function at the first states, the direct method of sessions.
 *
 *   V̂ = (1/n) Σᵢ V(sⁱ₀),   V(s) = Σₐ π(a∣s) Q(s, a)
 *
 * Q is given: from fitted Q evaluation under the *expectation* of π (`offline/evaluation/fitted-q.ts`), cross-fitted by
 * unit. (By the action π likes best, Q values another policy.) Uses no weights, so long sessions do not hurt it; right
 * only where Q is, and its interval covers the variation of first states, not the error of Q.
 *
 * Source: Le, Voloshin and Yue 2019 (ICML), algorithm 3.
 */
export const fqe: SequentialEstimator = {
  id: 'fqe',
  estimand: 'per-session',
  needs: 'values',
  weights: 'none',
  echoes: ['discount'],
  reduce: (view) => {
    const { log, values } = view;
    if (isTrouble(values)) return values;
    return ratioReduction(
      sumSessionsByUnit(log, (j) => values.ofState[log.starts[j]]),
      sessionCounts(view),
    );
  },
};
