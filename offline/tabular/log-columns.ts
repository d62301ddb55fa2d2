/** π of a policy in a file: its probability of the logged action, or a column per action. */
export type PolicyColumns =
  | { readonly kind: 'probability'; readonly column: string }
  | { readonly kind: 'distribution'; readonly prefix: string };

/** Columns that turn rows into sessions. */
export interface SessionColumnNames {
  readonly session: string;
  readonly step: string;
  /** 1 on the last row of a session that really ended. */
  readonly terminal?: string;
  /** The state of every row, where states are few. */
  readonly state?: string;
  /** ρ(s, a) = d^π / d^μ of every row. */
  readonly marginalRatio?: string;
}

/** Which column of a file is what. */
export interface BanditLogColumns {
  readonly action: string;
  readonly rewards: readonly string[];
  readonly propensity: string;
  readonly evaluation: PolicyColumns;
  /** Another policy to compare with. */
  readonly opponent?: PolicyColumns;
  /** Prefix of q̂ per action, by reward. */
  readonly rewardModels: ReadonlyMap<string, string>;
  /** The same, fitted with the weights of `mrdr`. */
  readonly mrdrModels?: ReadonlyMap<string, string>;
  readonly unit?: string;
  /** 1 where a rule forced the action. */
  readonly forced?: string;
  /** Prefix of μ(·∣x), as served. */
  readonly behaviorDistribution?: string;
  /** Which behavior policy served the row. */
  readonly behaviorVersion?: string;
  /** Prefix of μ_j(·∣x) of each behavior version j on *every* row. */
  readonly versionDistributions?: ReadonlyMap<string, string>;
  readonly sessions?: SessionColumnNames;
  /** Prefix of Q(s, a) per action, by reward. */
  readonly actionValues?: ReadonlyMap<string, string>;
  /** Column of V(s), by reward. */
  readonly stateValues?: ReadonlyMap<string, string>;
  /** Labels that were fixed before the decision: an activity group, segments. */
  readonly groupings?: readonly string[];
}
