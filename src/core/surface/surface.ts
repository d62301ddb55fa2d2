/** A decision point: its actions, features, groups, responses, constraints and how far it explores. */
export interface Surface {
  readonly name: string;
  /** Raised by whoever declares a breaking change; logged with every decision. */
  readonly schemaVersion: number;
  /** Fixed order: `probabilities` everywhere follow it. The null action, where there is one, comes first. */
  readonly actions: readonly string[];
  /**
   * "Allocate nothing": always feasible, and what is served when nothing else can be. null: the surface only
   * holds an imported log of actions without such a choice and cannot be decided on.
   */
  readonly nullAction: string | null;
  readonly features: readonly FeatureSpec[];
  readonly groups: GroupSpec | null;
  readonly responses: readonly ResponseSpec[];
  readonly constraints: readonly ConstraintSpec[];
  /** ε of the floor p = (1 − ε) q + ε · uniform over the feasible actions, in [0, 1]. */
  readonly explorationFloor: number;
  readonly caps: readonly CapSpec[];
  readonly pacing: PacingSpec | null;
  /** `1`: a decision's effect ends with it; `session`: later states may depend on it. */
  readonly horizon: 1 | 'session';
  /**
   * When a mature decision without an interaction counts as its default: `window` (the caller promises delivery
   * within the window) or `session-closed` (only after the reserved interaction `session_closed` of its session).
   */
  readonly completeness: 'window' | 'session-closed';
  readonly gate: GateSpec;
}

export type FeatureSpec =
  | {
      readonly name: string;
      readonly type: 'numeric';
      readonly min: number;
      readonly max: number;
      readonly default?: number;
    }
  | {
      readonly name: string;
      readonly type: 'categorical';
      readonly values: readonly string[];
      readonly default?: string;
    }
  | { readonly name: string; readonly type: 'boolean'; readonly default?: boolean }
  | {
      readonly name: string;
      readonly type: 'vector';
      readonly length: number;
      readonly min: number;
      readonly max: number;
      readonly default?: readonly number[];
    }
  | HashedSpec
  | {
      /** What happened before, newest last: at most `length` events (more are refused), each with the same fields. */
      readonly name: string;
      readonly type: 'sequence';
      readonly length: number;
      readonly fields: readonly SequenceFieldSpec[];
      readonly default?: readonly SequenceEvent[];
    };

/**
 * A text or whole number out of an open vocabulary, such as an author: it stands for one of `buckets` slots, see
 * `hashSlot`. Features and fields with the same `vocabulary` (default: the name) speak of the same things, so that a model may
 * learn one embedding for them; they have the same number of buckets.
 */
export interface HashedSpec {
  readonly name: string;
  readonly type: 'hashed';
  readonly buckets: number;
  readonly vocabulary?: string;
  readonly default?: string | number;
}

/** A field of an event. With a default it may be left out of an event, without it is required. */
export type SequenceFieldSpec =
  Extract<FeatureSpec, { type: 'numeric' }> | Extract<FeatureSpec, { type: 'categorical' }> | HashedSpec;

export type SequenceEvent = Readonly<Record<string, number | string>>;

export type FeatureValue = number | string | boolean | readonly number[] | readonly SequenceEvent[];
export type FeatureValues = Readonly<Record<string, FeatureValue>>;

/**
 * Activity groups by thresholds on one numeric feature: group 0 is "unknown" (the feature was defaulted or is
 * missing), group k covers [bounds[k-1], bounds[k]) with bounds extended by −∞ and +∞; so
 * names.length = bounds.length + 2.
 */
export interface GroupSpec {
  readonly feature: string;
  readonly bounds: readonly number[];
  readonly names: readonly string[];
}

/** A number taken from a decision's interactions of one type within a fixed window after the decision. */
export interface ResponseSpec {
  readonly name: string;
  readonly role: 'main' | 'auxiliary' | 'cost';
  /** The interaction type that feeds it. */
  readonly interaction: string;
  /** sum of values; any → 1; the largest value. */
  readonly aggregate: 'sum' | 'any' | 'max';
  readonly unit: string;
  /** Known support of the response, used by finite-sample bounds and to refuse absurd values. */
  readonly min: number;
  readonly max: number;
  readonly windowSeconds: number;
  /** Value of a mature decision without such an interaction. */
  readonly default: number;
}

/** `share-of-actions`: mean probability of not doing nothing; otherwise the name of a response. */
export interface ConstraintSpec {
  readonly name: string;
  readonly on: 'share-of-actions' | { readonly response: string };
  readonly direction: 'at-most' | 'at-least';
  readonly threshold: number;
}

/**
 * Removes an action (its mass goes to the null action). `feature-at-most`: feasible only while the numeric
 * feature is ≤ limit; `feature-at-least`: only while it is ≥ limit; `unit-window`: at most `limit` times per
 * unit in `windowSeconds`, from the service's own counters (approximate across replicas).
 */
export interface CapSpec {
  readonly name: string;
  readonly action: string;
  readonly rule:
    | { readonly kind: 'feature-at-most'; readonly feature: string; readonly limit: number }
    | { readonly kind: 'feature-at-least'; readonly feature: string; readonly limit: number }
    | { readonly kind: 'unit-window'; readonly limit: number; readonly windowSeconds: number };
}

/** A target for the share of decisions that allocate something; a PI controller per variant keeps it. */
export interface PacingSpec {
  readonly targetShare: number;
  readonly proportionalGain: number;
  readonly integralGain: number;
}

/** What the gate asks; see `docs/notation.md`. Margins are in the response's own unit and positive. */
export interface GateSpec {
  /** Of lines that are per decision; lines per session are decided by `marginal-dr`. */
  readonly estimator: 'ips' | 'snips' | 'dr';
  /** What main response, guarded auxiliaries and costs are judged by; left out: by the horizon, see `gateEstimandOf`. */
  readonly estimand?: GateEstimand | undefined;
  readonly level: number;
  /** m: the main response may not be proven worse than champion − m; per decision (of the champion’s sessions) whatever the estimand. */
  readonly mainMargin: number;
  /** δᵢ by auxiliary response. */
  readonly auxiliaryMargins: Readonly<Record<string, number>>;
  /** Units (effective, by unit) below which health is "weak". */
  readonly minEffectiveUnits: number;
}

/** What the lines of the gate may be about. */
export type GateEstimand = 'per-decision' | 'per-session';

/** Where later states may depend on a decision, the next decision alone says too little: the gate then looks at whole sessions. */
export const gateEstimandOf = ({
  gate,
  horizon,
}: Pick<Surface, 'gate'> & Partial<Pick<Surface, 'horizon'>>): GateEstimand =>
  gate.estimand ?? (horizon === 'session' ? 'per-session' : 'per-decision');

export const mainResponseOf = (surface: Surface): ResponseSpec | undefined =>
  surface.responses.find((r) => r.role === 'main');

/** Reserved interaction type: the session is over and everything about it has been sent. */
export const SESSION_CLOSED = 'session_closed';
