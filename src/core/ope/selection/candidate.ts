/** One policy of a study with known truth, as an estimator saw it. */
export interface SelectionCandidate {
  readonly name: string;
  /** V(π), known because the world is ours. */
  readonly truth: number;
  /** V̂(π); null: the estimator refused. */
  readonly estimate: number | null;
  /** What safety is judged by, for instance a lower bound (null: there is none); the estimate unless told. */
  readonly bound?: number | null;
}

/** Candidates that have an estimate, best first; ties keep the given order. Nobody would deploy a refused one. */
export const ranked = (candidates: readonly SelectionCandidate[]): SelectionCandidate[] =>
  candidates
    .filter(({ estimate }) => estimate !== null && Number.isFinite(estimate))
    .sort((a, b) => (b.estimate ?? NaN) - (a.estimate ?? NaN));
