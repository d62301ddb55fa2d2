import { invariant } from '../check.ts';

/**
 * A log of decisions in columns; row i is one delivered decision. Units are numbered 0 … unitCount − 1: what was
 * randomised (a user, a device), or the row itself when nothing else is known.
 */
export interface BanditLog {
  readonly rounds: number;
  /** Index of the action that was served. */
  readonly actions: Int32Array;
  /** μ(a∣x) ∈ (0, 1] of the action finally served. */
  readonly propensities: Float64Array;
  /** r by response name. */
  readonly responses: ReadonlyMap<string, Float64Array>;
  readonly units: Int32Array;
  readonly unitCount: number;
  /** 1 where a rule forced the action: any policy would have been forced alike, so the weight is 1. */
  readonly isForced?: Uint8Array;
  /** μ(·∣x), rounds × K in row-major order, where the log has it: makes support exact per row. */
  readonly behaviorProbabilities?: Float64Array;
  /** Which behavior policy served each row, where the log pools several. */
  readonly behaviorVersions?: BehaviorVersions;
}

export interface BehaviorVersions {
  readonly names: readonly string[];
  /** Index into `names`, per row. */
  readonly index: Int32Array;
  /**
   * p_j(aᵢ∣xᵢ) of the logged action under every version j, rounds × versions in row-major order, replayed with the
   * adjustments (eligibility, caps, floor) that were logged. NaN where it is not known.
   */
  readonly probabilities?: Float64Array;
}

/** π, as far as it is known on the log: for the served action only, or for every action. */
export type EvaluationPolicy =
  | { readonly kind: 'logged-action'; /** π(aᵢ∣xᵢ). */ readonly probabilities: Float64Array }
  | {
      readonly kind: 'distribution';
      readonly actionCount: number;
      /** π(·∣xᵢ), rounds × K in row-major order. */
      readonly probabilities: Float64Array;
    };

export const isForcedRow = (log: BanditLog, i: number): boolean => log.isForced?.[i] === 1;

/** π(aᵢ∣xᵢ) of row i. */
export function loggedActionProbability(log: BanditLog, policy: EvaluationPolicy, i: number): number {
  return policy.kind === 'logged-action'
    ? policy.probabilities[i]
    : policy.probabilities[i * policy.actionCount + log.actions[i]];
}

/** Shapes that do not fit are a bug of the caller, not trouble with the data. */
export function assertShapes(log: BanditLog, policy: EvaluationPolicy): void {
  const n = log.rounds;
  invariant(log.actions.length === n, 'one action per round');
  invariant(log.propensities.length === n, 'one propensity per round');
  invariant(log.units.length === n, 'one unit per round');
  for (const [name, values] of log.responses) invariant(values.length === n, `one ${name} per round`);
  invariant(log.isForced === undefined || log.isForced.length === n, 'one forced flag per round');
  const width = policy.kind === 'distribution' ? policy.actionCount : 1;
  invariant(policy.probabilities.length === n * width, 'evaluation probabilities of every round');
  if (policy.kind === 'distribution') assertActions(log, policy.actionCount);
  const versions = log.behaviorVersions;
  invariant(versions === undefined || versions.index.length === n, 'one behavior version per round');
  const behavior = log.behaviorProbabilities;
  invariant(behavior === undefined || n === 0 || behavior.length % n === 0, 'behavior rows of one width');
}

function assertActions(log: BanditLog, actionCount: number): void {
  for (let i = 0; i < log.rounds; i++) {
    invariant(log.actions[i] >= 0 && log.actions[i] < actionCount, `action of row ${i} is one of K`);
  }
}
