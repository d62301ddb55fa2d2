/** How close a student is to its teacher, on the same states. */
export interface Fidelity {
  readonly states: number;
  /** Share of states in which both have the same most likely action. */
  readonly agreement: number;
  /** Total variation ½ Σ_a |π_T − π_S|: mean, and the 99th percentile over states. */
  readonly totalVariation: number;
  readonly totalVariationP99: number;
  /** Σ_{a ≠ null} of the student minus that of the teacher, on average; 0 where nothing is null. */
  readonly allocationDifference: number;
}

/** teacher, student n·K probabilities, row by row; `nullIndex` −1: the surface has no null action. */
export function fidelityOf(
  teacher: ArrayLike<number>,
  student: ArrayLike<number>,
  actionCount: number,
  nullIndex: number,
  states: readonly number[],
): Fidelity {
  const variations = new Float64Array(states.length);
  let agreed = 0;
  let difference = 0;
  states.forEach((state, i) => {
    const at = state * actionCount;
    let best = 0;
    let bestOfStudent = 0;
    for (let a = 0; a < actionCount; a += 1) {
      variations[i] += Math.abs(teacher[at + a] - student[at + a]) / 2;
      if (teacher[at + a] > teacher[at + best]) best = a;
      if (student[at + a] > student[at + bestOfStudent]) bestOfStudent = a;
    }
    if (best === bestOfStudent) agreed += 1;
    if (nullIndex >= 0) difference += teacher[at + nullIndex] - student[at + nullIndex];
  });
  const n = states.length;
  const sorted = variations.slice().sort();
  return {
    states: n,
    agreement: agreed / n,
    totalVariation: variations.reduce((a, b) => a + b, 0) / n,
    totalVariationP99: sorted[Math.floor(0.99 * (n - 1))],
    allocationDifference: difference / n,
  };
}
