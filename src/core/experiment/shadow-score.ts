/** What a candidate would have answered to requests that others decided; sums, so that days and replicas add up. */
export interface ShadowScore {
  readonly decisions: number;
  /** The logged draw would have picked the action that was served. */
  readonly sameAction: number;
  /** Σ Σ_a min(p_a, q_a): 1 per decision where the candidate serves the same distribution. */
  readonly overlap: number;
  /** Decisions with an action that the candidate would serve and the log never does. */
  readonly unsupported: number;
  /** Σ (1 − probability of the null action), as served and as the candidate would. */
  readonly servedActing: number;
  readonly candidateActing: number;
  /** By response of mature, complete decisions: Σ w, Σ w r, Σ r and their number, w the candidate's weight. */
  readonly responses: Readonly<Record<string, ShadowResponse>>;
  /** Of forward pass and adjustments, µs. */
  readonly microseconds: number;
  readonly slowestMicroseconds: number;
}

export interface ShadowResponse {
  readonly decisions: number;
  readonly weight: number;
  readonly weighted: number;
  readonly served: number;
}

export const noShadowScore: ShadowScore = {
  decisions: 0,
  sameAction: 0,
  overlap: 0,
  unsupported: 0,
  servedActing: 0,
  candidateActing: 0,
  responses: {},
  microseconds: 0,
  slowestMicroseconds: 0,
};

export function mergeShadowScores(a: ShadowScore, b: ShadowScore): ShadowScore {
  const responses: Record<string, ShadowResponse> = { ...a.responses };
  for (const [name, more] of Object.entries(b.responses)) {
    const before = (responses[name] as ShadowResponse | undefined) ?? noResponse;
    responses[name] = {
      decisions: before.decisions + more.decisions,
      weight: before.weight + more.weight,
      weighted: before.weighted + more.weighted,
      served: before.served + more.served,
    };
  }
  return {
    decisions: a.decisions + b.decisions,
    sameAction: a.sameAction + b.sameAction,
    overlap: a.overlap + b.overlap,
    unsupported: a.unsupported + b.unsupported,
    servedActing: a.servedActing + b.servedActing,
    candidateActing: a.candidateActing + b.candidateActing,
    responses,
    microseconds: a.microseconds + b.microseconds,
    slowestMicroseconds: Math.max(a.slowestMicroseconds, b.slowestMicroseconds),
  };
}

const noResponse: ShadowResponse = { decisions: 0, weight: 0, weighted: 0, served: 0 };

export interface ShadowSummary {
  readonly decisions: number;
  readonly agreement: number;
  readonly overlap: number;
  readonly unsupportedShare: number;
  readonly actionRate: { readonly served: number; readonly candidate: number };
  /** Self-normalised means (SNIPS) beside those of the log: a first look, without an interval; `allot evaluate` judges. */
  readonly responses: Readonly<
    Record<string, { readonly served: number; readonly candidate: number | null; readonly decisions: number }>
  >;
  readonly meanMicroseconds: number;
  readonly slowestMicroseconds: number;
}

/** Means of the sums; null without decisions. */
export function shadowSummary(score: ShadowScore): ShadowSummary | null {
  const n = score.decisions;
  if (n === 0) return null;
  return {
    decisions: n,
    agreement: score.sameAction / n,
    overlap: score.overlap / n,
    unsupportedShare: score.unsupported / n,
    actionRate: { served: score.servedActing / n, candidate: score.candidateActing / n },
    responses: Object.fromEntries(
      Object.entries(score.responses).map(([name, r]) => [
        name,
        {
          served: r.served / r.decisions,
          candidate: r.weight > 0 ? r.weighted / r.weight : null,
          decisions: r.decisions,
        },
      ]),
    ),
    meanMicroseconds: score.microseconds / n,
    slowestMicroseconds: score.slowestMicroseconds,
  };
}
