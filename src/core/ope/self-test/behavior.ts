import { isForcedRow, type BanditLog } from '../bandit-log.ts';

/** μ(·∣x) of every row, rounds × K, and whether it is the logged one. */
export interface BehaviorDistribution {
  readonly probabilities: Float64Array;
  readonly isLogged: boolean;
}

/**
 * The logging policy of a log. Where only the propensity of the served action is logged, a stand-in: the served action
 * keeps its propensity, the rest goes to the other actions in proportion to their typical ones, so that the tails of the
 * weights are of the log's own kind.
 */
export function behaviorDistribution(log: BanditLog, actionCount: number): BehaviorDistribution {
  if (log.behaviorProbabilities !== undefined) {
    return { probabilities: log.behaviorProbabilities, isLogged: true };
  }
  const shares = typicalPropensities(log, actionCount);
  const probabilities = new Float64Array(log.rounds * actionCount);
  for (let i = 0; i < log.rounds; i++) {
    const served = log.actions[i];
    const p = log.propensities[i];
    let others = 0;
    for (let a = 0; a < actionCount; a++) if (a !== served) others += shares[a];
    for (let a = 0; a < actionCount; a++) {
      const share = others === 0 ? 0 : ((1 - p) * shares[a]) / others;
      probabilities[i * actionCount + a] = a === served ? p : share;
    }
    if (others === 0) probabilities[i * actionCount + served] = 1;
  }
  return { probabilities, isLogged: false };
}

/** Harmonic mean of the logged propensities of every action; 0 where it was never served. */
function typicalPropensities(log: BanditLog, actionCount: number): Float64Array {
  const served = new Float64Array(actionCount);
  const inverse = new Float64Array(actionCount);
  for (let i = 0; i < log.rounds; i++) {
    if (isForcedRow(log, i)) continue;
    served[log.actions[i]] += 1;
    inverse[log.actions[i]] += 1 / log.propensities[i];
  }
  return served.map((rows, a) => (rows === 0 ? 0 : rows / inverse[a]));
}
