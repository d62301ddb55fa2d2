import type { ConstraintSpec } from '../../core/surface/surface.ts';

/**
 * A finite feed with exact truth: S states, K actions, sessions that start from a distribution and end by chance. Given
 * state and action, responses are independent of each other and of the next state. The first action is the null action.
 */
export interface TabularWorld {
  readonly name: string;
  /** γ ∈ (0, 1): a decision t steps into its session counts γ^t, in values and in costs alike. */
  readonly discount: number;
  readonly actions: readonly string[];
  /** What a state is made of; the features of a decision. */
  readonly dimensions: readonly TabularDimension[];
  readonly responses: readonly TabularResponse[];
  /** On the mean per (discounted) decision, as a surface declares them. */
  readonly constraints: readonly ConstraintSpec[];
  /** ε of the floor under which policies are served and the optimum is taken. */
  readonly explorationFloor: number;
  readonly states: readonly TabularState[];
}

export interface TabularDimension {
  readonly name: string;
  /** Distinct, ascending: the values that the feature takes. */
  readonly levels: readonly number[];
  /** Units belong to the activity group that this dimension's level says; at most one dimension. */
  readonly isGroup?: boolean;
}

export interface TabularResponse {
  readonly name: string;
  readonly role: 'main' | 'auxiliary' | 'cost';
  /** `event`: happened or not, the mean is its probability; `amount`: log-normal around its mean; `exact`: its mean. */
  readonly kind: 'event' | 'amount' | 'exact';
  /** σ of an `amount`'s logarithm; default 0. */
  readonly spread?: number;
  readonly unit: string;
}

export interface TabularState {
  /** One level per dimension, in their order. */
  readonly at: readonly number[];
  /** Probability that a session starts here. */
  readonly start: number;
  /** One per action, in their order. */
  readonly actions: readonly TabularOutcome[];
}

export interface TabularOutcome {
  /** [state, probability]; what is missing to 1 is the probability that the session ends. */
  readonly next: readonly (readonly [state: number, probability: number])[];
  /** Mean by response. */
  readonly means: Readonly<Record<string, number>>;
}

/** S × K row-major: π(a | s) at s · K + a. */
export type TabularPolicy = Float64Array;

/** Numbers by state and action, laid out as a policy: means of a response, or of `share-of-actions` (1 for not null). */
export function tableOf(world: TabularWorld, response: string): Float64Array {
  const k = world.actions.length;
  const table = new Float64Array(world.states.length * k);
  world.states.forEach((state, s) =>
    state.actions.forEach((outcome, a) => {
      table[s * k + a] = outcome.means[response] ?? Number(response === 'share-of-actions' && a > 0);
    }),
  );
  return table;
}

export function mainResponse(world: TabularWorld): string {
  const main = world.responses.find(({ role }) => role === 'main');
  if (main === undefined) throw new RangeError('a tabular world has a main response');
  return main.name;
}

/** What a constraint is on, as `tableOf` calls it. */
export const costOf = ({ on }: ConstraintSpec): string => (typeof on === 'string' ? on : on.response);

/** The same answer in every state. */
export function fixedPolicy(world: TabularWorld, probabilities: readonly number[]): TabularPolicy {
  const k = world.actions.length;
  return Float64Array.from({ length: world.states.length * k }, (_, i) => probabilities[i % k]);
}

/** What is served of a policy under the floor: (1 − ε) q + ε / K. */
export const served = (policy: TabularPolicy, floor: number, actionCount: number): TabularPolicy =>
  policy.map((q) => (1 - floor) * q + floor / actionCount);
