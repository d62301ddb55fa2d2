/** Decision times, ms: [from, until). */
export interface DecidedRange {
  readonly from: number;
  readonly until: number;
}

/** A surface as the join sees it; one without responses has no windows and is not counted. */
export interface JoinRules {
  readonly tenant: string;
  readonly surface: string;
  readonly responses: readonly {
    readonly name: string;
    readonly interaction: string;
    readonly windowSeconds: number;
  }[];
}

/** What became of the decisions of one surface, each counted once. */
export interface JoinCounts {
  readonly tenant: string;
  readonly surface: string;
  /** Exposed, and no other answer to the same request was: what a snapshot keeps. */
  readonly delivered: number;
  readonly undelivered: number;
  /** Exposed like another answer to the same request: left out. */
  readonly twins: number;
  /** Not exposed, beside another answer to the same request. */
  readonly undeliveredTwins: number;
  /** Delivered ones that another delivered one of the unit's session follows. */
  readonly transitions: number;
  /** Interactions of delivered ones outside every window of their type. */
  readonly lateEvents: number;
  /** By response: delivered ones without an event in its window. */
  readonly defaultOutcomes: Readonly<Record<string, number>>;
}

export interface FeedbackCounts {
  readonly kind: 'exposure' | 'interaction';
  readonly joined: number;
  /** Their decision is not stored. */
  readonly orphans: number;
}

/**
 * Counts over slices of the log, for gauges. Every call looks at no more than `limit` rows of its range, the oldest ones, and
 * finds them by the primary key.
 */
export interface JoinReader {
  joined(range: DecidedRange, rules: readonly JoinRules[], limit: number): Promise<readonly JoinCounts[]>;
  feedback(range: DecidedRange, limit: number): Promise<readonly FeedbackCounts[]>;
  /** Decisions without an exposure so far. */
  pending(
    range: DecidedRange,
    limit: number,
  ): Promise<readonly { readonly tenant: string; readonly surface: string; readonly decisions: number }[]>;
}
