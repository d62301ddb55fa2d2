/** One candidate: its estimate and half the width of its interval. */
export interface SlopeCandidate {
  readonly value: number;
  readonly halfWidth: number;
}

const CONSTANT = Math.sqrt(6) - 1;

/**
 * SLOPE++: the candidate with the least variance whose bias does not show.
 *
 * Candidates are taken from the widest interval to the narrowest; i is kept while
 *
 *   |θⱼ − θᵢ| ≤ Cᵢ + (√6 − 1) Cⱼ   for every kept j,
 *
 * and the last one kept is the answer. Its error is within a constant factor of the best candidate's, provided that the
 * intervals cover. Unlike SLOPE it needs no order of the candidates by bias. Ties in width go to the later candidate
 * first, so a list from most shrinkage to none starts at none.
 *
 * Source: Su, Srinath and Krishnamurthy 2020 (ICML), theorem 3; Tucker and Lee 2021 (SLOPE++).
 *
 * @returns the index of the chosen candidate
 */
export function chooseBySlope(candidates: readonly SlopeCandidate[]): number {
  const order = candidates
    .map((_, i) => i)
    .sort((a, b) => candidates[b].halfWidth - candidates[a].halfWidth || b - a);
  const kept: number[] = [];
  for (const i of order) {
    const isWithin = kept.every(
      (j) =>
        Math.abs(candidates[j].value - candidates[i].value) <=
        candidates[i].halfWidth + CONSTANT * candidates[j].halfWidth,
    );
    if (!isWithin) break;
    kept.push(i);
  }
  return kept[kept.length - 1];
}
